"""The CT is one breath, the PET the mean of many: uptake near the diaphragm belongs to a nodule that lies beside it."""

from types import SimpleNamespace

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.lesions.breath import Breath, blocks_moved, breath_of, displaced_mm, lies_in_air, with_uptake_at_home
from lungstage.lesions.find_lesions import merged, spill_of
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.search import Search
from lungstage.lesions.spots import Spot
from lungstage.records import Passport, Study, Volume

NUMBERS = load_lesion_parameters()
BREATH = Breath(top_mm=0.0, base_mm=-200.0, shift_mm=-16.0, spread_mm=8.0, mediastinum=0.5)
GRID = Grid((100, 100, 100), (2.0, 2.0, 2.0), (-100.0, -100.0, -200.0))


def search():
    air = np.full(GRID.shape, -850.0, np.float32)
    no, everywhere = np.zeros(GRID.shape, bool), np.ones(GRID.shape, bool)
    return Search(GRID, air, np.ones(GRID.shape, np.uint8), everywhere, no, no, everywhere)


def nodule(at, radius_mm=4.0, found_by="nodule", score=1.0):
    return Spot(np.array(at, float), radius_mm, score, found_by)


def focus(at, suv=6.0, radius_mm=7.0, blocks=None):
    return Spot(np.array(at, float), radius_mm, 5.0, "focus", np.empty((0, 3), int) if blocks is None else blocks, suv)


def brought_together(foci, lung, breath=BREATH):
    survey = SimpleNamespace(numbers=NUMBERS, search=search())
    return merged(list(foci), list(lung), [], survey, breath)


def test_movement_fades_from_the_base_to_the_top_and_no_movement_is_always_possible():
    for z_mm in (50.0, 0.0, -60.0, -200.0, -260.0):
        low, high = BREATH.window_mm(z_mm)
        assert (low <= 0).all() and (high >= 0).all()
    assert BREATH.window_mm(0.0)[0] == pytest.approx([0, 0, 0])
    assert BREATH.window_mm(-200.0)[0] == pytest.approx([-8, -8, -24]) and BREATH.window_mm(-200.0)[1] == pytest.approx([8, 8, 8])


def test_a_focus_below_a_nodule_of_the_base_is_its_uptake():
    (one,) = brought_together([focus((40, 20, -196))], [nodule((40, 20, -178))])

    assert one.found_by == "nodule" and one.suv == 6.0 and one.moved_mm == pytest.approx([0, 0, -18])


def test_as_far_apart_at_the_top_they_are_two_things():
    spots = brought_together([focus((40, 20, -38))], [nodule((40, 20, -20))])

    assert sorted((one.found_by, one.suv) for one in spots if one.suv) == [("focus", 6.0)] and len(spots) == 2


def test_a_focus_goes_to_the_nodule_that_the_smaller_breath_explains():
    spots = brought_together([focus((40, 20, -180))], [nodule((40, 20, -164)), nodule((41, 20, -180))])
    hot = next(one for one in spots if one.suv)

    assert hot.centre_mm == pytest.approx([41, 20, -180])


def test_what_shines_into_a_moved_spot_is_moved_with_the_pet():
    beside = np.array([[40, 50, 50], [41, 50, 50]])
    foci = [focus((40, 20, -196)), focus((0, 0, -120), suv=9.0, blocks=beside)]
    spot = next(one for one in brought_together(foci, [nodule((40, 20, -178))]) if one.suv == 6.0)

    assert spill_of(spot, foci, search()).tolist() == (beside + [9, 0, 0]).tolist()  # 18 mm up, blocks of 2 mm


def test_without_a_breath_nothing_is_moved():
    assert displaced_mm(focus((0, 0, -180)), nodule((0, 0, -170)), None) == pytest.approx([0, 0, 0])
    assert displaced_mm(focus((0, 0, -180)), nodule((0, 0, -170), found_by="given"), BREATH) == pytest.approx([0, 0, 0])


def test_a_node_moves_with_the_mediastinum():
    hot, lung = focus((0, 0, -196)), displaced_mm(focus((0, 0, -196)), nodule((0, 0, -172)), BREATH)

    assert displaced_mm(hot, nodule((0, 0, -172), found_by="node"), BREATH) == pytest.approx(
        0.5 * np.clip(lung, -20.64, 0), abs=1e-6
    )


def test_the_pet_is_moved_back_onto_the_nodule():
    ct = Volume(np.zeros((4, 4, 4), np.int16), Grid((4, 4, 4), (1.0,) * 3, (0.0,) * 3), "HU")
    values = np.zeros((20, 20, 20), np.float32)
    values[5, 9, 9] = 7.0
    pet = Volume(values, Grid(values.shape, (4.0,) * 3, (-40.0, -40.0, -220.0)), "SUVbw")
    study = Study(ct, pet, Passport((), None, None, {}, (), "made for a test"))
    hot_mm = pet.grid.to_mm(np.array([5, 9, 9]))

    back = with_uptake_at_home(study, np.array([3.0, -2.0, -18.0]))

    assert back.pet.grid.to_mm(np.array([5, 9, 9])) == pytest.approx(hot_mm - (3, -2, -18))
    assert with_uptake_at_home(study, np.zeros(3)) is study


def test_what_lies_in_air_is_told_by_the_tissue_under_it():
    count = int(4 / 3 * np.pi * 7**3 / 8)
    ball = np.argwhere(np.linalg.norm(np.indices((9, 9, 9)) - 4.0, axis=0) <= 3.5)

    assert lies_in_air(focus((0, 0, 0)), search(), 0.3) and not lies_in_air(focus((0, 0, 0), blocks=ball), search(), 0.3)
    assert abs(len(ball) - count) < 0.3 * count


def test_blocks_are_moved_and_none_leaves_the_scan():
    blocks = np.array([[0, 5, 5], [10, 5, 5]])

    assert blocks_moved(blocks, np.array([0.0, 0.0, -4.0]), search()).tolist() == [[8, 5, 5]]


def test_the_lungs_and_the_dome_tell_the_breath():
    hull = np.zeros((40, 8, 8), np.uint8)
    hull[10:31] = 1
    lungs = SimpleNamespace(hull=hull, grid=Grid(hull.shape, (5.0, 4.0, 4.0), (0.0, 0.0, -300.0)))
    study = SimpleNamespace(passport=SimpleNamespace(breathing_shift_mm=None))

    found = breath_of(study, lungs, NUMBERS.search)

    assert (found.top_mm, found.base_mm, found.shift_mm) == (-150.0, -250.0, 0.0)
