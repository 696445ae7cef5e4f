"""Brown fat is hot and fat all through; a hot node is soft tissue, though blur and noise make fat of its rim."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lungstage.lesions.alternatives import brown_fat
from lungstage.lesions.parameters import load_lesion_parameters

NUMBERS = load_lesion_parameters().search


def node_in_fat(radius_mm, noise_hu, node_hu=40.0, fat_hu=-100.0, blur_mm=0.8):
    """HU of the voxels of 1 mm of a node, as a scanner shows it, and of the fat beside it."""
    points = np.indices((31, 31, 31)) - 15.0
    inside = np.linalg.norm(points, axis=0) <= radius_mm
    image = gaussian_filter(np.where(inside, node_hu, fat_hu), blur_mm)
    image += np.random.default_rng(0).normal(0, noise_hu, image.shape)
    return image[inside], image[~inside]


@pytest.mark.parametrize("noise", [5.0, 25.0, 50.0])
def test_fat_is_and_a_node_is_not(noise):
    for radius in (3.0, 5.0, 10.0):
        node, fat = node_in_fat(radius, noise)

        assert brown_fat(node, NUMBERS)[1] < 0.05
        assert brown_fat(fat, NUMBERS)[1] > 0.5


def test_more_fat_is_never_less_like_brown_fat():
    p = [brown_fat(np.where(np.arange(100) < n, -90.0, 40.0), NUMBERS)[1] for n in range(0, 101, 5)]

    assert p == sorted(p) and p[0] < 0.001 and p[-1] > 0.9
