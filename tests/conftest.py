"""What every test may ask for: the real scans, if they lie beside the checkout; and patience."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a busy machine is no fault of the code: no test of ours fails for being slow
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

REAL = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_scan():
    """A function from a folder name of ../shared/data to its path; skips the test where the scans are absent."""

    def place(name: str) -> Path:
        if not (REAL / name).exists():
            pytest.skip(f"../shared/data/{name} is not beside this checkout")
        return REAL / name

    return place


def pytest_collection_modifyitems(items):
    """Long tests first, so that no process is left with one while the others have nothing to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
