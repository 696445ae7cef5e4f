"""Probabilities of regions, lobes and stations at points, from arrays one can check by hand."""

import numpy as np
import pytest

from lungstage.records import Blobs, Borders, Compartments, Fissures, Grid, StationLimits
from lungstage.records.names import LOBES, STATIONS
from lungstage.records.places import (
    lobe_probability,
    region_probability,
    seen_region_probability,
    sheet_height,
    station_probability,
)

FLAT = Fissures(
    ("right_oblique", "right_horizontal", "left_oblique"),
    np.array([[-20.0, 0, 30, 0, 0, 0], [10.0, 0, 0, 0, 0, 0], [-10.0, 0, 30, 0, 0, 0]]),
    np.zeros((3, 2)), np.full((3, 2), 50.0), np.full(3, 4.0), np.zeros(3, bool),
)  # fmt: skip


def two_blobs(**more):
    return Blobs(
        ("heart", "liver"), np.array([[0.0, 0, 0], [0, 0, -100]]), np.tile(np.eye(3) / 400, (2, 1, 1)), np.full(2, 2.0),
        np.full(2, 5.0), np.ones(2), **more,
    )  # fmt: skip


def twenty_stations(**more):
    many = len(STATIONS)
    centres = np.array([[10.0 * k - 100, 0, 0] for k in range(many)])
    return StationLimits(
        np.full((many, 3), -np.inf), np.full((many, 3), np.inf), np.full((many, 3), 3.0), centres,
        np.tile(np.eye(3) * 25.0, (many, 1, 1)), np.ones(many), **more,
    )  # fmt: skip


def test_a_point_inside_one_organ_is_that_organ():
    p = region_probability(two_blobs(), [[0, 0, 5], [0, 0, -100], [0, 0, -50]])

    assert p.sum(axis=1) == pytest.approx(1.0)
    assert p[0, 0] > 0.99 and p[1, 1] > 0.99
    assert p[2] == pytest.approx([0.5, 0.5], abs=0.01), "half-way between two equal organs"


def test_a_region_of_two_ellipsoids_is_one_column():
    blobs = two_blobs(columns=np.array([0, 0]))

    p = region_probability(blobs, [[0, 0, 0], [0, 0, -100]])

    assert p[:, 0] == pytest.approx([1, 1])


def test_lobes_lie_above_and_below_the_fissures():
    p = lobe_probability(FLAT, [[-60, -40, 60], [-60, -40, -10], [-60, 40, -80], [60, -40, 30], [60, 40, -80]])

    assert p.sum(axis=1) == pytest.approx(1.0)
    assert [LOBES[k] for k in p.argmax(axis=1)] == list(LOBES)
    assert p.max(axis=1).min() > 0.95


def test_a_point_on_a_fissure_is_in_either_lobe():
    height = sheet_height(FLAT, [[60, 25, 0]])[0, 2]

    p = lobe_probability(FLAT, [[60, 25, height]], p_left=[1.0])

    assert height == pytest.approx(-10 + 30 * 25 / 50)
    assert p[0] == pytest.approx([0, 0, 0, 0.5, 0.5])


def test_known_sides_overrule_the_midline():
    assert lobe_probability(FLAT, [[20, -40, 60]], p_left=[0.0])[0, :3].sum() == pytest.approx(1.0)


def test_the_nearest_station_is_the_most_probable_one():
    stations = twenty_stations()

    p = station_probability(stations, np.zeros((0, 2)), stations.centres)

    assert p.sum(axis=1) == pytest.approx(1.0)
    assert (p.argmax(axis=1) == np.arange(len(STATIONS))).all()


def test_the_left_wall_of_the_trachea_parts_4R_from_4L():
    right, left = STATIONS.index("4R"), STATIONS.index("4L")
    centres = np.zeros((len(STATIONS), 3))
    centres[[k for k in range(len(STATIONS)) if k not in (right, left)]] = 500.0
    stations = twenty_stations()
    stations = StationLimits(stations.low, stations.high, stations.spread_mm, centres, stations.covariances, stations.weights)
    border = np.array([[-10.0, 12.0], [10.0, 8.0]])

    p = station_probability(stations, border, [[4, 0, 0], [10, 0, 0], [16, 0, 0], [10, 0, 10]])

    assert p[0, right] > 0.95, "left of the midline, but right of the left wall"
    assert p[1, right] == pytest.approx(0.5, abs=0.01)
    assert p[2, left] > 0.95
    assert p[3, left] > 0.75, "higher up the wall stands further to the right"


def test_an_oblique_border_keeps_a_station_on_its_side():
    k = STATIONS.index("7")
    slanted = np.array([[1.0, 0, 1.0]]) / np.sqrt(2)
    stations = twenty_stations(borders=Borders(np.array([k]), slanted, np.array([0.0]), np.array([1.0])))
    centre = stations.centres[k]

    inside, outside = station_probability(
        stations, np.zeros((0, 2)), [centre + [0, 0, -5 - centre[0]], centre + [0, 0, 5 - centre[0]]]
    )

    assert inside[k] > 50 * outside[k]


def compartments(shape=(10, 12, 14)):
    grid = Grid(shape, (4.0, 4.0, 4.0), (-26.0, -22.0, -18.0))
    x = grid.to_mm(np.moveaxis(np.indices(shape), 0, -1))[..., 0].astype(np.float32)
    far = np.full(shape, 40, np.float32)
    return Compartments(grid, x + 10, far, far, 18 - x, None, np.full(shape, 90, np.uint8), {90: (7,)}, 2.0)


def seen_blobs():
    names = (*LOBES, "airway", "heart", "sternum")
    groups = ("lung",) * 6 + ("mediastinum", "bone")
    return Blobs(
        names, np.array([[0.0, 0, 0]]), np.eye(3)[None] / 400, np.array([2.0]), np.array([5.0]), np.ones(1), np.array([6]), groups
    )  # fmt: skip


def test_the_masks_say_lung_and_bone_and_the_atlas_says_which_organ():
    points = np.array([[-20.0, -10, 0], [4.0, 0, 0], [25.0, 0, 0]])

    p = seen_region_probability(seen_blobs(), compartments(), FLAT, points, points)

    names = seen_blobs().names
    assert p.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert names[p[0].argmax()].startswith("right_")
    assert names[p[1].argmax()] == "heart"
    assert names[p[2].argmax()] == "sternum"
    assert p.max(axis=1)[1:].min() > 0.95


def test_outside_of_the_image_the_atlas_alone_tells():
    far = np.array([[4.0, 0, 300.0]])

    p = seen_region_probability(seen_blobs(), compartments(), FLAT, far, far)

    assert p == pytest.approx(region_probability(seen_blobs(), far))
