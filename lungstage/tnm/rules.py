"""Facts and a table of rules in, the rules that hold and the category they give out; knows tables, no medicine.

A rule holds when everything its row says holds: one of `any_of` is true, none of `none_of` is, and each number lies in its
range, `above` < number <= `up_to`. A fact that is not known makes a rule unknown, not false. The category of the highest
rank among the rules that hold wins; of several that give it the first in the table decides. A rule can take others out of
the count (`sets_aside`). Facts are scalars or arrays of one length, so that thousands of cases cost one pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np

from ..errors import ImpossibleRequest
from ..tables import Priors, read_rows

COLUMNS = (
    "id", "component", "category", "any_of", "none_of", "fact", "above", "up_to", "and_fact", "and_above", "and_up_to",
    "sets_aside", "text", "source", "verified",
)  # fmt: skip
NO_EFFECT = "none"
"""The category of a rule whose condition is worth saying and changes nothing."""


@dataclass(frozen=True)
class Range:
    """above < fact <= up_to; an open end is infinite."""

    fact: str
    above: float
    up_to: float


@dataclass(frozen=True)
class Rule:
    """One row of a table of rules; `source` is a key of sources.bib, `verified` whether that source was read."""

    id: str
    component: str
    category: str
    any_of: tuple[str, ...]
    none_of: tuple[str, ...]
    ranges: tuple[Range, ...]
    sets_aside: tuple[str, ...]
    text: str
    source: str
    verified: bool

    @property
    def name(self) -> str:
        """The part of the id after the point, by which `sets_aside` calls a rule."""
        return self.id.partition(".")[2]

    @property
    def flags(self) -> tuple[str, ...]:
        """Facts that are true or false, of its condition."""
        return self.any_of + self.none_of

    @property
    def numbers(self) -> tuple[str, ...]:
        """Facts that are numbers, of its condition."""
        return tuple(part.fact for part in self.ranges)


class Match(NamedTuple):
    """A rule that holds (known) or may hold (not known), and whether it decides its component."""

    rule: Rule
    known: bool
    decides: bool


def match_rules(facts: Mapping[str, object], rules: Sequence[Rule], ranks: Mapping[str, int]) -> tuple[Match, ...]:
    """Every rule that holds, or may hold as far as is known, for one case; in the order of the table.

    facts   name -> bool, number or None (not known); a name that is not there is not known
    ranks   category -> rank; of the rules of one component that hold, the highest decides
    """
    holds, fails = evaluate_rules(rules, facts, 1)
    deciding = {int(decide(rules, holds, ranks, component)[0]) for component in {rule.component for rule in rules}}
    return tuple(Match(rule, bool(holds[k, 0]), k in deciding) for k, rule in enumerate(rules) if holds[k, 0] or not fails[k, 0])


def evaluate_rules(rules: Sequence[Rule], facts: Mapping[str, object], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which rules hold and which fail in each of `count` cases: two bool arrays (rules, count); neither means unknown.

    facts   name -> bool (count,) or number (count,), or one value for all; None or NaN is not known
    """
    holds = np.ones((len(rules), count), bool)
    fails = np.zeros((len(rules), count), bool)
    for k, rule in enumerate(rules):
        for yes, no in _conditions(rule, facts):
            holds[k] &= yes
            fails[k] |= no
    return holds, fails


def decide(rules: Sequence[Rule], holds: np.ndarray, ranks: Mapping[str, int], component: str) -> np.ndarray:
    """Index of the rule that decides one component in each case, int (n,), -1 where none does; from `holds` (rules, n).

    A category that is not in `ranks` has no effect. Ranks below zero give way to all others, and count when alone.
    """
    counted = _counted(rules, holds)
    lowest = min(ranks.values(), default=0) - 1
    best = np.full(holds.shape[1], lowest)
    winner = np.full(holds.shape[1], -1)
    for k, rule in enumerate(rules):
        if rule.component == component and rule.category in ranks:
            better = counted[k] & (ranks[rule.category] > best)
            best[better] = ranks[rule.category]
            winner[better] = k
    return winner


def _counted(rules, holds):
    """`holds` without the rules that another one, which holds, sets aside."""
    counted = holds.copy()
    for k, rule in enumerate(rules):
        if rule.sets_aside and holds[k].any():
            for j, other in enumerate(rules):
                if other.component == rule.component and other.name in rule.sets_aside:
                    counted[j] &= ~holds[k]
    return counted


def _conditions(rule, facts):
    """Pairs (certainly so, certainly not so) of the parts of a rule."""
    if rule.any_of:
        flags = [_flag(facts.get(name)) for name in rule.any_of]
        yield reduce(np.logical_or, [yes for yes, _ in flags]), reduce(np.logical_and, [no for _, no in flags])
    if rule.none_of:
        flags = [_flag(facts.get(name)) for name in rule.none_of]
        yield reduce(np.logical_and, [no for _, no in flags]), reduce(np.logical_or, [yes for yes, _ in flags])
    for part in rule.ranges:
        value = facts.get(part.fact)
        number = np.asarray(np.nan if value is None else value, float)
        inside = (number > part.above) & (number <= part.up_to)
        yield inside, ~inside & ~np.isnan(number)


def _flag(value):
    if value is None:
        return np.False_, np.False_
    value = np.asarray(value, bool)
    return value, ~value


def read_rules(priors: Priors, path: str) -> tuple[Rule, ...]:
    """The rules of one CSV file, in its order; ImpossibleRequest naming file, rule and fault."""
    sources = priors.sources()
    rules = tuple(_rule(row, f"{priors.name}/{path}: {row['id']}", sources) for row in read_rows(priors, path, COLUMNS))
    seen = set()
    for rule in rules:
        if rule.id in seen:
            raise ImpossibleRequest(f"{priors.name}/{path}: {rule.id} stands twice; an id names one row")
        seen.add(rule.id)
        for name in rule.sets_aside:
            if not any(other.name == name and other.component == rule.component for other in rules):
                raise ImpossibleRequest(f"{priors.name}/{path}: {rule.id} sets aside {name}, and no row is called so")
    return rules


def _rule(row, where, sources):
    if "" in (row["id"], row["component"], row["category"], row["text"]):
        raise ImpossibleRequest(f"{where}: id, component, category and text must be filled")
    if row["source"] not in sources:
        raise ImpossibleRequest(f"{where}: source {row['source']!r} is not in sources.bib")
    if row["verified"] not in ("yes", "no"):
        raise ImpossibleRequest(f"{where}: verified is {row['verified']!r}; it is yes or no")
    rule = Rule(
        row["id"], row["component"], row["category"], _names(row["any_of"]), _names(row["none_of"]),
        _ranges(row, where), _names(row["sets_aside"]), row["text"], row["source"], row["verified"] == "yes",
    )  # fmt: skip
    if not (rule.any_of or rule.none_of or rule.ranges):
        raise ImpossibleRequest(f"{where}: it has no condition, so it would always hold")
    return rule


def _names(cell):
    return tuple(name.strip() for name in cell.split("+") if name.strip())


def _ranges(row, where):
    ranges = []
    for prefix in ("", "and_"):
        fact, low, high = row[f"{prefix}fact"], row[f"{prefix}above"], row[f"{prefix}up_to"]
        if not fact and not low and not high:
            continue
        if not fact or not (low or high):
            raise ImpossibleRequest(f"{where}: a range needs {prefix}fact and at least one of {prefix}above, {prefix}up_to")
        try:
            part = Range(fact, float(low or "-inf"), float(high or "inf"))
        except ValueError as error:
            raise ImpossibleRequest(f"{where}: {low!r} to {high!r} is not a range of numbers") from error
        if not part.above < part.up_to:
            raise ImpossibleRequest(f"{where}: nothing lies above {low} and at most {high}")
        ranges.append(part)
    return tuple(ranges)
