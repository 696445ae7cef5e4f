"""A hot focus is of the place where foci are frequent, and soft tissue is as suspicious as where it lies."""

from dataclasses import replace

import pytest
from lesions.test_malignancy import traits

from lungstage.lesions.kinds import kinds_by_region
from lungstage.lesions.malignancy import ANY, OTHER, foci_of, judge, load_malignancy_parameters
from lungstage.records.names import KINDS
from lungstage.tables import read_rows, shipped_priors

NUMBERS = load_malignancy_parameters()
BETWEEN = {"liver": 0.8, "abdomen": 0.1, "adrenal_right": 0.1}


def test_every_row_is_a_region_of_the_atlas():
    regions = {row["name"] for row in read_rows(shipped_priors(), "atlas/regions.csv", ("code", "name", "group", "text"))}

    assert set(NUMBERS.foci) - {OTHER} <= regions
    assert {foci.kind for foci in NUMBERS.foci.values()} <= {ANY, *KINDS}


def test_a_focus_where_adrenal_and_liver_meet_is_sooner_of_the_adrenal():
    focus, spot = (kinds_by_region(BETWEEN, focus, 0.0, NUMBERS) for focus in (True, False))

    assert focus["adrenal"] > 0.5 > spot["adrenal"]
    assert sum(focus.values()) == pytest.approx(1.0)


def test_a_focus_in_the_midst_of_the_liver_is_of_the_liver():
    assert kinds_by_region({"liver": 0.99, "adrenal_right": 0.001, "abdomen": 0.009}, True, 0.0, NUMBERS)["liver"] > 0.9


def base(region, suv=6.0):
    return judge("soft_tissue", replace(traits(20.0, suv=suv), region=region), parameters=NUMBERS)[0]


def test_a_focus_of_muscle_is_more_suspicious_than_one_of_kidney_or_gut():
    assert base({"back": 1.0}) > base({"back": 0.5, "kidney_left": 0.5}) > base({"kidney_left": 1.0})
    assert base({"back": 1.0}) > base({"stomach": 1.0}) > base({"bladder": 1.0})


def test_what_is_not_hot_or_has_no_place_has_the_base_of_its_kind():
    plain = NUMBERS.kinds["soft_tissue"].base

    assert base({"back": 1.0}, suv=None) == plain
    assert base(None) == plain


def test_a_region_without_a_row_is_as_any_other():
    assert foci_of("vertebra_T5", NUMBERS) == NUMBERS.foci[OTHER]


def test_many_nodes_make_soft_tissue_beside_them_no_more_suspicious():
    assert base({"mediastinum": 1.0}) == base({"vertebra_T5": 1.0})
