"""The carina in drawn airways."""

import numpy as np
import pytest
from anatomy.chest import LEFT_MAIN, RIGHT_MAIN, SPACING, draw_chest

from lungstage.anatomy.airway_tree import find_airway_tree
from lungstage.anatomy.parameters import load_anatomy_parameters

NUMBERS = load_anatomy_parameters().numbers
VOXEL_MM = max(SPACING)


def tree_of(**wishes):
    _, lungs, _ = draw_chest(**wishes)
    return find_airway_tree(lungs.airway, lungs.grid, NUMBERS)


def test_the_carina_is_the_spur_between_the_main_bronchi():
    tree = tree_of()

    # the inner walls of the drawn bronchi part a few millimetres below the origin
    assert np.linalg.norm(tree.carina_mm - [0, 0, -1]) < 2.5 * VOXEL_MM, tree.carina_mm


def test_a_pouch_of_the_trachea_is_no_carina():
    assert np.linalg.norm(tree_of(pouch=True).carina_mm - tree_of().carina_mm) < VOXEL_MM


def test_main_bronchi_point_where_they_were_drawn():
    tree = tree_of()

    # within 15 degrees: the first centimetre still belongs to both
    assert tree.right_main_mm @ RIGHT_MAIN / np.linalg.norm(RIGHT_MAIN) > np.cos(np.radians(15))
    assert tree.left_main_mm @ LEFT_MAIN / np.linalg.norm(LEFT_MAIN) > np.cos(np.radians(15))


@pytest.mark.parametrize("turn", [(20, 0, 0), (0, 15, 0), (0, 0, 40), (-15, 10, 25)])
def test_the_carina_is_found_however_the_patient_lies(turn):
    shift = np.array([12.0, -30.0, 400.0])

    tree = tree_of(turn=turn, shift=shift)

    assert np.linalg.norm(tree.carina_mm - shift) < 3 * VOXEL_MM, tree.carina_mm - shift


def test_an_empty_airway_shows_nothing():
    tree = tree_of(airway=False)

    assert tree.carina_mm is None and not len(tree.trachea_mm)


def test_a_trachea_alone_has_no_carina():
    _, lungs, _ = draw_chest()
    above = lungs.airway.copy()
    above[lungs.grid.to_mm(np.moveaxis(np.indices(above.shape), 0, -1))[..., 2] < 12] = 0

    tree = find_airway_tree(above, lungs.grid, NUMBERS)

    assert tree.carina_mm is None
    assert len(tree.trachea_mm) > 0.98 * above.sum(), "all but an odd voxel at the top"
