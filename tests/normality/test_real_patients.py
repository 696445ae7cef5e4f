"""The PET/CT of a lung cancer patient: what was confirmed as lesion stands out, what as physiology does not."""

import json

import numpy as np
import pytest

from lungstage.anatomy import map_anatomy
from lungstage.lungs import find_lungs
from lungstage.normality import imagine_normal
from lungstage.skeleton import find_skeleton
from lungstage.study import read_study

pytestmark = [pytest.mark.real, pytest.mark.slow]
NOTABLE_Z = 3.5  # the lesion stage looks from here on (priors/parameters/lesions.toml, focus_z)


@pytest.fixture(scope="module")
def patient(real_scan):
    place = real_scan("petct-acrin-042")
    study = read_study(place)
    lungs, skeleton = find_lungs(study), find_skeleton(study)
    normal = imagine_normal(study, lungs, skeleton, map_anatomy(study, lungs, skeleton))
    return study, normal, json.loads((place / "truth" / "truth.json").read_text())


def z_at_hottest(study, normal, centre_mm, reach_mm=12.0):
    """z_pet at the hottest voxel near a point."""
    grid = normal.grid_pet
    reach = reach_mm / np.asarray(grid.spacing_mm)
    low = np.maximum(np.floor(grid.to_index(centre_mm) - reach), 0).astype(int)
    high = np.ceil(grid.to_index(centre_mm) + reach).astype(int) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high))
    return normal.z_pet[box].ravel()[study.pet.values[box].argmax()]


def test_confirmed_lesions_stand_out(patient):
    study, normal, truth = patient

    for lesion in truth["lesions_confirmed_by_looking"]:
        z = z_at_hottest(study, normal, lesion["suvmax_lps_mm"]) if "suvmax_lps_mm" in lesion else 0
        assert z > NOTABLE_Z, f"lesion {lesion['id']}: z {z:.1f}"


def test_confirmed_physiology_does_not_stand_out(patient):
    study, normal, truth = patient

    for site in truth["physiological_confirmed_by_looking"]:
        z = z_at_hottest(study, normal, site["centre_lps_mm"])
        assert z < NOTABLE_Z, f"{site['what']}: z {z:.1f}"


def test_the_liver_is_as_hot_as_its_block(patient):
    _, normal, truth = patient
    block = next(block for block in truth["blocks"] if block["label"] == "liver")

    assert normal.liver_suv.q05 < block["mean_suvbw"] < normal.liver_suv.q95
