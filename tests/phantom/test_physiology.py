"""What tissues of a patient are worth, over many patients."""

import numpy as np
import pytest

from lungstage.phantom.parameters import read_table, shipped_parameters
from lungstage.phantom.person import draw_person
from lungstage.phantom.physiology import draw_physiology


@pytest.fixture(scope="module")
def crowd():
    numbers = shipped_parameters()
    people = [draw_person(seed, numbers) for seed in range(500)]
    return [(person, draw_physiology(seed, person, numbers)) for seed, person in enumerate(people)]


def test_one_liver_in_five_is_fatty(crowd):
    livers = np.array([patient.tissues["liver"].hu for person, patient in crowd if not person.contrast])

    # 0.20 with a mean of 30 HU; a healthy one below 41 HU is beyond two of its standard deviations
    assert np.mean(livers < 41) == pytest.approx(0.18, abs=0.07)


def test_the_heart_glows_in_some_patients_and_not_in_most(crowd):
    hearts = np.array([patient.tissues["myocardium"].suv for _, patient in crowd])

    # priors.md 7.2: 0.55 low around 1.8, 0.20 high around 9; each with its spread
    assert 0.45 < np.mean(hearts < 2.6) < 0.75
    assert 0.10 < np.mean(hearts > 6) < 0.27


def test_contrast_differs_between_patients(crowd):
    blood = np.array([patient.tissues["blood"].hu for person, patient in crowd if person.contrast])

    assert 20 < blood.std() < 45  # anatomy.md 1.2: 160 HU, 30 between patients in the portal phase


def test_blood_is_the_same_in_lung_and_heart(crowd):
    for _, patient in crowd[:20]:
        assert patient.tissues["lung_vessel"].hu == patient.tissues["heart_blood"].hu == patient.tissues["blood"].hu


def test_states_name_tissues_that_there_are():
    known = set(read_table("tissues")["tissue"])

    assert {name for row in read_table("states")["tissues"] for name in row.split()} <= known
