"""A Report in, the content of run.json out: passport, numbers, versions, seconds and memory of this one run."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import version

import numpy as np

from ..geometry import Grid
from ..records import Anatomy, ImageCard, Passport

LIBRARIES = ("numpy", "scipy", "numba", "scikit-image", "scikit-learn", "SimpleITK", "pydicom", "nibabel", "isal")


def run_record(report) -> dict:
    """All that differs between two runs, and all that one would need to repeat this one."""
    from .. import __version__

    return {
        "lungstage": __version__,
        "passport": passport_entry(report.study.passport),
        "priors": {"from": report.priors.name, "digest": report.priors.digest(), "files": report.priors.paths()},
        "facts": asdict(report.facts),
        "stages": [asdict(run) for run in report.runs],
        "landmarks": landmark_entries(report.anatomy),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "machine": {"system": platform.system(), "processor": platform.machine()},
    }


def landmark_entries(anatomy: Anatomy | None) -> dict:
    """Name to where it is (LPS mm), how sure that is (mm, one direction) and whether it was found in the image."""
    landmarks = anatomy.landmarks if anatomy else {}
    return {
        name: {
            "point_mm": [float(value) for value in one.point_mm],
            "sd_mm": float(np.sqrt(np.trace(one.covariance_mm2) / 3)),
            "seen": bool(one.seen),
        }
        for name, one in landmarks.items()
    }


def passport_entry(passport: Passport) -> dict:
    """The passport as contract section 7 has it."""
    return {
        "series": [asdict(card) for card in passport.series],
        "ct": image_entry(passport.ct),
        "pet": image_entry(passport.pet),
        "coverage_mm": passport.coverage_mm,
        "breathing_shift_mm": passport.breathing_shift_mm,
        "notes": [asdict(note) for note in passport.notes],
        "input_digest": passport.input_digest,
    }


def image_entry(card: ImageCard | None) -> dict | None:
    """One image in use."""
    if card is None:
        return None
    return {
        "uid": card.uid,
        "grid": grid_entry(card.grid),
        "unit": card.unit,
        "trust": card.trust,
        "steps": [asdict(step) for step in card.steps],
    }


def grid_entry(grid: Grid) -> dict:
    """Shape, spacing, origin and direction."""
    return asdict(grid)
