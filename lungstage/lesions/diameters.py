"""A mask and its spacing in, its diameters and its volume out: what TNM and RECIST count in.

Longest in any plane for T (a tumour's size is its greatest dimension), short axis in the axial plane for nodes.
"""

from __future__ import annotations

import numpy as np


def longest_mm(mask: np.ndarray, spacing_mm) -> float:
    """The longest diameter in any direction, mm; mask uint8 or bool (z, y, x), spacing (z, y, x); 0 when empty."""
    return float(measure_masks(mask[None], spacing_mm)[0, 0])


def axial_diameters_mm(mask: np.ndarray, spacing_mm) -> tuple[float, float]:
    """The longest diameter in one axial slice and the short axis, perpendicular to it in that slice, mm."""
    longest, short = measure_axial(mask[None], spacing_mm)[0]
    return float(longest), float(short)


def volume_ml(mask: np.ndarray, spacing_mm) -> float:
    """Volume of the mask in millilitres."""
    return float(np.count_nonzero(mask) * np.prod(spacing_mm) / 1000.0)


def measure_masks(masks: np.ndarray, spacing_mm) -> np.ndarray:
    """float64 (n, 3) mm of masks (n, z, y, x): longest in any direction, longest axial, short axis."""
    from ..kernels.feret import diameters_mm

    return diameters_mm(masks, spacing_mm)


def measure_axial(masks: np.ndarray, spacing_mm) -> np.ndarray:
    """float64 (n, 2) mm of masks (n, z, y, x): longest axial and short axis."""
    from ..kernels.feret import axial_diameters_mm

    return axial_diameters_mm(masks, spacing_mm)
