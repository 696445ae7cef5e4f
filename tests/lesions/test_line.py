"""The oesophagus is a line of uptake along the body; nodes, also two of them one above the other, are none."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lungstage.geometry import Grid
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.rising import rising
from lungstage.lesions.uptake import line_of_uptake
from lungstage.records import Volume

NUMBERS = load_lesion_parameters().search
MIDDLE = np.zeros(3)


def pet(hot, spacing=(3.0, 4.0, 4.0), suv=6.0):
    """Of what `hot` says of points (x, y, z) in mm, in blood; blurred."""
    shape = tuple(int(200 / step) for step in spacing)
    grid = Grid(shape, spacing, tuple(-0.5 * (n - 1) * step for n, step in zip(shape, spacing))[::-1])
    points = grid.to_mm(np.moveaxis(np.indices(shape), 0, -1))
    values = gaussian_filter(np.where(hot(points), suv, 1.4), 2.5 / np.array(spacing))
    return Volume(values.astype(np.float32), grid, "SUVbw")


def rod(axis, length, radius=6.0):
    axis = np.array(axis, float) / np.linalg.norm(axis)

    def inside(points):
        along = points @ axis
        return (abs(along) <= length / 2) & (np.linalg.norm(points - along[..., None] * axis, axis=-1) <= radius)

    return inside


def ball(radius, centre=(0, 0, 0)):
    return lambda points: np.linalg.norm(points - np.array(centre), axis=-1) <= radius


def p_line(volume):
    ratio, upright = line_of_uptake(volume, MIDDLE)
    return rising(ratio, NUMBERS.line_ratio, NUMBERS.line_blur) * (upright > NUMBERS.line_upright)


@pytest.mark.parametrize("spacing", [(3.0, 4.0, 4.0), (2.0, 2.0, 2.0), (5.0, 5.3, 5.3)])
def test_an_oesophagus_is_a_line_however_it_slants(spacing):
    for axis in ((0, 0, 1), (0.3, -0.3, 1), (0.2, 0.6, 1)):
        assert p_line(pet(rod(axis, 110.0), spacing)) > 0.8, axis


def test_nodes_are_none():
    for hot in (ball(5.0), ball(15.0), lambda p: ball(8.0, (0, 0, 0))(p) | ball(8.0, (2, 0, 17))(p), rod((0, 0, 1), 24.0)):
        assert p_line(pet(hot)) < 0.1


def test_a_line_across_the_body_is_no_oesophagus():
    assert p_line(pet(rod((1, 0.2, 0.1), 110.0))) == 0.0


@pytest.mark.parametrize("suv", [4.0, 6.0, 15.0])
def test_a_line_is_one_however_hot_it_is(suv):
    assert p_line(pet(rod((0, 0, 1), 90.0), suv=suv)) > 0.8


def test_a_voxel_alone_is_no_line_also_at_the_corner_of_the_image():
    assert line_of_uptake(pet(ball(1.0), (5.0, 5.3, 5.3), suv=300.0), MIDDLE + 500.0)[0] < 1.5
