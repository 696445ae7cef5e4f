"""How people write a TNM, and how the tables spell it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungstage.errors import ImpossibleRequest
from lungstage.tnm import EDITIONS, read_edition, read_tnm


@pytest.mark.parametrize(
    "text, words, prefix",
    [
        ("T2a N2 M0", "T2a N2 M0", ""),
        ("T2aN2M0", "T2a N2 M0", ""),
        ("t2A n2B m1C2", "T2a N2b M1c2", ""),
        ("cT2aN2M0", "T2a N2 M0", "c"),
        ("pT1c, pN0, M0", "T1c N0 M0", "p"),
        ("pT2a pN1 cM0", "T2a N1 M0", "p"),
        ("pT2apN1cM0", "T2a N1 M0", "p"),
        ("ypT3 N1 M0", "T3 N1 M0", "yp"),
        ("ycT3 ypN1 M0", "T3 N1 M0", "yp"),
        ("rpT1a N0 M0", "T1a N0 M0", "rp"),
        ("aT4 N3 M1a", "T4 N3 M1a", "a"),
        ("Tis N0 M0", "Tis N0 M0", ""),
        ("TISN0M0", "Tis N0 M0", ""),
        ("T1a(mi) N0 M0", "T1mi N0 M0", ""),
        ("T1MIN0M0", "T1mi N0 M0", ""),
        ("Tx Nx M0", "TX NX M0", ""),
        ("N2a M0 T2a", "T2a N2a M0", ""),
    ],
)
def test_one_tnm_is_written_in_many_ways(text, words, prefix):
    found = read_tnm(text)

    assert (str(found), found.prefix) == (words, prefix)


def test_several_tumours_are_read_beside_the_category():
    assert read_tnm("T1a(3) N0 M0").multiplicity == "3"
    assert read_tnm("T1a(m)N0M0").multiplicity == "m"
    assert read_tnm("T1a N0 M0").multiplicity is None


@given(st.data(), st.sampled_from(EDITIONS), st.sampled_from(["", "c", "p", "yp"]), st.sampled_from(["", " "]), st.booleans())
def test_every_combination_of_every_edition_is_read_as_itself(data, edition, prefix, gap, small):
    book = read_edition(edition)
    words = [data.draw(st.sampled_from(names)) for names in (book.t_names, book.n_names, book.m_names)]
    text = prefix + gap.join(words)

    assert str(read_tnm(text.lower() if small else text)) == " ".join(words)


@given(st.text(alphabet="TNMtnmX0123456abcisyp() ,", max_size=14))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        found = read_tnm(text)
    except ImpossibleRequest as error:
        assert "T" in str(error) and "\n" not in str(error)
    else:
        assert found.t.startswith("T") and found.n.startswith("N") and found.m.startswith("M")


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "T and N and M missing"),
        ("T2a N2", "M missing"),
        ("T2a T2b N2 M0", "T stands there twice"),
        ("T2a N2 M0 G2", "'G2' is not part of a TNM"),
        ("T7 N0 M0", "'T7 N0 M0' is not part"),
        ("stage IIIA", "not part of a TNM"),
        ("pT2a rN1 M0", "prefixes p and r do not go together"),
    ],
)
def test_what_is_not_a_tnm_is_refused_with_the_part_at_fault(text, said):
    with pytest.raises(ImpossibleRequest, match=said):
        read_tnm(text)
