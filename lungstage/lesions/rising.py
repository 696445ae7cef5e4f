"""A measure and its border in, a probability out: the soft step that every trait and alternative uses."""

from __future__ import annotations

import numpy as np

FARTHEST = 30.0  # blurs from the middle beyond which nothing changes


def rising(value: float, middle: float, blur: float) -> float:
    """From 0 to 1 with the value, 1/2 at the middle (logistic)."""
    return float(1.0 / (1.0 + np.exp(-np.clip((value - middle) / blur, -FARTHEST, FARTHEST))))
