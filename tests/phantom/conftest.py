"""Small patients for quick tests: coarse voxels, few vessels."""

from dataclasses import replace

import pytest

from lungstage.phantom import make_case
from lungstage.phantom.parameters import shipped_parameters


@pytest.fixture(scope="session")
def coarse():
    """Parameters of a scan with 6 mm pixels, 10 mm slices, 4 mm surfaces and few vessels."""
    return replace(
        shipped_parameters(), ct_matrix=84, ct_pixel_mm=6.0, ct_slice_mm=10.0, pet_voxel_mm=(12.0, 12.0, 10.0),
        field_step_mm=4.0, arteries_per_lung=40, veins_per_lung=30,
    )  # fmt: skip


@pytest.fixture(scope="session")
def patient(coarse):
    """One coarse patient with T2a N2a M1b."""
    return make_case(3, t="T2a", n="N2a", m="M1b", parameters=coarse)
