"""The engine on a table that has nothing to do with medicine: it must not know what it decides."""

import numpy as np
import pytest

from lungstage.tables import Priors
from lungstage.tnm.rules import decide, evaluate_rules, match_rules, read_rules

TABLE = """id,component,category,any_of,none_of,fact,above,up_to,and_fact,and_above,and_up_to,sets_aside,text,source,verified
calm.wind,sail,calm,,,wind_knots,,3,,,,,no wind to speak of,sailor,yes
full.wind,sail,full,,,wind_knots,3,15,,,,,all sails,sailor,yes
reef.wind,sail,reef,,,wind_knots,15,30,,,,,less sail,sailor,yes
storm.wind,sail,storm,,,wind_knots,30,,,,,,hardly any sail,sailor,yes
reef.crew,sail,reef,novice+tired,,,,,,,,,less sail for the crew,sailor,yes
full.race,sail,full,race,tired,wind_knots,3,,waves_m,,2,wind,a race in flat water,sailor,no
sail.flag,sail,none,flag,,,,,,,,,a flag changes nothing,sailor,yes
home.fog,port,home,fog,,,,,,,,,stay in port,sailor,yes
"""
RANKS = {"calm": 0, "full": 1, "reef": 2, "storm": 3, "home": 0}


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sea")
    (folder / "sea.csv").write_text(TABLE)
    (folder / "sources.bib").write_text("@misc{sailor, title = {Told by a sailor}}\n")
    return read_rules(Priors(folder), "sea.csv")


def sure(**facts):
    return dict.fromkeys(("novice", "tired", "race", "flag", "fog"), False) | {"wind_knots": None, "waves_m": None} | facts


def decided(rules, **facts):
    return [match.rule.id for match in match_rules(sure(**facts), rules, RANKS) if match.decides]


def test_upper_limits_belong_to_the_range_and_lower_ones_do_not(rules):
    assert decided(rules, wind_knots=3) == ["calm.wind"]
    assert decided(rules, wind_knots=np.nextafter(3.0, 4)) == ["full.wind"]
    assert decided(rules, wind_knots=30) == ["reef.wind"]
    assert decided(rules, wind_knots=300) == ["storm.wind"]


def test_the_highest_rank_decides_and_the_first_row_among_equals(rules):
    assert decided(rules, wind_knots=10, novice=True) == ["reef.crew"]
    assert decided(rules, wind_knots=20, tired=True) == ["reef.wind"]
    assert decided(rules, wind_knots=40, novice=True) == ["storm.wind"]


def test_a_row_takes_others_out_of_the_count_only_where_it_holds(rules):
    assert decided(rules, wind_knots=25, race=True, waves_m=1) == ["full.race"]
    assert decided(rules, wind_knots=25, race=True, waves_m=3) == ["reef.wind"]
    assert decided(rules, wind_knots=25, race=True, waves_m=1, novice=True) == ["reef.crew"]
    assert decided(rules, wind_knots=25, race=True, waves_m=1, tired=True) == ["reef.wind"]


def test_a_row_without_effect_is_told_and_decides_nothing(rules):
    found = match_rules(sure(wind_knots=2, flag=True), rules, RANKS)

    assert [(match.rule.id, match.decides) for match in found] == [("calm.wind", True), ("sail.flag", False)]


def test_what_is_not_known_makes_a_rule_unknown_not_false(rules):
    found = {match.rule.id: match for match in match_rules(sure(race=True), rules, RANKS)}

    assert set(found) == {"calm.wind", "full.wind", "reef.wind", "storm.wind", "full.race"}
    assert not any(match.known or match.decides for match in found.values())


def test_a_rule_fails_as_soon_as_one_part_certainly_fails(rules):
    found = [match.rule.id for match in match_rules(sure(race=True, waves_m=5), rules, RANKS)]

    assert "full.race" not in found


def test_one_true_flag_is_enough_although_the_other_is_not_known(rules):
    found = {match.rule.id: match.known for match in match_rules(sure(novice=True, tired=None), rules, RANKS)}

    assert found["reef.crew"]


def test_components_are_decided_apart(rules):
    assert decided(rules, wind_knots=10, fog=True) == ["full.wind", "home.fog"]
    assert decided(rules, fog=True) == ["home.fog"]


def test_many_cases_at_once_are_each_case_alone(rules):
    rng = np.random.default_rng(3)
    count = 300
    facts = {name: rng.random(count) < 0.4 for name in ("novice", "tired", "race", "flag", "fog")}
    facts["wind_knots"] = np.where(rng.random(count) < 0.1, np.nan, rng.choice([0, 3, 9, 15, 16, 30, 31, 50], count))
    facts["waves_m"] = rng.choice([np.nan, 0.5, 2.0, 4.0], count)

    holds, fails = evaluate_rules(rules, facts, count)
    winners = decide(rules, holds, RANKS, "sail")

    assert not (holds & fails).any()
    for k in range(count):
        alone = match_rules({name: values[k] for name, values in facts.items()}, rules, RANKS)
        assert {match.rule.id for match in alone} == {rule.id for rule, failed in zip(rules, fails[:, k]) if not failed}
        first = [match.rule.id for match in alone if match.decides and match.rule.component == "sail"]
        assert first == ([rules[winners[k]].id] if winners[k] >= 0 else [])
