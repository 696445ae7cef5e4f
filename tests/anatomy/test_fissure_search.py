"""A bright plate in a drawn lung is found, and noise is not."""

import numpy as np
from anatomy.chest import draw_chest

from lungstage.anatomy.fissure_search import Sheet, about_corner, lattice, search_sheet, terms
from lungstage.records import PatientFrame

FRAME = PatientFrame((0, 0, 0), np.eye(3), (260, 140, 250))
BOX = (np.array([-128.0, -105.0, -170.0]), np.array([-14.0, 85.0, 93.0]))


def told(off=0.0):
    """A sheet that rises to the back, `off` mm too high."""
    size = BOX[1] - BOX[0]
    return Sheet(np.array([-110.0 + off, 5.0, 120.0, 0.0, 0.0, 0.0]), BOX[0][:2], size[:2], 15.0)


def searched(plate, off):
    study, lungs, _ = draw_chest(plate=plate)
    return search_sheet(told(off), study.ct, lungs.right, BOX, FRAME)


def true_height(x, y):
    return told().height(np.stack([x, y], axis=-1).reshape(-1, 2)).reshape(x.shape)


def test_a_plate_twelve_millimetres_off_the_told_sheet_is_found():
    found, chance = searched(true_height, 12.0)

    xy = lattice(BOX)
    inside = np.abs(xy - [-70, -10]).max(axis=1) < 40
    away = terms(told().uv(xy)) @ found.coefficients - told().height(xy)
    assert np.abs(away[inside]).mean() < 4.0, "about one slice"
    assert found.share > chance.max() + 0.1


def test_noise_agrees_no_more_than_its_scrambled_copies():
    found, chance = searched(None, 0.0)

    # eight copies: three of their standard deviations is what chance rarely passes
    assert found.share < chance.mean() + 3 * max(chance.std(), 0.02)


def test_a_polynomial_about_the_middle_is_the_same_about_the_corner():
    moved = np.array([1.0, -2.0, 3.0, 0.5, -0.7, 0.9])
    uv = np.random.default_rng(0).random((9, 2))

    assert np.allclose(terms(uv) @ about_corner(moved), terms(uv - 0.5) @ moved)
