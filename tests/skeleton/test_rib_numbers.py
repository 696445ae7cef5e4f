"""Ribs of synthetic patients, whose numbers are drawn, and of real ones, whose ribs were counted on the images."""

from dataclasses import replace

import numpy as np
import pytest
from changed_priors import changed_priors

from lungstage.errors import ImpossibleRequest
from lungstage.geometry import Grid
from lungstage.records import Volume
from lungstage.skeleton import find_skeleton
from lungstage.skeleton.count_ribs import Level, Reach, Scan, pair_sides, shown_reaches, sum_numberings
from lungstage.skeleton.names import code_of
from lungstage.skeleton.parameters import load_skeleton_parameters
from lungstage.skeleton.trace_ribs import Flow, Trace, peaks_of
from lungstage.study import read_study
from lungstage.tables import shipped_priors

FIRST, LAST = code_of("rib_right_1"), code_of("rib_left_12")


@pytest.fixture(scope="module")
def patient():
    import lungstage
    from lungstage.phantom.bone_labels import draw_bones
    from lungstage.phantom.parameters import shipped_parameters

    numbers = replace(shipped_parameters(), ct_matrix=256, ct_slice_mm=2.5, pet_voxel_mm=(20.0, 20.0, 20.0))
    case = lungstage.make_case(seed=5000, parameters=numbers)
    return case.study, draw_bones(case.anatomy, case.scan.ct_grid)


def part(study, slices: slice):
    """The study with some of its slices."""
    grid = study.ct.grid
    values = np.ascontiguousarray(study.ct.values[slices])
    whole = Grid((len(values), *grid.shape[1:]), grid.spacing_mm, tuple(grid.to_mm((slices.start or 0, 0, 0))), grid.direction)
    return replace(study, ct=Volume(values, whole, "HU"), pet=None)


def right_share(labels: np.ndarray, drawn: np.ndarray) -> float:
    """Of the voxels with a number on a drawn rib, those with the drawn number."""
    both = (labels >= FIRST) & (labels <= LAST) & (drawn >= FIRST) & (drawn <= LAST)
    return float(np.mean(labels[both] == drawn[both])) if both.any() else 1.0


def test_every_rib_of_a_whole_chest_has_its_number(patient):
    study, drawn = patient

    skeleton = find_skeleton(study)

    found = set(np.unique(skeleton.labels)) & set(range(FIRST, LAST + 1))
    assert found == set(np.unique(drawn)) & set(range(FIRST, LAST + 1))
    assert skeleton.p_ribs > 0.9
    assert right_share(skeleton.labels, drawn) > 0.98  # where two ribs meet a block holds both


def test_a_rib_without_a_number_has_no_probability_and_one_with_a_number_has(patient):
    skeleton = find_skeleton(patient[0])

    given = np.isin(np.arange(FIRST, LAST + 1), skeleton.labels)
    codes = np.concatenate([np.arange(FIRST, FIRST + 12), np.arange(LAST - 11, LAST + 1)]) - FIRST
    assert np.array_equal(skeleton.p_rib.ravel() > 0, given[codes])
    assert (skeleton.p_rib[skeleton.p_rib > 0] >= load_skeleton_parameters().rib_p_min).all()


def test_the_vertebrae_of_a_whole_chest_have_their_numbers(patient):
    study, drawn = patient

    skeleton = find_skeleton(study)

    spine = (drawn >= code_of("vertebra_T1")) & (drawn <= code_of("vertebra_T12"))
    named = spine & (skeleton.labels >= code_of("vertebra_C1")) & (skeleton.labels <= code_of("vertebra_L5"))
    assert named.sum() > 0.5 * spine.sum()
    # a disc is a fifth of a vertebra's height, and arches hang over into the next one
    assert (skeleton.labels[named] == drawn[named]).mean() > 0.85
    assert skeleton.p_vertebra[7:19].min() >= load_skeleton_parameters().rib_p_min


def test_the_first_vertebra_below_the_ribs_has_its_number_and_those_above_them_none(patient):
    study, drawn = patient

    skeleton = find_skeleton(study)

    named = (skeleton.labels == code_of("vertebra_L1")) & (drawn >= code_of("vertebra_C1")) & (drawn <= code_of("vertebra_L5"))
    assert (drawn[named] == code_of("vertebra_L1")).mean() > 0.8  # a disc is a fifth of a vertebra's height
    assert not np.isin(skeleton.labels, [code_of(f"vertebra_C{k}") for k in range(1, 8)]).any()
    assert not skeleton.p_vertebra[:7].any()


def test_no_drawn_bone_lies_where_the_image_shows_lung(patient):
    study, drawn = patient

    assert (study.ct.values[drawn > 0] < -500).mean() < 0.01  # half of a voxel at the pleura may be air


@pytest.mark.parametrize("slices", [slice(0, 70), slice(30, 80), slice(40, 130)])
def test_ribs_of_a_part_of_the_chest_have_their_numbers_or_none(patient, slices):
    study, drawn = patient

    skeleton = find_skeleton(part(study, slices))

    assert right_share(skeleton.labels, drawn[slices]) > 0.95, f"p {skeleton.p_ribs:.2f}"


def test_a_rib_is_paired_with_the_nearest_of_the_other_side_in_order():
    cost, pairs = pair_sides(np.array([100.0, 75.0, 50.0]), np.array([77.0, 52.0, 20.0]), 20.0)

    assert pairs == [(0, None), (1, 0), (2, 1), (None, 2)]
    assert cost == 10 + 2 + 2 + 10


def test_the_reach_of_a_level_is_that_of_its_wider_rib_about_the_middle_of_the_chest():
    flow = Flow(0.5, 0.0, 300.0)
    traces = [Trace(side, np.array([20.0, 90.0]), np.zeros(2), flow) for side in (1, 2) for _ in range(3)]
    levels = [Level(200.0 - 25.0 * k, (k, k + 3)) for k in range(3)]
    reaches = [Reach(mm, True) for mm in (80.0, 100.0, 60.0, 90.0, 110.0, 120.0)]  # the third on the right was lost on its way

    # the spine lies 5 mm to the right of the middle: halves of 85, 105 and 115 mm
    assert shown_reaches(levels, traces, reaches) == pytest.approx([85 / 115, 105 / 115, 1.0])


def test_the_ribs_of_a_slender_chest_whose_first_the_scan_cuts_have_their_numbers_or_none():
    known = load_skeleton_parameters()
    below, reach = np.array(known.ribs.below_first), np.array(known.ribs.reach) ** 1.5
    heights = 305.0 - 0.95 * below[1:11]  # ribs 2 to 11; the scan ends 6 mm above the second
    levels = [Level(float(height), (k, k + 10)) for k, height in enumerate(heights)]
    seen = np.where(np.arange(10) < 7, reach[1:11] / reach.max(), np.nan)  # the scan cuts the lower ones
    scan = Scan(280.0, (0.0, 294.0), 3.0)

    p = sum_numberings(levels, seen, scan, known)

    wrong = p.argmax(1) + 1 != np.arange(2, 12)
    assert not (wrong & (p.max(1) >= known.rib_p_min)).any(), p.max(1)


# read from sagittal slabs 30 to 44 mm to the right of the spine: height of ribs 1 to 12 above the lowest slice, mm; of
# 4d-lung-113 counted in front, where the scan shows the first rib and its joint with the manubrium: its head lies above the scan
@pytest.mark.real
@pytest.mark.parametrize(
    ("scan", "heights"),
    [
        ("4d-lung-113", (None, 290, 275, 254, 233, 212, 191, 165, 138, 113, 83, 40)),
        ("lung1-001", (350, 335, 318, 300, 280, 260, 235, 210, 185, 157, 125, 85)),
        ("petct-acrin-042", (352, 340, 315, 293, 270, 242, 213, 187, 157, 128, 90, 50)),
        ("lung-dx-a0001", (290, 278, 255, 235, 215, 190, 163, 135, 112, 85, 52, 13)),
    ],
)
def test_ribs_of_real_chests_have_the_numbers_that_were_counted(real_scan, scan, heights):
    study = read_study(real_scan(scan) / "ct")
    side_z, _, side_x = study.ct.grid.spacing_mm
    labels = find_skeleton(study).labels
    vertebra = (labels >= code_of("vertebra_C1")) & (labels <= code_of("vertebra"))
    _, back, middle = np.median(np.argwhere(vertebra), axis=0)
    behind = slice(int(back - 40 / side_x), None)  # in front lie the ribs' other ends
    slab = labels[:, behind, int(middle - 44 / side_x) : int(middle - 30 / side_x)]

    seen = 0
    for number, height in enumerate(heights, start=1):
        rows = np.argwhere(slab == FIRST + number - 1)[:, 0]
        if height is None:
            assert not len(rows), f"right rib {number} is not in the scan there"
        elif len(rows) > 20:
            seen += 1
            away = np.median(rows) * side_z - height
            assert abs(away) < 13, f"right rib {number}: {away:.0f} mm from where it was read"  # half the way to the next
    assert seen >= 9, f"only {seen} right ribs have a number"


@pytest.mark.parametrize("apart", [1.0, 2.5, 3.0, 7.2])
def test_peaks_are_those_of_scipy(apart):
    from scipy.signal import find_peaks

    for seed in range(20):
        band = np.random.default_rng(seed).random(60).cumsum() % 1.0

        assert np.array_equal(peaks_of(band, apart), find_peaks(np.pad(band, 1), distance=apart)[0] - 1)


def test_the_ribs_of_changed_priors_are_those_that_count(tmp_path):
    row = shipped_priors().text("atlas/ribs.csv").splitlines()[-1]
    number, below, *rest = row.split(",")
    mine = changed_priors(tmp_path, "atlas/ribs.csv", row, ",".join([number, str(float(below) + 7), *rest]))

    assert load_skeleton_parameters(mine).ribs.below_first[-1] == load_skeleton_parameters().ribs.below_first[-1] + 7


def test_the_lengths_of_changed_priors_are_those_that_count(tmp_path):
    mine = changed_priors(tmp_path, "parameters/skeleton_anatomy.toml", "value = 170.0", "value = 180.0")

    assert load_skeleton_parameters().anatomy.ribs_below_diaphragm_mm == 170.0
    assert load_skeleton_parameters(mine).anatomy.ribs_below_diaphragm_mm == 180.0


def test_a_table_that_lacks_a_rib_is_refused(tmp_path):
    row = shipped_priors().text("atlas/ribs.csv").splitlines()[-1]
    mine = changed_priors(tmp_path, "atlas/ribs.csv", row + "\n", "")

    with pytest.raises(ImpossibleRequest, match="1 to 12"):
        load_skeleton_parameters(mine)


def test_a_table_of_vertebrae_that_lacks_a_rib_is_refused(tmp_path):
    row = next(row for row in shipped_priors().text("atlas/vertebrae.csv").splitlines() if row.startswith("T5,"))
    mine = changed_priors(tmp_path, "atlas/vertebrae.csv", row + "\n", "")

    with pytest.raises(ImpossibleRequest, match="ribs 1 to 12"):
        load_skeleton_parameters(mine)
