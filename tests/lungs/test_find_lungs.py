from dataclasses import replace

import numpy as np
import pytest
from lungs.chests import SHAPE, SPACING, Chest, ball, dice, draw, study_of, upper_part
from scipy.ndimage import binary_erosion

from lungstage.geometry import Grid
from lungstage.lungs import find_lungs, load_lung_parameters
from lungstage.lungs.coarse import Coarse
from lungstage.lungs.hull import without_heart_tip
from lungstage.lungs.rays import Rays
from lungstage.lungs.sides import part_sides
from lungstage.records import Volume

# Blocks of 3 to 4 mm and noise of 40 HU on drawn ellipsoids: a half-voxel rim of a lung of 130 mm is 2 to 3 % of it.
GOOD = 0.97
NUMBERS = load_lung_parameters()


@pytest.fixture(scope="module")
def plain():
    study, truth = draw(Chest())
    return study, truth, find_lungs(study)


def test_both_lungs_of_a_chest_are_found_where_they_are(plain):
    _, truth, lungs = plain

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= GOOD
    assert lungs.p_thorax > 0.95


def test_vessels_are_in_the_lung_and_the_airway_is_not(plain):
    _, truth, lungs = plain
    lung = lungs.right | lungs.left

    # the rods reach the wall; their ends there are told from the wall by nothing
    inner = binary_erosion(truth["right"] | truth["left"], iterations=2)
    assert lung[truth["vessels"] & inner].mean() > 0.95  # but those beside a bronchus
    assert not (lung & lungs.airway).any()
    assert lung[truth["airway"]].mean() < 0.05


def test_the_windpipe_and_main_bronchi_are_airway(plain):
    _, truth, lungs = plain

    assert lungs.airway[truth["airway"]].mean() > 0.95


def test_the_table_is_not_the_patient_and_bowel_gas_is_not_lung(plain):
    study, truth, lungs = plain

    assert dice(lungs.body, truth["body"]) > 0.99
    assert not (lungs.right | lungs.left)[: SHAPE[0] // 6].any(), "gas below the diaphragm was taken for lung"


def test_a_healthy_hull_is_little_more_than_the_lungs_with_their_hila(plain):
    _, truth, lungs = plain

    # the bays beside heart and great vessels; a twentieth of a lung
    assert np.count_nonzero(lungs.hull) < 1.05 * np.count_nonzero(lungs.right | lungs.left)
    assert (lungs.hull[lungs.right != 0] == 1).all() and (lungs.hull[lungs.left != 0] == 2).all()


def test_lungs_of_a_mirrored_patient_are_mirrored_lungs(plain):
    study, _, lungs = plain
    mirrored = replace(study, ct=Volume(study.ct.values[:, :, ::-1], study.ct.grid, "HU"))

    found = find_lungs(mirrored)

    # blocks are symmetric here; flooding may meet equal heights in another order
    assert dice(found.left, lungs.right[:, :, ::-1]) > 0.995 and dice(found.right, lungs.left[:, :, ::-1]) > 0.995


@pytest.mark.parametrize("chest", [Chest(turn_deg=15), Chest(tilt_deg=10), Chest(turn_deg=-10, tilt_deg=-8)], ids=str)
def test_lungs_of_a_turned_or_tilted_patient_are_the_same_lungs(chest):
    study, truth = draw(chest)

    lungs = find_lungs(study)

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= GOOD


def test_lungs_of_a_patient_lying_prone_are_the_same_lungs(plain):
    study, truth, _ = plain
    prone = replace(study, ct=Volume(study.ct.values[:, ::-1], study.ct.grid, "HU"))

    lungs = find_lungs(prone)

    assert dice(lungs.right, truth["right"][:, ::-1]) >= GOOD and dice(lungs.left, truth["left"][:, ::-1]) >= GOOD


def test_lungs_that_touch_in_front_are_told_apart_at_the_sheet_between_them():
    study, truth = draw(Chest(junction=True))
    values = study.ct.values.copy()
    middle = (SHAPE[2] - 1) // 2
    sheet = values[45:66, 10:26, middle - 1 : middle + 3]
    sheet[sheet > -300] = -600  # a membrane of two pleuras, a fraction of a voxel

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= GOOD


def test_lung_before_the_heart_is_not_reached_through_a_leaky_membrane():
    mean = np.full((30, 30, 60), 40, np.int16)  # blocks: z to the head, y to the back, x to the left
    mean[2:28, 9:28, 2:58] = mean[2:28, 2:6, 2:58] = -850  # both lungs behind, and both before the heart
    mean[2:28, 6:9, 2:27] = -850  # the right one around it
    mean[2:28, 6:9, 55:57] = -430  # the left one has but a narrow way round the tip
    mean[2:28, 2:28, 29:31][mean[2:28, 2:28, 29:31] < 0] = -600  # a membrane in half of each block
    mean[2:28, 19:28, 29:31] = 40
    blocks = Coarse(Grid(mean.shape, (2.5, 3.0, 2.8)), (1, 1, 1), (0, 0, 0), mean, np.zeros(mean.shape, bool))

    sides = part_sides(blocks, (mean < -400).view(np.uint8), 29.5, load_lung_parameters())

    assert (sides[2:28, 2:6, 31:58] == 2).all() and (sides[2:28, 2:6, 2:29] == 1).all()


def test_a_lung_full_of_ground_glass_is_a_lung():
    study, truth = draw(Chest(junction=True))
    values = np.where(truth["left"] & ~truth["vessels"], study.ct.values + 330, study.ct.values)

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= 0.95  # -520 HU is near the border


def test_an_arm_at_the_edge_of_the_field_does_not_mix_touching_lungs():
    study, truth = draw(Chest(junction=True))
    _, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    values = study.ct.values.copy()
    values[(x < -140) & (abs(y) < 50) & (values < -500)] = 40  # beside the chest and cut by the field of view
    values[(x + 170) ** 2 + y**2 < 12**2] = 900  # its bone is as long as the spine
    values[(x / 18) ** 2 + ((y - 75) / 20) ** 2 < 1] = 180  # and an old spine is spongy
    values[:, :, -6:] = -1000

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= GOOD


@pytest.mark.parametrize("missing, there", [("right", "left"), ("left", "right")])
def test_one_lung_alone_stays_on_its_side_and_the_other_has_a_hull(missing, there):
    study, truth = draw(Chest(**{f"{missing}_lung": False}))
    whole = draw(Chest())[1][missing]

    lungs = find_lungs(study)

    assert dice(getattr(lungs, there), truth[there]) >= GOOD
    assert not getattr(lungs, missing).any()
    assert "lung_missing" in {note.code for note in lungs.quality.notes}
    # the heart is not symmetric, so the mirror image is not exact
    assert dice(lungs.hull == {"right": 1, "left": 2}[missing], whole) > 0.8


@pytest.mark.parametrize("lung_hu", [-972, -930, -620])
def test_emphysema_and_deep_expiration_are_still_lung(lung_hu):
    study, truth = draw(Chest(lung_hu=lung_hu))

    lungs = find_lungs(study)

    assert dice(lungs.right | lungs.left, truth["right"] | truth["left"]) >= GOOD


def test_fat_on_a_scale_that_is_too_low_is_no_haze():
    study, truth = draw(Chest())
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    values = study.ct.values.copy()
    pad = (abs(x) < 30) & (y < -62) & (y > -80) & (z < 20) & (z > -60) & (values > -300)  # fat between heart and breastbone
    values[pad] -= 150

    lungs = find_lungs(replace(study, ct=Volume(np.maximum(values - 50, -1024), study.ct.grid, "HU")))

    assert (lungs.right | lungs.left)[pad].mean() < 0.2  # its rim beside the lung
    assert dice(lungs.right | lungs.left, truth["right"] | truth["left"]) >= GOOD


def test_a_bulla_belongs_to_the_lung():
    study, truth = draw(Chest(bulla=(-80, 20, 30, 18)))

    assert find_lungs(study).right[truth["bulla"]].mean() > 0.95


WALL = [(-75, 50, 40, 20), (100, 40, 20, 30), (-70, -60, 0, 25), (-110, 0, 0, 35), (90, 60, -20, 35), (-60, 70, 0, 12)]


@pytest.mark.parametrize("place", WALL, ids=["behind, high", "oblique", "before", "beside, large", "behind, large", "small"])
def test_a_tumour_on_the_wall_is_in_the_hull_up_to_the_wall(plain, place):
    study, truth = draw(Chest(tumour=place))
    _, whole, healthy = plain
    beyond = ~(whole["right"] | whole["left"] | whole["airway"])

    lungs = find_lungs(study)

    assert (lungs.hull[truth["tumour"]] != 0).mean() >= 0.95
    more = np.count_nonzero((lungs.hull != 0) & beyond) - np.count_nonzero((healthy.hull != 0) & beyond)
    assert more < 0.1 * np.count_nonzero(truth["tumour"]), "the hull goes on into the wall"


def test_what_bridges_a_dent_goes_on_as_the_wall_does():
    angle = (np.arange(Rays.COUNT) + 0.5) / Rays.COUNT * 2 * np.pi
    height = np.linspace(1.0, 0.7, 40)[:, None]  # towards the apex
    wall_mm = height / np.hypot(np.cos(angle) / 140, np.sin(angle) / 90)
    rays = Rays((20, 30), (40, 41, 61), (4.0, 3.0, 2.8), NUMBERS.anatomy)
    dent = np.zeros(wall_mm.shape, bool)
    dent[12:22, 25:35] = True
    lung_mm, hull_mm = np.where(dent, 60.0, wall_mm), np.where(dent, 0.9 * wall_mm, wall_mm)

    bridged_mm = rays.bridged(hull_mm, lung_mm, dent)

    assert abs(bridged_mm - wall_mm)[dent].max() < 1.5 + 1.4  # half a block is added; a membrane is a little flatter
    assert (bridged_mm == wall_mm)[25:].all(), "beyond the dent, and at the narrow end of the scan, nothing is added"


def test_a_small_dent_in_a_flank_flatter_than_an_ellipse_brings_the_hull_no_farther_than_the_flank():
    angle = (np.arange(Rays.COUNT) + 0.5) / Rays.COUNT * 2 * np.pi
    wall_mm = np.minimum(1 / np.hypot(np.cos(angle) / 140, np.sin(angle) / 90), 118 / abs(np.cos(angle)))
    wall_mm = np.repeat(wall_mm[None], 40, axis=0)
    rays = Rays((20, 30), (40, 41, 61), (4.0, 3.0, 2.8), NUMBERS.anatomy)
    dent = np.zeros(wall_mm.shape, bool)
    dent[18:22, 58:61] = True  # a tumour that touches the wall
    lung_mm, hull_mm = np.where(dent, 60.0, wall_mm), np.where(dent, wall_mm - 3, wall_mm)

    bridged_mm = rays.bridged(hull_mm, lung_mm, dent)

    assert (bridged_mm - wall_mm)[dent].min() > -1.5
    assert (bridged_mm - wall_mm).max() < 3.0 + 1.4, "half a block is added"


def test_where_lungs_taper_towards_their_tops_the_muscle_around_them_is_no_gap():
    rays = Rays((20, 30), (40, 41, 61), (3.0, 3.0, 3.0), NUMBERS.anatomy)
    taper = np.minimum(100.0, 40.0 + 3.0 * np.arange(30)[::-1])  # as steep as it is high
    lung_mm = np.zeros((40, Rays.COUNT))
    lung_mm[:30] = taper[:, None]

    barrel_mm = rays.barrel(lung_mm)

    assert (barrel_mm - lung_mm)[:30].max() < load_lung_parameters().pleura_mm


def test_a_hole_behind_a_thick_wall_belongs_to_the_lung_and_its_wall_to_the_hull():
    study, truth = draw(Chest(tumour=(-100, 20, 40, 34)))  # a scar at the chest wall
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    hole = ball(x, y, z, (-98, 20, 40, 19))
    values = np.where(hole, -990, study.ct.values)

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert lungs.right[hole].mean() > 0.95
    assert (lungs.hull[truth["tumour"]] == 1).mean() > 0.95
    assert lungs.right[truth["tumour"] & ~hole].mean() < 0.2  # the rims of both


@pytest.mark.parametrize("place", [(85, 20, 30, 26), (48, 15, 25, 24), (-70, -60, 0, 25)], ids=["lung", "hilum", "pleura"])
def test_a_tumour_is_in_the_hull_and_not_in_the_lung(place):
    study, truth = draw(Chest(tumour=place))

    lungs = find_lungs(study)

    assert (lungs.hull[truth["tumour"]] != 0).mean() >= 0.95
    assert (lungs.right | lungs.left)[truth["tumour"]].mean() < 0.15  # its rim, within the reach of a vessel's ball


def test_fluid_behind_a_lung_is_in_the_hull_and_not_in_the_lung():
    study, truth = draw(Chest(effusion=True))

    lungs = find_lungs(study)

    assert (lungs.hull[truth["fluid"]] == 1).mean() >= 0.95
    assert lungs.right[truth["fluid"]].mean() < 0.05


def test_a_gutter_between_the_heads_of_ribs_is_as_wide_in_the_deepened_cage_as_it_is():
    rays = Rays((20, 30), (41, 41, 61), (3.0, 3.0, 3.0), NUMBERS.anatomy)
    wall_mm = np.full((41, Rays.COUNT), 60.0)
    wall_mm[:, 38:46] = 84.0
    bone_mm = np.full(wall_mm.shape, np.inf)
    bone_mm[::8] = wall_mm[::8] + 3.0  # ribs, with gaps of 21 mm between them

    cage_mm = rays.cage(bone_mm)

    assert (cage_mm[:, 38] == 60.0).all(), "the nearest rib of several rays narrows it"
    assert (rays.deepened(cage_mm) == wall_mm).all()


@pytest.mark.parametrize("filled, stays", [((45, 49), False), ((45, 57), True), ((31, 35), True)], ids=["tip", "mass", "right"])
def test_the_tip_of_a_heart_is_not_filled_but_a_mass_beside_it_is(filled, stays):
    hull = np.zeros((40, 50, 80), np.uint8)
    hull[2:38, 5:45, 5:35], hull[2:38, 5:45, 45:75] = 1, 2
    sides, place = hull.copy(), (slice(6, 18), slice(10, 24), slice(*filled))  # 36 x 42 mm, 12 or 36 mm thick
    sides[place] = 0
    blocks = Coarse(Grid(hull.shape, (3.0, 3.0, 3.0)), (1, 1, 1), (0, 0, 0), np.zeros(hull.shape, np.int16), hull > 9)

    kept = without_heart_tip(blocks, hull, sides, 39.5, NUMBERS)

    share = (kept[place] != 0).mean()
    assert share >= 0.9 if stays else share == 0.0, "a mass loses at most its corners, which no ball enters"
    assert (kept == hull)[sides != 0].all()


GROOVES = [(-24, 45, -10, 14), (-22, 40, -20, 16), (-20, 40, 0, 12), (30, 40, 20, 16)]


@pytest.mark.parametrize("place", GROOVES, ids=["spine", "spine and heart", "small", "left"])
def test_a_tumour_in_the_groove_between_heart_and_spine_is_in_the_hull(place):
    study, truth = draw(Chest(tumour=place))

    assert (find_lungs(study).hull[truth["tumour"]] != 0).mean() >= 0.95


@pytest.mark.parametrize("side, code", [("right", 1), ("left", 2)])
def test_a_lower_lobe_without_air_is_in_the_hull_and_the_heart_before_it_is_not(plain, side, code):
    study, truth, healthy = plain
    z, y, _ = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij", sparse=True)
    lobe = truth[side] & (y > 0.6 * z - 10) & (z < 40)  # behind an oblique fissure

    lungs = find_lungs(without_air(study, lobe))

    assert (lungs.hull[lobe] == code).mean() >= 0.75  # the other's mirror image leaves out the heart's, and as low as its dome
    assert getattr(lungs, side)[lobe].mean() < 0.05
    beyond = (lungs.hull == code) & ~truth[side] & (healthy.hull == 0)
    assert np.count_nonzero(beyond) < 0.15 * np.count_nonzero(lobe), "the hull goes on into heart, liver or wall"


def test_a_mass_as_dense_as_liver_at_the_back_below_lung_is_in_the_hull():
    study, truth = draw(Chest())
    z, y, x = ((np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING))
    mass = truth["right"] & (z < 20)[:, None, None] & (y > 30)[:, None] & (x < -50)  # lung above it, and before it at the flank

    lungs = find_lungs(without_air(study, mass))

    assert (lungs.hull[mass] == 1).mean() > 0.7  # as of fluid
    assert lungs.right[mass].mean() < 0.05


def without_air(study, place):
    return replace(study, ct=Volume(np.where(place, 40, study.ct.values).astype(np.int16), study.ct.grid, "HU"))


@pytest.mark.parametrize("side, code", [("right", 1), ("left", 2)])
def test_an_upper_lobe_without_air_is_in_the_hull_and_not_in_the_lung(plain, side, code):
    study, truth, healthy = plain
    z = (np.arange(SHAPE[0]) - (SHAPE[0] - 1) / 2)[:, None, None] * SPACING[0]
    lobe = truth[side] & (z > 15)

    lungs = find_lungs(without_air(study, lobe))

    assert (lungs.hull[lobe] == code).mean() >= 0.85  # the other's mirror image: a heart is not symmetric
    assert getattr(lungs, side)[lobe].mean() < 0.05
    beyond = (lungs.hull == code) & ~truth[side] & (healthy.hull == 0)
    assert np.count_nonzero(beyond) < 0.15 * np.count_nonzero(lobe), "the hull goes on into heart or wall"


@pytest.mark.parametrize("side", ["right", "left"])
def test_what_may_be_a_raised_dome_stays_outside_the_hull(plain, side):
    study, truth, _ = plain
    z = (np.arange(SHAPE[0]) - (SHAPE[0] - 1) / 2)[:, None, None] * SPACING[0]
    base = truth[side] & (z < -30)

    lungs = find_lungs(without_air(study, base))

    assert (lungs.hull[base] != 0).mean() < 0.05


@pytest.mark.parametrize("end", ["top", "bottom"])
def test_a_scan_that_ends_inside_the_lungs_says_so(plain, end):
    study, truth, _ = plain
    middle = SHAPE[0] // 2
    part, part_truth = upper_part(study, truth, *((0, middle) if end == "top" else (middle, SHAPE[0])))

    lungs = find_lungs(part)

    assert lungs.quality.cut == (end,)
    assert lungs.quality.covered < 0.95
    assert dice(lungs.right | lungs.left, part_truth["right"] | part_truth["left"]) >= GOOD


def test_a_whole_chest_is_covered_whole(plain):
    assert plain[2].quality.cut == () and plain[2].quality.covered == 1.0


def test_a_field_of_view_inside_the_chest_shows_lungs_too(plain):
    study, truth, _ = plain
    low, high = (20, 20, 26), (60, 74, 102)
    box = tuple(slice(a, b) for a, b in zip(low, high))
    part = replace(study, ct=Volume(study.ct.values[box], study.ct.grid.box(low, high), "HU"), slices=study.slices[20:60])

    lungs = find_lungs(part)

    assert dice(lungs.right | lungs.left, truth["right"][box] | truth["left"][box]) >= 0.95
    assert set(lungs.quality.cut) >= {"right", "left"}


def test_padding_beyond_the_scan_circle_is_no_air(plain):
    study, truth, _ = plain
    y, x = np.indices(SHAPE[1:])
    beyond = ((y - 44) ** 2 * 9 + (x - 64) ** 2 * 7.84) > 175**2
    outside = np.broadcast_to(beyond, SHAPE).astype(np.uint8)
    values = np.where(outside, -1024, study.ct.values).astype(np.int16)

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU"), outside=outside))

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= GOOD


def test_the_noise_is_the_noise_in_soft_tissue(plain):
    # the lower quartile of local standard deviations over few voxels lies below the true one
    assert 0.6 * Chest().noise_hu < plain[2].quality.noise_hu < 1.1 * Chest().noise_hu


def no_chest(kind: str):
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    hu = np.full(SHAPE, -1000.0)
    skull = (x / 75) ** 2 + (y / 95) ** 2 + (z / 110) ** 2
    if kind == "head":
        hu[skull <= 1] = 40
        hu[(skull <= 1) & (skull > 0.85)] = 900
        hu[((abs(x) - 15) ** 2 + (y + 60) ** 2 + z**2) <= 14**2] = -1000
    elif kind == "abdomen":
        hu[(x / 160) ** 2 + (y / 110) ** 2 <= 1] = 45
        hu[((x - 90) ** 2 + (y + 40) ** 2 <= 22**2) & (abs(z) < 90)] = -990
    elif kind == "water":
        hu[:] = 0
    hu += np.random.default_rng(3).normal(0, 12, SHAPE)
    return study_of(hu, Grid(SHAPE, SPACING))


@pytest.mark.parametrize("kind", ["head", "abdomen", "water", "air"])
def test_a_scan_without_lungs_has_none(kind):
    lungs = find_lungs(no_chest(kind))

    assert lungs.p_thorax < 0.5
    assert not any(mask.any() for mask in (lungs.right, lungs.left, lungs.airway, lungs.hull))
    assert "no_lungs" in {note.code for note in lungs.quality.notes}


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 30, 40), (3, 2, 5)])
def test_a_scan_of_next_to_nothing_has_no_lungs(shape):
    assert find_lungs(study_of(np.full(shape, -500.0), Grid(shape, SPACING))).p_thorax < 0.5


def test_the_same_scan_gives_the_same_bits(plain):
    study, _, first = plain

    second = find_lungs(study, load_lung_parameters())

    for name in ("right", "left", "airway", "hull", "body"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert not getattr(first, name).flags.writeable


def test_other_parameters_are_honoured(plain):
    study, _, lungs = plain

    strict = find_lungs(study, replace(load_lung_parameters(), thorax_log_odds=(-20.0, 0.0, 0.0, 0.0, 0.0)))

    assert lungs.right.any() and not strict.right.any()
