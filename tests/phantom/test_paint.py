"""The painter against shapes whose volumes and values are known."""

import numpy as np
import pytest
from naive.painting import paint_all

from lungstage.geometry import Grid
from lungstage.phantom.distance import FAR_MM
from lungstage.phantom.fields import NAMES, Fields, make_fields
from lungstage.phantom.measure import measure_shape, shape_distance, union_distance
from lungstage.phantom.paint import LATTICE, paint
from lungstage.phantom.solids import blob, cylinder, ellipsoid, inside, join, path, sheet, tubes, turned

GRID = Grid((23, 41, 37), (2.5, 0.9, 1.1), (-19.8, -18.0, -27.5))
FLAT = np.zeros((LATTICE,) * 3, np.float32)


def empty_fields(plane: bool = False) -> Fields:
    """Fields that are far everywhere, or mm beyond the plane x = 0 (inside where x < 0)."""
    values = np.full((len(NAMES), 9, 9, 9), FAR_MM, np.float32)
    if plane:
        values[:] = (np.arange(9) * 10.0 - 40.0)[None, None, None, :]
    return make_fields(values, np.array([-40.0, -40.0, -40.0]), 10.0)


def ones(solids) -> np.ndarray:
    return np.tile([1.0, 0, 0, 0], (len(solids), 1))


def painted_ml(solids, fields=None, pose=None) -> float:
    """Millilitres that the solids fill on GRID."""
    image = paint(solids, ones(solids), fields or empty_fields(), GRID, np.eye(4) if pose is None else pose, 0.0, FLAT)
    return float(image.sum()) * GRID.voxel_ml


def test_a_painted_ball_has_the_volume_of_a_ball():
    radius = 11.0

    filled = painted_ml(ellipsoid("x", (0.3, -0.4, 0.2), (radius,) * 3))

    assert filled == pytest.approx(
        4 / 3 * np.pi * radius**3 / 1000, rel=0.015
    )  # flat-surface shares of a curved one: (2.5 / 11)^2 / 4


def test_a_painted_cylinder_has_the_volume_of_a_cylinder():
    filled = painted_ml(cylinder("x", (0.2, 0.1, 0.4), (9.0, 7.0, 10.0), turned(12, -8, 20).T))

    assert filled == pytest.approx(np.pi * 9 * 7 * 20 / 1000, rel=0.02)


def test_a_vessel_thinner_than_a_voxel_keeps_about_its_share():
    thin = tubes("x", [[-15.0, 0.2, 0.3]], [[15.0, 0.2, 0.3]], 0.4)

    filled = painted_ml(thin)

    cross_section = np.pi * 0.4**2
    assert filled == pytest.approx(cross_section * 30 / 1000, rel=0.25)  # its ends are round, and a slab stands for the tube


def test_a_solid_keeps_its_volume_when_the_patient_is_turned():
    shape = join(ellipsoid("x", (3.0, -2.0, 4.0), (9.0, 6.0, 8.0)), path("x", [(0, 0, -8), (5, 3, 0), (6, 6, 9)], 3.0))
    pose = np.eye(4)
    pose[:3, :3] = turned(9, -6, 14)

    assert painted_ml(shape, pose=pose) == pytest.approx(painted_ml(shape), rel=0.02)


def test_a_clipped_ball_is_half_a_ball():
    ball = ellipsoid("x", (0.0, 0.0, 0.0), (10.0,) * 3)

    half = painted_ml(ball.clipped(0), empty_fields(plane=True))

    assert half == pytest.approx(painted_ml(ball) / 2, rel=0.01)


def test_a_sheet_thinner_than_a_voxel_fills_its_thickness():
    thickness, height, depth = 0.9, GRID.shape[0] * GRID.spacing_mm[0], GRID.shape[1] * GRID.spacing_mm[1]

    filled = painted_ml(sheet("x", 0, thickness), empty_fields(plane=True))

    assert filled == pytest.approx(thickness * height * depth / 1000, rel=0.02)


def test_the_inside_of_a_field_fills_its_side():
    filled = painted_ml(inside("x", 0), empty_fields(plane=True))

    left_edge = GRID.origin_mm[0] - GRID.spacing_mm[2] / 2
    assert filled == pytest.approx(-left_edge * 41 * 0.9 * 23 * 2.5 / 1000, rel=0.01)


def wavy_fields() -> Fields:
    """Fields that rise and fall, some of them far steeper than a distance does."""
    z, y, x = np.mgrid[0:9, 0:9, 0:9] * 10.0 - 40.0
    one = 14 * np.sin(x / 9) + 0.6 * y + 0.3 * z
    values = np.stack([one * (1 + f % 3) + 5 * (f % 4) for f in range(len(NAMES))]).astype(np.float32)
    return make_fields(values, np.array([-40.0, -40.0, -40.0]), 10.0)


@pytest.mark.parametrize("turn", [(0, 0, 0), (4, -3, 6)])
def test_voxels_that_are_passed_over_would_not_have_been_painted(turn):
    grid, fields, pose = Grid((7, 29, 37), (5.0, 1.3, 1.1), (-19.8, -18.0, -15.0)), wavy_fields(), np.eye(4)
    pose[:3, :3] = turned(*turn)
    flat = path("x", [(-14, 3, -9), (2, 5, 0), (13, 9, 8)], (9.0, 7.0, 5.0), 0.3, [(0.2, 1, 0), (0, 1, 0.3), (0, 1, 0)])
    solids = join(
        inside("x", 1, 2.0).hidden(2, 1.0), sheet("x", 2, 1.5, -3.0), inside("x", 3).clipped(1, 4.0), flat,
        tubes("x", [[-15.0, -9.0, -12.0]], [[14.0, 6.0, 13.0]], 0.6, 4.5),
        tubes("x", [[-9.0, 9.0, 1.0]], [[9.0, 9.5, 1.2]], 0.4), tubes("x", [[3.0, -8.0, 0.0]], [[3.0, -8.0, 0.0]], 3.0),
        ellipsoid("x", (4, 2, 1), (13.0, 2.2, 9.0), turned(20, 40, 10).T),
        ellipsoid("x", (-8, -6, 3), (9.0, 7.0, 8.0), exponent=4.0),
        cylinder("x", (7, -9, -4), (6.0, 4.0, 5.0), turned(12, 8, 0).T),
        blob("x", (-6, 7, -5), (6.0, 5.0, 7.0), [[1.0, 0, 0, 0.3, 8.0], [0, -1.0, 0, -0.2, 6.0]]).softened(2.0),
    )  # fmt: skip
    shades = np.array([[10.0 * n - 40, 0.3, -0.2 * (n % 2), 0] for n in range(len(solids))])

    painted = paint(solids, shades, fields, grid, pose, -1000.0, FLAT)

    wanted = paint_all(solids, shades, fields, grid, pose, -1000.0)
    off = np.abs(painted - wanted)
    assert off.max() < 1e-3, f"{(off >= 1e-3).sum()} voxels, the first at {np.argwhere(off >= 1e-3)[0]}: {off.max():.1f}"


def test_later_solids_cover_earlier_ones():
    solids = join(ellipsoid("a", (0, 0, 0), (12.0,) * 3), ellipsoid("b", (0, 0, 0), (8.0,) * 3))
    shades = np.array([[50.0, 0, 0, 0], [-800.0, 0, 0, 0]])

    image = paint(solids, shades, empty_fields(), GRID, np.eye(4), -1000.0, FLAT)
    middle = tuple(np.rint(GRID.to_index((0, 0, 0))).astype(int))

    assert image[middle] == pytest.approx(-800)
    assert image[0, 0, 0] == -1000


def test_a_gradient_rises_to_the_back():
    image = paint(
        ellipsoid("lung", (0, 0, 0), (17.0,) * 3), np.array([[-850.0, 0.5, 0, 0]]), empty_fields(), GRID, np.eye(4), -1000, FLAT
    )
    front, back = (tuple(np.rint(GRID.to_index((0, y, 0))).astype(int)) for y in (-9.0, 9.0))

    assert image[back] - image[front] == pytest.approx(0.5 * 18, abs=0.5 * 0.9)  # half a pixel either side


def test_painting_gives_the_same_bits_on_one_and_two_threads():
    from lungstage.kernels.threads import count_threads, set_threads

    solids = join(ellipsoid("x", (0, 0, 0), (12.0, 9.0, 14.0)), path("x", [(-9, 0, -9), (9, 4, 9)], 2.0))
    before = count_threads()
    images = []
    for threads in (1, 2):
        set_threads(threads)
        images.append(paint(solids, ones(solids), empty_fields(), GRID, np.eye(4), 0.0, FLAT))
    set_threads(before)

    assert all(np.array_equal(images[0], image) for image in images)


def test_the_distance_to_a_round_tube_is_exact():
    tube = tubes("x", [[0, 0, -10.0]], [[0, 0, 10.0]], 3.0)

    distance = union_distance(np.array([[5.0, 0, 0], [0, 0, 0], [0, 0, 15.0], [3.0, 4.0, 2.0]]), tube, empty_fields())

    assert np.allclose(distance, [2.0, -3.0, 2.0, 2.0])


def test_a_measured_ball_has_the_diameter_and_volume_of_the_ball():
    size = measure_shape(ellipsoid("x", (4.0, -3.0, 2.0), (12.5,) * 3), None, empty_fields())

    assert size.longest_mm == pytest.approx(25.0, rel=0.01)  # marching cubes between samples 0.6 mm apart
    assert size.short_axis_mm == pytest.approx(25.0, rel=0.02)
    assert size.volume_ml == pytest.approx(4 / 3 * np.pi * 12.5**3 / 1000, rel=0.01)
    assert np.allclose(size.centre_mm, (4.0, -3.0, 2.0), atol=0.05)


def test_the_longest_diameter_of_a_tilted_ellipsoid_is_its_long_axis():
    shape = ellipsoid("x", (0, 0, 0), (15.0, 8.0, 6.0), turned(30, 40, 50).T)

    assert measure_shape(shape, None, empty_fields()).longest_mm == pytest.approx(30.0, rel=0.01)


def test_what_stands_out_of_a_lesion_is_not_measured():
    node = ellipsoid("x", (0, 0, 0), (8.0,) * 3)
    vessel = tubes("v", [[0, 0, -20.0]], [[0, 0, 20.0]], 4.0)

    whole, left = (measure_shape(node, without, empty_fields()) for without in (None, vessel))

    assert left.volume_ml < whole.volume_ml - np.pi * 16 * 12 / 1000


def test_a_shape_that_is_hidden_altogether_has_no_size():
    node = ellipsoid("x", (0, 0, 0), (3.0,) * 3)

    assert measure_shape(node, tubes("v", [[0, 0, -20.0]], [[0, 0, 20.0]], 6.0), empty_fields()) is None


def test_bumps_raise_the_surface_where_they_point():
    plain = blob("x", (0, 0, 0), (10.0,) * 3, np.zeros((0, 5)))
    bumpy = blob("x", (0, 0, 0), (10.0,) * 3, [[1.0, 0, 0, 0.2, 8.0]])
    points = np.array([[11.5, 0, 0], [-11.5, 0, 0]])

    assert np.allclose(shape_distance(points, plain, None, empty_fields()), 1.5, atol=1e-6)
    towards, away = shape_distance(points, bumpy, None, empty_fields())
    assert towards < 0 < away
