"""Masses of the CT and foci of the PET: one thing where the uptake fills the mass, two where a node is hot beside it."""

from types import SimpleNamespace

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.lesions.find_lesions import spill_of, told_apart
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.spots import Spot

NUMBERS = load_lesion_parameters().search


def block(low, high) -> np.ndarray:
    return np.stack(np.meshgrid(*[np.arange(a, b) for a, b in zip(low, high)], indexing="ij"), -1).reshape(-1, 3)


def spot(found_by, blocks, suv=None) -> Spot:
    return Spot(blocks.mean(axis=0), 5.0, 1.0, found_by, blocks, suv)


SEARCH = SimpleNamespace(grid=Grid((20, 20, 20), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0)), hu=np.zeros((20, 20, 20)))
MASS = block((0, 0, 0), (10, 10, 10))


def as_set(blocks) -> set:
    return set(map(tuple, blocks))


def test_a_focus_that_fills_a_mass_is_the_mass():
    masses, foci = told_apart([spot("mass", MASS)], [spot("focus", block((0, 0, 0), (10, 10, 8)), 9.0)], NUMBERS)

    assert [mass.suv for mass in masses] == [9.0] and not foci
    assert as_set(masses[0].blocks) == as_set(MASS)


@pytest.mark.parametrize("primary_suv, node_suv", [(12.0, 6.0), (6.0, 12.0)])
def test_a_small_focus_in_a_hot_mass_is_a_thing_of_its_own(primary_suv, node_suv):
    tumour, node = block((0, 0, 0), (10, 10, 6)), block((4, 4, 8), (7, 7, 10))

    masses, foci = told_apart([spot("mass", MASS)], [spot("focus", tumour, primary_suv), spot("focus", node, node_suv)], NUMBERS)

    assert [mass.suv for mass in masses] == [primary_suv] and [focus.suv for focus in foci] == [node_suv]
    assert not as_set(masses[0].blocks) & as_set(node)
    assert as_set(node) <= as_set(masses[0].beside)
    assert as_set(foci[0].beside) == as_set(MASS) - as_set(node)


def test_a_small_focus_leaves_a_cold_mass_cold():
    masses, foci = told_apart([spot("mass", MASS)], [spot("focus", block((4, 4, 4), (6, 6, 6)), 7.0)], NUMBERS)

    assert [mass.suv for mass in masses] == [None] and len(foci) == 1
    assert len(masses[0].blocks) == len(MASS) - 8


def test_a_focus_beside_a_mass_changes_nothing():
    masses, foci = told_apart([spot("mass", MASS)], [spot("focus", block((20, 0, 0), (24, 4, 4)), 7.0)], NUMBERS)

    assert as_set(masses[0].blocks) == as_set(MASS) and masses[0].suv is None
    assert len(foci) == 1 and not len(foci[0].beside)


def test_the_order_of_the_foci_does_not_matter():
    ones = [spot("focus", block((0, 0, 0), (10, 10, 6)), 12.0), spot("focus", block((4, 4, 8), (7, 7, 10)), 6.0)]

    first, second = (told_apart([spot("mass", MASS)], order, NUMBERS) for order in (ones, ones[::-1]))

    assert [as_set(mass.blocks) for mass in first[0]] == [as_set(mass.blocks) for mass in second[0]]
    assert [focus.suv for focus in first[1]] == [focus.suv for focus in second[1]]


def test_uptake_of_other_foci_spills_and_its_own_does_not():
    own, other = spot("focus", block((0, 0, 0), (3, 3, 3)), 5.0), spot("focus", block((5, 5, 5), (8, 8, 8)), 9.0)

    assert as_set(spill_of(own, [own, other], SEARCH)) == as_set(other.blocks)
    assert len(spill_of(spot("mass", MASS), [own, other], SEARCH)) == 54
