"""What moves during a scan, what dense things do to a CT, and what hours do to uptake."""

from dataclasses import replace

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.phantom.anatomy import build_anatomy
from lungstage.phantom.motion import Motion, draw_motion, move
from lungstage.phantom.parameters import read_table
from lungstage.phantom.physiology import draw_physiology
from lungstage.phantom.protocol import draw_protocol
from lungstage.phantom.scanner import draw_lattice, draw_moved
from lungstage.phantom.streaks import streaks
from lungstage.phantom.streams import stream
from lungstage.phantom.uptake import late_minutes, tissues_late

REST = Motion(0.0, 0.0, 100.0, 0.0)
PIXEL_MM, SIDE = 2.0, 192


@pytest.fixture(scope="module")
def chest(coarse):
    """Anatomy and a CT-like volume that tells at each voxel how high it lies."""
    anatomy = build_anatomy(8, "thorax", replace(coarse, field_step_mm=6.0, arteries_per_lung=4, veins_per_lung=4))
    low, high = anatomy.range_mm
    offset = anatomy.person.offset_mm
    grid = Grid((int((high - low) / 6), 60, 60), (6.0, 6.0, 6.0), (-180 + offset[0], -170 + offset[1], low + offset[2]))
    height = np.broadcast_to((6.0 * np.arange(grid.shape[0], dtype=np.float32))[:, None, None], grid.shape).copy()
    return anatomy, grid, height, draw_lattice(stream(1, "texture"))


def test_a_patient_at_rest_is_left_as_he_is(chest):
    anatomy, grid, height, lattice = chest

    assert np.array_equal(move(height, grid, anatomy, REST, lattice), height)


def test_a_breath_moves_the_bases_and_neither_the_apex_nor_the_wall(chest):
    anatomy, grid, height, lattice = chest
    moved = move(height, grid, anatomy, replace(REST, wave_mm=6.0), lattice)
    away = np.abs(moved - height)
    points = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, 3))
    frame = points @ anatomy.person.pose[:3, :3].T + anatomy.person.pose[:3, 3]
    cage = anatomy.fields.at("cage", frame).reshape(grid.shape)
    level = frame[:, 2].reshape(grid.shape)

    assert 3.0 < away.max() < 6.0 * 1.15**1.5 + 1e-3  # the profile ends at 1.15 ** 1.5 of the way
    assert away[cage > 8].max() < 1e-3
    assert away[level > 92 * anatomy.person.scale[2] + 8].max() < 1e-3  # a tilted patient's apex


def test_a_heartbeat_doubles_the_border_of_the_heart(chest):
    anatomy, grid, height, lattice = chest
    centre = anatomy.landmarks["heart_centre"]
    points = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, 3))
    frame = points @ anatomy.person.pose[:3, :3].T + anatomy.person.pose[:3, 3]
    far = np.linalg.norm(frame - centre, axis=1).reshape(grid.shape).astype(np.float32)
    ball = np.clip(40.0 - far, -3, 3)  # a heart with a border 6 mm wide
    moved = move(ball, grid, anatomy, replace(REST, beat_mm=8.0), lattice)

    k = int(round(grid.to_index(anatomy.person.to_lps(centre[None])[0])[0]))
    inside, outside = (far[k] < 18), (far[k] > 120)
    assert np.abs(moved[k] - ball[k])[inside].max() < 1e-3
    assert np.array_equal(moved[k][outside], ball[k][outside])
    rim = np.abs(far[k] - 38) < 4
    assert (moved[k] - ball[k])[rim].min() < -1.0


def discs(*places, hu=1200.0, radius=22.0):
    """A trunk of water with dense discs at x, y (mm)."""
    j, i = (np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2) * PIXEL_MM
    plane = np.where((i / 170) ** 2 + (j / 95) ** 2 <= 1, 0.0, -1000.0).astype(np.float32)
    for x, y in places:
        plane[(i - x) ** 2 + (j - y) ** 2 <= radius**2] = hu
    return plane


def test_between_two_arms_lies_a_dark_band():
    hu = streaks(discs((-110, 0), (110, 0)), PIXEL_MM)
    middle = SIDE // 2

    between, above = (
        hu[middle - 4 : middle + 4, middle - 20 : middle + 20].mean(),
        hu[middle - 40, middle - 20 : middle + 20].mean(),
    )
    # of two such discs a ray misses 19 mm, of each alone 6 mm: 7 mm over 44 mm of width and a ninth of all directions
    assert -20 < between < -4, between
    assert above > between + 4


def test_water_alone_throws_no_streaks_and_a_turned_slice_has_turned_ones():
    assert streaks(discs(), PIXEL_MM) is None
    plane = discs((-60, 20), (80, -10))

    hu = streaks(plane, PIXEL_MM)
    # which of two rays takes a block between them is not the same when turned: a tenth of the strongest
    assert np.allclose(streaks(plane.T.copy(), PIXEL_MM).T, hu, atol=0.1 * np.abs(hu).max())


def test_metal_throws_more_than_bone_and_stays_white():
    plane = discs((0, -40), hu=3000.0, radius=9.0)
    bone = streaks(discs((0, -40), hu=1200.0, radius=9.0), PIXEL_MM)
    metal = streaks(plane, PIXEL_MM, stream(1, "metal"))
    beside = plane < 100

    assert np.abs(metal[beside]).max() > 10 * np.abs(bone[beside]).max()
    assert (plane + metal)[plane == 3000].min() > 1900
    assert np.array_equal(metal, streaks(plane, PIXEL_MM, stream(1, "metal")))


def test_uptake_goes_on_in_who_waits_long(coarse):
    waits = {seed: late_minutes(seed) for seed in range(2000)}
    late = [minutes for minutes in waits.values() if minutes is not None]

    assert 0.07 < len(late) / len(waits) < 0.13  # 8 and 2 of 100
    assert min(late) >= 82
    assert max(late) <= 165
    anatomy = build_anatomy(8, "thorax", replace(coarse, field_step_mm=8.0, arteries_per_lung=2, veins_per_lung=2))
    plain = draw_physiology(8, anatomy.person, coarse)
    after = tissues_late(plain, 90.0)
    assert after.tissues["blood"].suv / plain.tissues["blood"].suv == pytest.approx(0.83, abs=0.01)  # priors.md 7.2
    assert after.tissues["liver"].suv / plain.tissues["liver"].suv == pytest.approx(0.95, abs=0.01)
    assert tissues_late(plain, None) is plain


def test_rare_protocols_come_at_their_share_and_change_nobody_else(coarse):
    numbers = replace(coarse, ct_slice_mm=None, ct_noise_hu=None, ct_pixel_mm=None)
    table = read_table("rare_protocols")
    usual = [draw_protocol(numbers, stream(seed, "p")) for seed in range(800)]
    drawn = [draw_protocol(numbers, stream(seed, "p"), stream(seed, "r")) for seed in range(800)]

    rare = [one.name in table["protocol"] for one in drawn]
    assert np.mean(rare) == pytest.approx(table["share"].sum(), abs=0.05)
    assert all(one == other for one, other, odd in zip(usual, drawn, rare, strict=True) if not odd)
    assert {0.625, 8.0} <= {one.ct_slice_mm for one in drawn}
    moved = np.array([np.any(draw_moved(stream(seed, "moved"))) for seed in range(1000)])
    assert moved.mean() == pytest.approx(0.12, abs=0.05)
    breaths = [draw_motion(stream(seed, "motion")).wave_mm > 0 for seed in range(1000)]
    assert np.mean(breaths) == pytest.approx(0.65, abs=0.07)
