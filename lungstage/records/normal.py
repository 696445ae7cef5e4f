"""This patient imagined healthy: what CT and PET should show, and how far from it they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid
from .arrays import freeze_on
from .spread import Spread


@dataclass(frozen=True, eq=False)
class Normal:
    """Expected values with spread.

    grid           working grid of about 3 mm over the CT
    expected_hu    float32 on `grid`; spread_hu the standard deviation; z_ct = (measured block mean - expected) / spread
    grid_pet       grid of the PET, or None; expected_suv, spread_suv and z_pet float32 on it, or None
    lung_hu, blood_suv, liver_suv   the patient's own references (SUV ones None without PET)
    """

    grid: Grid
    expected_hu: np.ndarray
    spread_hu: np.ndarray
    z_ct: np.ndarray
    lung_hu: Spread
    grid_pet: Grid | None = None
    expected_suv: np.ndarray | None = None
    spread_suv: np.ndarray | None = None
    z_pet: np.ndarray | None = None
    blood_suv: Spread | None = None
    liver_suv: Spread | None = None

    def __post_init__(self):
        freeze_on(self, self.grid, "expected_hu", "spread_hu", "z_ct")
        if self.grid_pet is not None:
            freeze_on(self, self.grid_pet, "expected_suv", "spread_suv", "z_pet")
