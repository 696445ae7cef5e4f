"""The page: one well-formed file that needs no network, says everything in words too, and escapes what it is given."""

from html.parser import HTMLParser

import pytest
from evaluation.patients import found_lesion, true_lesion, write_answer, write_truth

import lungstage


class Page(HTMLParser):
    """What a page asks the network for, plots without a text, and tags left open."""

    ALONE = {"meta", "br"}

    def __init__(self):
        super().__init__()
        self.outside, self.mute, self.open, self.plots = [], [], [], 0

    def handle_startendtag(self, tag, attributes):
        attributes = dict(attributes)
        self.outside += [attributes[key] for key in ("src", "href") if key in attributes] + ["script"] * (tag == "script")
        if tag == "svg":
            self.plots += 1
            if not attributes.get("aria-label"):
                self.mute.append(attributes)

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} is closed where {self.open[-1:]} is open"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for name, sure in (("<b>a", 0.9), ("b", 0.6)):
        write_truth(folder / "truth" / name, [true_lesion()])
        write_answer(folder / "result" / name, [found_lesion(true_lesion())], sure=sure)
    scores = lungstage.evaluate(folder / "truth", folder / "result")
    return (scores.save(folder / "out") / "scores.html").read_text()


def test_the_page_is_whole_and_needs_no_network(html):
    page = Page()
    page.feed(html)
    page.close()

    assert not page.open
    assert not page.outside
    assert not page.mute
    # four costs, five reliabilities, FROC, sizes
    assert page.plots == 11


def test_a_name_of_a_folder_is_escaped(html):
    assert "<b>a" not in html
    assert "&lt;b&gt;a" in html


def test_the_cost_of_a_missed_metastasis_stands_beside_the_stages(html):
    # priors/costs.toml, truth_M1c2
    assert "M1c2 called M0: 20" in html
    assert html.index("M1c2 called M0") < html.index("Shapes")
