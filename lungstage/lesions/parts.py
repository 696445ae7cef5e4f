"""A mask in, its parts out: cut where it is thin (CT), or where the uptake between two peaks sinks (PET)."""

from __future__ import annotations

import numpy as np


def parts_at_necks(mask: np.ndarray, spacing_mm, neck_ratio: float) -> tuple[np.ndarray, int]:
    """int labels 1 … count: a dense part cut where it is thinner than `neck_ratio` of the thinner side's thickness.

    A tumour at the hilum, the vessels it touches and the heart behind them are one dense part; each is thick in itself and
    thin where it meets the next. On the logarithm of the distance from the surface a neck is as deep as its ratio says,
    whatever the size.
    """
    from ..kernels.distance import squared_distance_mm2

    padded = np.pad(mask, 1)
    half = 0.5 * min(spacing_mm)  # the surface runs half a voxel before the middle of the first voxel outside
    distance = np.sqrt(squared_distance_mm2(padded == 0, spacing_mm, np.inf)) - half
    parts, count = parts_at_saddles(np.log(np.maximum(distance, 0.5 * half)), padded, -np.log(neck_ratio))
    return parts[(slice(1, -1),) * 3], count


def parts_at_saddles(height: np.ndarray, mask: np.ndarray, depth: float) -> tuple[np.ndarray, int]:
    """int labels 1 … count: the basins (watershed of Vincent and Soille 1991) of peaks with a saddle of `depth` below them."""
    from scipy.ndimage import label
    from skimage.morphology import local_maxima, reconstruction
    from skimage.segmentation import watershed

    height = np.where(mask, height, height.min() - 2.0 * depth).astype(np.float32)
    # equal peaks without a saddle between them share one plateau
    seeds, count = label(local_maxima(reconstruction(height - np.float32(depth), height)) & mask, np.ones((3, 3, 3)))
    return watershed(-height, seeds, mask=mask), count
