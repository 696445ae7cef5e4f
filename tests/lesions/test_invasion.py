"""Growth into a neighbour: signs move the odds in their direction, uptake is told from blur, bone by the other half's."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from lungstage.geometry import Grid
from lungstage.lesions.beyond import uptake_beyond
from lungstage.lesions.contacts import crossing
from lungstage.lesions.invasion import Signs, invaded
from lungstage.lesions.lost_bone import lost_vertebra
from lungstage.lesions.malignancy import FWHM_PER_SIGMA
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.search import Search
from lungstage.records import ShapeSamples, Volume

ALL = load_lesion_parameters()
NUMBERS, TABLE = ALL.contacts, ALL.invasion
GRID = Grid((40, 40, 60), (2.0, 2.0, 2.0))
POINTS = np.moveaxis(np.indices(GRID.shape), 0, -1) * 2.0
WALL_MM = 60.0  # lung is where x is less
NOTHING = np.zeros(GRID.shape, bool)
NO_SPILL = np.empty((0, 3), int)
VERTEBRA = 85


def p_invaded(structure, longest=25.0, length=5.0, angle=20.0, fat=0.0, beyond=None, bone=None):
    one = np.ones(1)
    return float(invaded(longest * one, Signs(length * one, angle * one, fat, beyond, bone), TABLE[structure], NUMBERS)[0])


@pytest.mark.parametrize("structure", sorted(TABLE))
def test_the_extent_of_a_contact_and_size_move_the_odds_up(structure):
    sizes = [p_invaded(structure, longest) for longest in (8, 15, 28, 45, 80)]

    assert p_invaded(structure) <= p_invaded(structure, length=45.0, angle=120.0, fat=1.0)
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("structure", sorted(TABLE))
@given(values=st.tuples(st.floats(0, 1.5), st.floats(0, 1.5)))
def test_more_uptake_beyond_the_border_and_more_bone_gone_are_never_less_growth(structure, values):
    less, more = sorted(values)

    assert p_invaded(structure, beyond=less) <= p_invaded(structure, beyond=more) + 1e-12
    assert p_invaded(structure, bone=less) <= p_invaded(structure, bone=more) + 1e-12


def test_a_cold_wall_speaks_against_growth_and_without_pet_nothing_does():
    assert p_invaded("chest_wall", 40.0, beyond=0.0) < p_invaded("chest_wall", 40.0) < p_invaded("chest_wall", 40.0, beyond=0.6)


def ball(centre_mm, radius_mm):
    return np.linalg.norm(POINTS - np.array(centre_mm, float), axis=-1) <= radius_mm


def samples(mask):
    one = np.ones(1)
    return ShapeSamples(GRID, mask[None].astype(np.uint8), 30.0 * one, 30.0 * one, 30.0 * one, one)


def survey(uptake, bone=NOTHING, wall_suv=0.8):
    """A lung beside a wall; uptake: what takes up 10."""
    lung = POINTS[..., 2] < WALL_MM
    suv = np.where(uptake, 10.0, np.where(lung, 0.5, wall_suv)).astype(np.float32)
    suv = gaussian_filter(suv, ALL.malignancy.pet_blur_mm / FWHM_PER_SIGMA / 2.0)
    search = Search(GRID, np.where(lung, -850, 40).astype(np.float32), lung.astype(np.uint8), lung, NOTHING, bone, ~NOTHING)
    study = SimpleNamespace(pet=Volume(suv, GRID, "SUVbw"), ct=SimpleNamespace(grid=GRID))
    normal = SimpleNamespace(z_pet=np.where(suv > 1.5, 10.0, 0.0))
    labels = np.where(bone, VERTEBRA, 0).astype(np.uint8)
    return SimpleNamespace(study=study, search=search, normal=normal, numbers=ALL, skeleton=SimpleNamespace(labels=labels))


def beyond(uptake, shape, spill=NO_SPILL):
    found = uptake_beyond(samples(shape), spill, survey(uptake))
    return found.of(np.ones(len(found.excess), bool))


LUNG = POINTS[..., 2] < WALL_MM


@pytest.mark.parametrize("radius", [8.0, 12.0, 20.0])
def test_blur_of_a_tumour_that_only_leans_on_the_wall_is_no_growth(radius):
    tumour = ball((40, 40, WALL_MM - 0.6 * radius), radius) & LUNG

    assert beyond(tumour, tumour) < 0.1


@pytest.mark.parametrize("radius", [12.0, 20.0])
def test_uptake_of_what_has_grown_into_the_wall_is(radius):
    tumour = ball((40, 40, WALL_MM - 0.3 * radius), radius)

    assert beyond(tumour, tumour & LUNG) > 0.4


def test_a_shape_drawn_too_small_on_every_side_is_no_growth():
    tumour = ball((40, 40, WALL_MM - 12.0), 14.0) & LUNG

    assert beyond(tumour, ball((40, 40, WALL_MM - 12.0), 10.0)) < 0.15


def test_a_hot_neighbour_is_not_the_tumours_growth():
    tumour, node = ball((40, 40, WALL_MM - 8.0), 12.0) & LUNG, ball((40, 40, WALL_MM + 9.0), 6.0)

    alone = beyond(tumour | node, tumour)
    assert beyond(tumour | node, tumour, np.argwhere(node)) < 0.5 * alone


def test_a_lesion_as_cold_as_its_surroundings_says_nothing():
    tumour = ball((40, 40, WALL_MM - 8.0), 12.0) & LUNG

    assert uptake_beyond(samples(tumour), NO_SPILL, survey(NOTHING)) is None


@pytest.mark.parametrize("turned", [False, True])
def test_the_half_of_a_vertebra_that_a_tumour_has_taken_is_missed(turned):
    """A body of 40 mm; a tumour lies on one side of it, and has or has not taken 8 mm away."""
    spine = (np.abs(POINTS[..., 2] - 60) < 20) & (np.abs(POINTS[..., 1] - 40) < 15)
    tumour = ball((40, 40, 33.0), 15.0)
    whole, bitten = spine & ~tumour, spine & ~ball((40, 40, 42.0), 10.0)

    def gone(bone, lesion):
        flip = slice(None, None, -1) if turned else slice(None)
        return lost_vertebra(samples(lesion[..., flip]), survey(NOTHING, bone[..., flip])).volume_ml

    assert gone(bitten, tumour) > 1.0
    assert gone(spine, tumour & ~spine) == 0.0
    assert gone(whole, ball((10, 10, 10.0), 8.0)) == 0.0  # nothing near that lesion is gone


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_more_of_a_shape_beyond_the_fissure_is_more_probably_across_it(share):
    lobes = {"right_upper_lobe": 1.0 - share, "right_middle_lobe": share}
    halves = {"right_upper_lobe": 0.5, "right_middle_lobe": 0.5}
    row = TABLE["adjacent_lobe"]

    p = crossing(lobes, samples(NOTHING), row, NUMBERS)[0].p_invaded
    assert p == pytest.approx(2 * share * crossing(halves, samples(NOTHING), row, NUMBERS)[0].p_invaded)
