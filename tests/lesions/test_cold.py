"""Of a dense part of the CT with uptake in one end only, the other end is something else; the cold inside of a tumour is not."""

import numpy as np
from scipy.ndimage import gaussian_filter

from lungstage.geometry import Grid
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.search import Search
from lungstage.lesions.spots import Spot, as_set
from lungstage.lesions.uptake import without_cold
from lungstage.records import Volume

NUMBERS = load_lesion_parameters().search
GRID = Grid((40, 40, 80), (2.0, 2.0, 2.0))
PET = Grid((20, 20, 40), (4.0, 4.0, 4.0))
NOWHERE, NOWHERE_OF_PET = np.zeros(GRID.shape, bool), np.zeros(PET.shape, bool)
SEARCH = Search(GRID, np.zeros(GRID.shape, np.float32), NOWHERE.astype(np.uint8), NOWHERE, NOWHERE, NOWHERE, ~NOWHERE)


def ball(grid, centre_mm, radius_mm):
    points = np.moveaxis(np.indices(grid.shape), 0, -1) * np.array(grid.spacing_mm)
    return np.linalg.norm(points - np.array(centre_mm), axis=-1) <= radius_mm


def seen(hot, suv=10.0, blood=1.7, unit="SUVbw", warm=NOWHERE_OF_PET):
    values = np.full(PET.shape, blood, np.float32)
    values[warm], values[hot] = 4.0, suv
    return Volume(gaussian_filter(values, 0.7), PET, unit)


def spot(found_by, mask, suv=None):
    blocks = np.argwhere(mask)
    return Spot(GRID.to_mm(blocks.mean(axis=0)), 20.0, 1.0, found_by, blocks, suv)


TUMOUR = (40.0, 40.0, 40.0), 20.0
AORTA = (40.0, 40.0, 110.0), 26.0
BOTH = ball(GRID, *TUMOUR) | ball(GRID, *AORTA) | ball(GRID, (40.0, 40.0, 72.0), 15.0)


def parts(pet, focus_suv=10.0):
    return without_cold(spot("mass", BOTH), [spot("focus", ball(GRID, *TUMOUR), focus_suv)], pet, SEARCH, NUMBERS)


def test_a_tumour_is_taken_off_the_vessel_behind_it():
    hot, cold = parts(seen(ball(PET, *TUMOUR)))

    tumour, aorta = as_set(np.argwhere(ball(GRID, *TUMOUR))), as_set(np.argwhere(ball(GRID, *AORTA)))
    assert tumour <= as_set(hot.blocks)
    assert len(as_set(hot.blocks) & aorta) < 0.1 * len(aorta)
    assert as_set(hot.blocks) == as_set(cold.beside) and as_set(cold.blocks) == as_set(hot.beside)
    assert np.linalg.norm(hot.centre_mm[::-1] - np.array(TUMOUR[0])) < 6.0


def test_the_cold_inside_of_a_tumour_is_its_own():
    centre, radius = AORTA  # a large one
    (whole,) = without_cold(
        spot("mass", ball(GRID, centre, radius)),
        [spot("focus", ball(GRID, centre, radius) & ~ball(GRID, centre, 12.0), 10.0)],
        seen(ball(PET, centre, radius) & ~ball(PET, centre, 14.0)),
        SEARCH,
        NUMBERS,
    )

    assert len(whole.blocks) == np.count_nonzero(ball(GRID, centre, radius))


def test_a_mass_that_is_warm_all_over_stays_whole():
    everywhere = ball(PET, *TUMOUR) | ball(PET, *AORTA) | ball(PET, (40.0, 40.0, 72.0), 15.0)

    assert len(parts(seen(ball(PET, *TUMOUR), warm=everywhere))) == 1


def test_a_mass_without_a_focus_in_it_stays_whole():
    assert len(without_cold(spot("mass", BOTH), [], seen(ball(PET, *TUMOUR)), SEARCH, NUMBERS)) == 1


def test_a_faint_tumour_keeps_what_is_half_as_warm():
    faint = seen(ball(PET, *TUMOUR), suv=3.2, blood=1.7)

    assert len(parts(faint, focus_suv=3.2)) == 1


def test_units_relative_to_the_patient_are_cut_alike():
    assert len(parts(seen(ball(PET, *TUMOUR), suv=6.0, blood=1.0, unit="SUVrel"), focus_suv=6.0)) == 2
