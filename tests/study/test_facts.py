"""Facts: what a patient.toml may say, and what one line says when it says something else."""

import pytest

from lungstage.errors import ImpossibleRequest, UnreadableInput
from lungstage.records import Biopsy
from lungstage.study.facts import facts_of, read_facts

WHOLE = """
age = 67
sex = "male"
smoking_pack_years = 40
cancer_before = false
treated = false
histology = "adenocarcinoma"
weight_kg = 80
[[biopsy]]
site = "7"
method = "EBUS"
result = "negative"
[brain_mri]
result = "clear"
[effusion_cytology]
result = "negative"
"""


def test_the_example_of_the_contract_is_read_whole(tmp_path):
    (tmp_path / "patient.toml").write_text(WHOLE)
    facts = read_facts(tmp_path / "patient.toml", population="surgical")
    assert (facts.age, facts.sex, facts.smoking_pack_years, facts.weight_kg) == (67, "male", 40, 80)
    assert (facts.cancer_before, facts.treated, facts.histology) == (False, False, "adenocarcinoma")
    assert facts.biopsies == (Biopsy("7", "EBUS", "negative"),)
    assert (facts.brain_mri, facts.effusion_cytology, facts.population) == ("clear", "negative", "surgical")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"wieght_kg": 80}, ("wieght_kg", "weight_kg")),
        ({"age": "old"}, ("age", "0 to 120")),
        ({"age": 400}, ("age", "400")),
        ({"weight_kg": True}, ("weight_kg",)),
        ({"sex": "m"}, ("sex", "male, female")),
        ({"treated": "no"}, ("treated", "true, false")),
        ({"treated": 1}, ("treated", "true, false")),
        ({"brain_mri": "clear"}, ("brain_mri", "table")),
        ({"brain_mri": {"result": "fine"}}, ("brain_mri.result", "clear, metastasis, indeterminate")),
        ({"biopsy": {"site": "7", "result": "negative"}}, ("biopsy", "[[biopsy]]")),
        ({"biopsy": [{"site": 7, "result": "negative"}]}, ("site",)),
        ({"biopsy": [{"site": "7", "result": "clean"}]}, ("biopsy.result", "positive, negative, inadequate")),
        ({"biopsy": [{"site": "7", "result": "negative", "when": "today"}]}, ("when", "method")),
    ],
)
def test_an_impossible_fact_names_its_key_and_what_is_allowed(entries, words):
    with pytest.raises(ImpossibleRequest) as caught:
        facts_of(entries)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_file_that_is_not_toml_or_not_there_is_said_in_one_line(tmp_path):
    (tmp_path / "patient.toml").write_text("age: 67\n")
    with pytest.raises(ImpossibleRequest, match="not TOML"):
        read_facts(tmp_path / "patient.toml")
    with pytest.raises(UnreadableInput, match="No such file"):
        read_facts(tmp_path / "nobody.toml")
