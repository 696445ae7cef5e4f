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


PLAIN = ("tnm", "staging", "crf", "study", "evaluation", "records", "cases")
"""Folders of tests that hardly compile anything."""


def pytest_collection_modifyitems(items):
    """The whole program first: it compiles every kernel, once for all if others meanwhile run what needs none. Then what is
    long, so that no process is left with it while the others have nothing to do."""

    def turn(item):
        group, folder = item.get_closest_marker("xdist_group"), item.path.parent.name
        if group is not None and group.args == ("whole",):
            return 0
        return 1 if folder in PLAIN else 2 if item.get_closest_marker("slow") is not None else 3

    items.sort(key=turn)
