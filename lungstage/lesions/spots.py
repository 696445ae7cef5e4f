"""Where something is brighter than its surroundings and as thick in every direction: what all detectors have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

# A bright ball of radius r answers most strongly to a Gaussian of r / 1.5 or so; the exact factor for a ball with a sharp
# edge under the dot filter lies between sqrt(2) and sqrt(3).
RADIUS_OF_SCALE = 1.6


@dataclass(frozen=True, eq=False)
class Spot:
    """A place that a detector wants looked at.

    centre_mm   LPS
    radius_mm   as the detector saw it
    score       comparable within one detector only
    found_by    name of the detector
    blocks      (n, 3) indices of search blocks that surely belong to it, or empty
    suv         hottest value near, or None
    hot         (n, 3) blocks of the focus that makes it hot, or empty
    beside      (n, 3) blocks that belong to its neighbours, where its shape may not reach
    spill       (n, 3) blocks of foci other than its own, whose uptake shines into it
    isolated    its uptake is a small round island: no wall of a heart, no loop of gut
    moved_mm    (x, y, z) from it to its uptake, because the patient breathed
    """

    centre_mm: np.ndarray
    radius_mm: float
    score: float
    found_by: str
    blocks: np.ndarray = field(default_factory=lambda: np.empty((0, 3), int))
    suv: float | None = None
    hot: np.ndarray = field(default_factory=lambda: np.empty((0, 3), int))
    beside: np.ndarray = field(default_factory=lambda: np.empty((0, 3), int))
    spill: np.ndarray = field(default_factory=lambda: np.empty((0, 3), int))
    isolated: bool = False
    moved_mm: np.ndarray = field(default_factory=lambda: np.zeros(3))


def as_set(blocks: np.ndarray) -> set[tuple[int, int, int]]:
    """Of blocks (n, 3)."""
    return set(map(tuple, blocks.tolist()))


def as_blocks(blocks: set[tuple[int, int, int]]) -> np.ndarray:
    """(n, 3) in order."""
    return np.array(sorted(blocks), int).reshape(-1, 3)


def bright_spots(values: np.ndarray, where: np.ndarray, spacing_mm, scales_mm, least: float, power: float):
    """Local maxima, over place and scale, of a blob measure of bright things.

    values     float32 (z, y, x), smoothly continued outside of `where`
    where      bool, the voxels that may be a centre
    scales_mm  widths of the Gaussians
    least      smallest response that counts, in the unit of `values`
    power      2: the selective dot filter of Li 2003 (weakest curvature squared over the strongest), which leaves tubes out;
               less: long things that are round across count in part, as nodes are
    returns    index (n, 3), response (n), scale (n), strongest first
    """
    from scipy.ndimage import maximum_filter

    from ..kernels.gaussian import smooth_gaussian
    from ..kernels.hessian import hessian_eigenvalues

    best = np.zeros(values.shape, np.float32)
    scale = np.zeros(values.shape, np.float32)
    for sigma in scales_mm:
        smooth = smooth_gaussian(values, spacing_mm, sigma)
        curvature = hessian_eigenvalues(smooth, where, spacing_mm) * np.float32(sigma**2)
        here = np.zeros(values.shape, np.float32)
        here[where] = blob_measure(curvature, power)
        better = here > best
        best[better] = here[better]
        scale[better] = sigma
    reach = [2 * max(1, round(2.0 * min(scales_mm) / step)) + 1 for step in spacing_mm]
    peaks = np.argwhere((best >= least) & (best == maximum_filter(best, size=reach)))
    order = np.argsort(-best[tuple(peaks.T)], kind="stable")
    peaks = peaks[order]
    return peaks, best[tuple(peaks.T)], scale[tuple(peaks.T)]


def blob_measure(curvature: np.ndarray, power: float) -> np.ndarray:
    """float32 (n): how much of a bright blob rising curvatures (n, 3) make; 0 where the weakest is not bright."""
    strong, middle, weak = (np.maximum(-curvature[:, column], 0.0) for column in range(3))
    strong = np.maximum(strong, 1e-3)
    dot, cord = weak * weak / strong, middle * middle / strong
    return (power / 2.0 * dot + (1.0 - power / 2.0) * cord).astype(np.float32)


def apart(spots: list[Spot], share: float = 1.0) -> list[Spot]:
    """Without the weaker of two that lie within `share` of the larger one's radius of each other; strongest first."""
    kept: list[Spot] = []
    centres, radii = np.empty((len(spots), 3)), np.empty(len(spots))
    for spot in sorted(spots, key=lambda one: -one.score):
        count = len(kept)
        away = np.sqrt(((centres[:count] - spot.centre_mm) ** 2).sum(axis=1))
        if (away > share * np.maximum(radii[:count], spot.radius_mm)).all():
            centres[count], radii[count] = spot.centre_mm, spot.radius_mm
            kept.append(spot)
    return kept
