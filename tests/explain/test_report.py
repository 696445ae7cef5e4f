"""The output folder: valid, complete, honest, the same twice, and without the patient's name where it must not be."""

import hashlib
import io
import json
from html.parser import HTMLParser
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
from explain.patients import MARKED_DESCRIPTION, ball, report
from jsonschema import Draft202012Validator
from PIL import Image

from lungstage.explain import sentences, summary
from lungstage.explain.answer import answer
from lungstage.explain.masks import stored_affine_ras
from lungstage.explain.png import png_of
from lungstage.explain.words import listed, percent
from lungstage.records import Grid, StoredOrder

OUTCOMES = ("staged", "partial", "no_lungs")
FILES = {"staging.json", "report.txt", "report.html", "run.json", "masks", "pictures"}


@pytest.fixture(scope="module", params=OUTCOMES)
def saved(request, tmp_path_factory):
    one = report(request.param)
    return one, one.save(tmp_path_factory.mktemp(request.param) / "out")


def test_the_folder_holds_what_the_contract_names(saved):
    _, folder = saved
    assert {path.name for path in folder.iterdir()} == FILES
    masks = {f"{name}.nii.gz" for name in ("lungs", "hull", "lesions", "anatomy")}
    assert {path.name for path in (folder / "masks").iterdir()} == masks


def test_staging_json_is_valid_by_its_schema(saved):
    from importlib.resources import files

    schema = json.loads(files("lungstage.explain").joinpath("staging.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    _, folder = saved
    Draft202012Validator(schema).validate(json.loads((folder / "staging.json").read_text()))


def test_every_distribution_of_the_answer_sums_to_one(saved):
    one, folder = saved
    content = json.loads((folder / "staging.json").read_text())
    for edition in content["editions"].values():
        for letter in ("t", "n", "m", "stage"):
            assert sum(edition[letter].values()) == pytest.approx(1.0, abs=1e-9)
    for lesion in content["lesions"]:
        assert sum(lesion["role"].values()) == pytest.approx(1.0, abs=1e-9)
        assert lesion["p_malignant"] == pytest.approx(1.0 - lesion["role"]["benign"], abs=1e-9)


def test_without_lungs_nothing_is_invented():
    content = answer(report("no_lungs"))
    assert (content["lesions"], content["editions"], content["primary"]) == ([], {}, {})
    assert content["text"][0].startswith("Not staged: this scan shows no lungs")


def test_a_partial_answer_begins_with_what_is_missing():
    text = sentences(report("partial"))
    assert text[0].startswith("Not staged: 20 % of the lungs lie outside the scan")
    assert summary(report("partial"))[0] == text[0]


def test_the_patient_is_named_on_the_page_alone(saved):
    _, folder = saved
    assert "SECRET-17" in (folder / "report.html").read_text()
    for name in ("staging.json", "report.txt", "run.json"):
        assert "SECRET-17" not in (folder / name).read_text()


def test_header_text_is_escaped_on_the_page(saved):
    _, folder = saved
    html = (folder / "report.html").read_text()
    assert MARKED_DESCRIPTION not in html
    assert "&lt;script&gt;" in html


class Page(HTMLParser):
    """What a page asks the network for, and pictures without a text."""

    def __init__(self):
        super().__init__()
        self.outside, self.mute = [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        for key in ("src", "href"):
            if attributes.get(key, "data:").partition(":")[0] != "data":
                self.outside.append(attributes[key])
        if tag == "script":
            self.outside.append("script")
        if tag == "img" and not attributes.get("alt"):
            self.mute.append(attributes)


def test_the_page_needs_no_network_and_every_picture_has_words(saved):
    _, folder = saved
    page = Page()
    page.feed((folder / "report.html").read_text())
    assert not page.outside
    assert not page.mute


def test_two_runs_write_the_same_bytes(tmp_path):
    def digests(folder):
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "run.json"
        }

    assert digests(report().save(tmp_path / "a")) == digests(report().save(tmp_path / "b"))


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True)])
def test_masks_lie_where_the_lesion_is_however_the_scan_was_stored(tmp_path, axes, flips):
    one = report(stored=StoredOrder(axes, flips))
    folder = one.save(tmp_path / "out")
    image = nibabel.load(folder / "masks" / "lesions.nii.gz")
    tumour = np.argwhere(np.asarray(image.dataobj) == 1)
    ras = nibabel.affines.apply_affine(image.affine, tumour).mean(axis=0)
    assert ras * (-1, -1, 1) == pytest.approx(one.lesions["L1"].centre_mm, abs=2.6)
    assert image.get_data_dtype() == np.uint16


def test_the_stored_affine_agrees_with_the_grid_it_was_turned_from():
    turned = Grid((4, 5, 6), (3.0, 2.0, 1.0), (10.0, 20.0, 30.0))
    stored = StoredOrder((2, 0, 1), (True, False, True))
    values = np.arange(120).reshape(turned.shape)
    back = stored.undo(values)
    affine = stored_affine_ras(turned, stored)
    for index in ((0, 0, 0), (1, 2, 3), (2, 1, 0)):
        point = affine @ np.array([*index[::-1], 1.0])
        here = np.rint(turned.to_index(point[:3] * (-1, -1, 1))).astype(int)
        assert values[tuple(here)] == back[index]


def test_the_more_suspicious_of_two_overlapping_lesions_is_kept():
    from dataclasses import replace

    from lungstage.explain.masks import lesion_labels
    from lungstage.records import Lesions

    one = report()
    first = one.lesions["L1"]
    twin = replace(first, id="L2", p_malignant=0.5)
    labels = lesion_labels(replace(one, lesions=Lesions((first, twin))))
    assert set(np.unique(labels)) == {0, 1}
    assert (labels == 1)[ball(one.study.ct.grid, (55, 0, 10), 10)].all()


def test_the_model_shows_the_right_lung_at_the_left_and_bones_behind():
    from lungstage.explain.found import found_pictures

    pictures = {picture.name: picture.pixels.astype(int) for picture in found_pictures(report())}
    red, green, blue = np.moveaxis(pictures["found-front"], -1, 0)
    right, left = (np.argwhere(where)[:, 1].mean() for where in (blue > green + 20, green > blue + 20))
    red, green, blue = np.moveaxis(pictures["found-left"], -1, 0)
    lung, spine = (np.argwhere(where)[:, 1].mean() for where in (green > red + 20, red > green + 20))

    assert set(pictures) == {f"found-{name}" for name in ("front", "left", "coronal", "sagittal", "axial")}
    assert right < left
    assert lung < spine  # from the left the back is at the right


def test_planes_through_a_carina_that_was_not_found_do_not_claim_it():
    from dataclasses import replace

    from lungstage.explain.found import chest_box, planes_meet
    from lungstage.records import Landmark

    one = report()
    guessed = replace(one.anatomy, landmarks={"carina": Landmark((0, 0, 500), np.eye(3) * 400.0, False)})
    chest = chest_box(one.lungs)
    seen, unseen = planes_meet(one, chest), planes_meet(replace(one, anatomy=guessed), chest)

    assert (seen[0], unseen[0]) == ("the carina", "the middle of the scanned chest")
    assert all(rows.start <= at < rows.stop for rows, at in zip(chest, unseen[1]))


def test_regions_between_two_of_the_same_need_not_be_asked():
    from lungstage.explain.masks import likely_regions, map_blocks

    one = report()
    _, blocks = map_blocks(one.study.ct.grid)
    everywhere = np.ones(blocks.shape, bool)
    codes = np.arange(1, 1 + len(one.anatomy.region_names), dtype=np.uint8)
    asked = []
    anatomy = SimpleNamespace(region_probability=lambda points: asked.append(points) or one.anatomy.region_probability(points))

    found = likely_regions(anatomy, blocks, everywhere, everywhere, codes)

    points = blocks.to_mm(np.argwhere(everywhere))
    right = codes[one.anatomy.region_probability(points).argmax(axis=1)].reshape(blocks.shape)
    assert (found == right).mean() > 0.99  # borders bend inside of two blocks here and there
    assert sum(map(len, asked)) < 0.7 * found.size
    assert (likely_regions(anatomy, blocks, everywhere, ~everywhere, codes) == right).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 11, 3)])
def test_a_picture_is_read_back_as_it_was_written(shape):
    pixels = np.random.default_rng(3).integers(0, 255, shape, dtype=np.uint8, endpoint=True)

    assert (np.asarray(Image.open(io.BytesIO(png_of(pixels)))) == pixels).all()


def test_percent_never_claims_a_certainty_that_is_not_there():
    words = {0.0: "0 %", 0.001: "< 1 %", 0.02: "2 %", 0.5: "50 %", 0.996: "> 99 %", 0.9999: "> 99 %", 1.0: "100 %"}
    assert [percent(p) for p in words] == list(words.values())


def test_words_are_listed_as_one_speaks():
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_the_summary_names_why_and_what_next():
    text = "\n".join(summary(report()))
    assert "N2a because of L2 (station 7)" in text
    assert "Without L2: stage IIB 100 %" in text
    assert "EBUS of station 7 would change the stage in 30 %" in text
    assert "L1, left upper lobe, 32 mm" in text
