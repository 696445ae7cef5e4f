"""The hand-written cases: what is drawn for each has the T, N, M and stage that were written by hand."""

import pytest

from lungstage.errors import ImpossibleRequest
from lungstage.phantom import make_case
from lungstage.phantom.anatomy import build_anatomy
from lungstage.phantom.cases import named_case, named_cases
from lungstage.phantom.disease import place_disease
from lungstage.phantom.measure import TOUCH_MM, surface_points, union_distance
from lungstage.phantom.physiology import draw_physiology
from lungstage.phantom.truth import find_truth
from lungstage.phantom.tumour_places import REACHES, solid_named

SEED = 17


@pytest.fixture(scope="module")
def patients(coarse):
    """One healthy patient for each coverage, in whom all cases are put."""
    made = {}

    def patient(coverage):
        if coverage not in made:
            anatomy = build_anatomy(SEED, coverage, coarse)
            made[coverage] = anatomy, draw_physiology(SEED, anatomy.person, coarse)
        return made[coverage]

    return patient


@pytest.mark.parametrize("name", named_cases())
def test_a_named_case_has_the_stage_that_was_written_by_hand(name, patients):
    case = named_case(name)
    anatomy, physiology = patients(case.coverage)

    truth, _ = find_truth(SEED, anatomy, case.plan, place_disease(SEED, anatomy, physiology, case.plan), {})

    for edition, label in case.labels.items():
        told = truth.editions[str(edition)]
        assert (told.t, told.n, told.m, told.stage) == label, f"case {name}, {case.what}, edition {edition}"


@pytest.mark.parametrize("name", [name for name, case in named_cases().items() if set(case.plan.features) & set(REACHES)])
def test_a_tumour_touches_what_it_is_said_to_grow_into(name, patients):
    case = named_case(name)
    anatomy, physiology = patients(case.coverage)
    (feature,) = set(case.plan.features) & set(REACHES)

    primary = place_disease(SEED, anatomy, physiology, case.plan)[0]
    target = solid_named(anatomy, REACHES[feature][0], case.plan.side)
    gap = union_distance(surface_points(primary.shape, None, anatomy.fields), target, anatomy.fields).min()

    assert gap < TOUCH_MM, f"case {name}, {case.what}: {gap:.1f} mm off"


def test_the_cases_cover_every_category_of_every_edition():
    seen = {(edition, one) for case in named_cases().values() for edition, label in case.labels.items() for one in label[:3]}

    for edition, wanted in {
        7: "T0 Tis T1a T1b T2a T2b T3 T4 TX N0 N1 N2 N3 M0 M1a M1b",
        8: "T0 Tis T1mi T1a T1b T1c T2a T2b T3 T4 TX N0 N1 N2 N3 M0 M1a M1b M1c",
        9: "T0 Tis T1mi T1a T1b T1c T2a T2b T3 T4 TX N0 N1 N2a N2b N3 M0 M1a M1b M1c1 M1c2",
    }.items():
        # carcinoma in situ of the 7th edition is seen by a microscope alone
        missing = [word for word in wanted.split() if (edition, word) not in seen and (edition, word) != (7, "Tis")]
        assert not missing, f"edition {edition}"


def test_a_named_case_is_made_whole(coarse):
    case = make_case(4, case="81", parameters=coarse)

    assert case.truth.editions["9"].m == "M1a"
    assert any(lesion.organ == "pericardium" for lesion in case.truth.lesions)


@pytest.mark.parametrize(("wish", "said"), [({"case": "no such"}, "there are 1, 2"), ({"case": "1", "t": "T4"}, "leave out T4")])
def test_a_case_that_cannot_be_is_refused(wish, said):
    with pytest.raises(ImpossibleRequest, match=said):
        make_case(**wish)
