"""A picture of the report: what it shows in pixels, as a file, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .png import png_of


@dataclass(frozen=True, eq=False)
class Picture:
    """RGB uint8 (rows, columns, 3), the name of its file, and what it shows, for those who cannot see it."""

    name: str
    pixels: np.ndarray
    alt: str

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG; equal pixels are equal bytes."""
        return png_of(self.pixels)
