"""Lungs, frame and atlas in, the sheets between the lobes out: the mean fissures of many patients in the boxes of these lungs."""

from __future__ import annotations

import numpy as np

from ..records import Fissures, Landmark, Lungs, PatientFrame
from .atlas import Atlas
from .findings import Clouds

LEAST_POINTS = 200
ENDS = (0.002, 0.998)


def place_fissures(clouds: Clouds, lungs: Lungs, frame: PatientFrame, landmarks: dict[str, Landmark], atlas: Atlas) -> Fissures:
    """The three sheets, told by the atlas; a lung whose ends the scan cuts off is completed by the landmarks."""
    boxes = {
        side: lung_box(side, frame.to_frame(cloud), landmarks, frame)
        for side, cloud in (("right", clouds.right), ("left", clouds.left))
    }
    coefficients, centres, scales, spreads = [], [], [], []
    for row in atlas.fissures:
        low, high, ends_sd = boxes[row.name.split("_")[0]]
        size = high - low
        terms = np.array(row.coefficients) * size[2]
        terms[0] += low[2]
        coefficients.append(terms)
        centres.append(low[:2])
        scales.append(size[:2])
        spreads.append(np.sqrt((row.sd_patient**2 + row.sd_surface**2) * size[2] ** 2 + ends_sd**2))
    names = tuple(row.name for row in atlas.fissures)
    return Fissures(
        names, np.array(coefficients), np.array(centres), np.array(scales), np.array(spreads), np.zeros(len(names), bool)
    )


def lung_box(side: str, place: np.ndarray, landmarks: dict[str, Landmark], frame: PatientFrame):
    """Lowest and highest (x, y, z) of a lung in the frame, and how unsure a height half-way between its ends is, in mm."""
    names = {
        "outer": f"lateral_{side}", "front": f"front_{side}", "back": f"back_{side}",
        "top": f"apex_{side}", "bottom": f"recess_{side}",
    }  # fmt: skip
    told = {end: frame.to_frame(landmarks[name].point_mm) for end, name in names.items()}
    inner = 6.0 if side == "left" else -6.0
    xs = sorted((inner, told["outer"][0]))
    low = np.array([xs[0], told["front"][1], told["bottom"][2]])
    high = np.array([xs[1], told["back"][1], told["top"][2]])
    seen = {end: landmarks[name].seen for end, name in names.items()}
    if len(place) >= LEAST_POINTS:
        first, last = np.quantile(place, ENDS, axis=0)
        # the lung reaches at least as far as it was seen; where an end was seen, exactly so far
        low = np.where([False, seen["front"], seen["bottom"]], first, np.minimum(low, first))
        high = np.where([False, seen["back"], seen["top"]], last, np.maximum(high, last))
        low[0], high[0] = first[0], last[0]
    ends = [landmarks[names[end]].covariance_mm2 for end in ("top", "bottom")]
    variance = [frame.axes[2] @ covariance @ frame.axes[2] for covariance in ends]
    return low, np.maximum(high, low + 10.0), 0.5 * float(np.sqrt(sum(variance)))
