"""The table of what regions show in health."""

import pytest

from lungstage.normality import load_normality_parameters
from lungstage.normality.lattice import is_soft
from lungstage.tables import read_rows, shipped_priors

NUMBERS = load_normality_parameters()
ATLAS = read_rows(shipped_priors(), "atlas/regions.csv", ("code", "name", "group", "text"))


@pytest.mark.parametrize("region", [row["name"] for row in ATLAS if row["group"] not in ("lung", "bone")])
def test_every_soft_region_of_the_atlas_has_its_own_row(region):
    assert NUMBERS.row(region).region == region
    assert is_soft(region)


@pytest.mark.parametrize("region", [row["name"] for row in ATLAS if row["group"] in ("lung", "bone")])
def test_lung_and_bone_are_told_by_masks(region):
    assert not is_soft(region)


@pytest.mark.parametrize("bone, kind", [("vertebra_T5", "vertebra"), ("rib_left_3", "rib"), ("scapula_right", "bone")])
def test_a_bone_takes_the_row_of_its_kind(bone, kind):
    assert NUMBERS.row(bone).region == kind


def test_brain_and_bladder_are_hotter_than_liver_and_lung_is_coldest():
    liver = NUMBERS.liver_suv

    assert min(NUMBERS.row("brain").suv_ratio, NUMBERS.row("bladder").suv_ratio) > 2 * liver
    assert NUMBERS.lung_back_of_blood * NUMBERS.blood_suv < liver / 2
