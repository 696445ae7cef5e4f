"""One edition of the TNM classification, read and checked: its categories, rules, node stations and stage groups.

An edition is a folder `priors/tnm/edition-N` with categories.csv, descriptors.csv and groups.csv; stations.csv and sites.csv
beside it hold for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ..errors import ImpossibleRequest
from ..tables import Priors, read_rows, shipped_priors
from .rules import NO_EFFECT, Rule, read_rules

EDITIONS = (7, 8, 9)
LATEST = 9
COMPONENTS = ("T", "N", "M")
SIDES = ("right", "left")
STAGE = "stage"
MEASURED_FLAGS = frozenset({"part_solid"})
"""Flags that follow from the sizes, so that nobody states them."""


@dataclass(frozen=True)
class Category:
    """A T, N or M category or a stage group; of several that apply the one with the highest rank is the patient's."""

    component: str
    name: str
    rank: int
    meaning: str


@dataclass(frozen=True)
class Station:
    """A node station: the N category it stands for with a primary on the right and on the left.

    counts_as   stations with the same word here are one when stations are counted
    """

    name: str
    right: str
    left: str
    counts_as: str
    text: str


@dataclass(frozen=True)
class Site:
    """A place of metastases outside the chest, its organ system, and the number of metastases one finding stands for."""

    name: str
    system: str
    at_least: int
    text: str


@dataclass(frozen=True, eq=False)
class Edition:
    """One edition; `stage_table` (t, n, m) holds the index of the stage name for each combination of categories."""

    number: int
    categories: tuple[Category, ...]
    rules: tuple[Rule, ...]
    stations: dict[str, Station]
    sites: dict[str, Site]
    stage_table: np.ndarray

    @cached_property
    def t_names(self) -> tuple[str, ...]:
        """T categories in the order of the contract, TX last."""
        return self.names("T")

    @cached_property
    def n_names(self) -> tuple[str, ...]:
        """N categories in the order of the contract, NX last."""
        return self.names("N")

    @cached_property
    def m_names(self) -> tuple[str, ...]:
        """M categories."""
        return self.names("M")

    @cached_property
    def stage_names(self) -> tuple[str, ...]:
        """Stage groups, "none" and "occult" first, "undefined" last."""
        return self.names(STAGE)

    @cached_property
    def features(self) -> frozenset[str]:
        """Every true-or-false fact that a rule of this edition asks for and somebody can state."""
        return frozenset(name for rule in self.rules for name in rule.flags) - MEASURED_FLAGS

    def names(self, component: str) -> tuple[str, ...]:
        """The categories of "T", "N", "M" or "stage", in order."""
        return tuple(category.name for category in self.categories if category.component == component)

    def ranks(self, component: str) -> dict[str, int]:
        """Category -> rank, for one component."""
        return {category.name: category.rank for category in self.categories if category.component == component}

    def meaning(self, name: str) -> str:
        """What a category or stage means, in words."""
        return next(category.meaning for category in self.categories if category.name == name)

    def index_of(self, component: str, name: str) -> int:
        """Index of a category in its component's names; ImpossibleRequest that lists the allowed ones."""
        names = self.names(component)
        if name not in names:
            raise ImpossibleRequest(
                f"{component} category {name!r} is not one of the {self.number}th edition: {', '.join(names)}"
            )
        return names.index(name)


def read_edition(edition: int = LATEST, priors: Priors | None = None) -> Edition:
    """The edition `edition` of `priors` (None: the shipped ones); ImpossibleRequest if it is not one of EDITIONS."""
    if edition not in EDITIONS or isinstance(edition, bool):
        raise ImpossibleRequest(f"TNM edition {edition!r} is not known; known are {', '.join(map(str, EDITIONS))}")
    return _read(int(edition), priors or shipped_priors())


@cache
def _read(number: int, priors: Priors) -> Edition:
    folder = f"tnm/edition-{number}"
    categories = _read_categories(priors, f"{folder}/categories.csv")
    edition = Edition(
        number, categories, read_rules(priors, f"{folder}/descriptors.csv"), _read_stations(priors), _read_sites(priors),
        _read_groups(priors, f"{folder}/groups.csv", categories),
    )  # fmt: skip
    for rule in edition.rules:
        if rule.category not in (*edition.names(rule.component), NO_EFFECT):
            raise ImpossibleRequest(
                f"{priors.name}/{folder}/descriptors.csv: {rule.id} gives {rule.category}, which categories.csv does not list"
            )
    return edition


def _read_categories(priors, path):
    rows = read_rows(priors, path, ("component", "category", "rank", "meaning"))
    categories = tuple(
        Category(row["component"], row["category"], _whole(row["rank"], f"{priors.name}/{path}"), row["meaning"]) for row in rows
    )
    for component in (*COMPONENTS, STAGE):
        names = [category.name for category in categories if category.component == component]
        if not names or len(set(names)) < len(names):
            raise ImpossibleRequest(f"{priors.name}/{path}: component {component} is missing, or a category stands twice")
    return categories


def _read_groups(priors, path, categories):
    """int (t, n, m): index of the stage for every combination; each must stand there once."""
    index = {
        component: {name: k for k, name in enumerate(category.name for category in categories if category.component == component)}
        for component in (*COMPONENTS, STAGE)
    }
    table = np.full([len(index[component]) for component in COMPONENTS], -1)
    for row in read_rows(priors, path, ("t", "n", "m", "stage")):
        words = " ".join(row.values())
        try:
            place = tuple(index[component][row[component.lower()]] for component in COMPONENTS)
            stage = index[STAGE][row["stage"]]
        except KeyError as error:
            raise ImpossibleRequest(f"{priors.name}/{path}: {words}: {error} is not in categories.csv") from error
        if table[place] >= 0:
            raise ImpossibleRequest(f"{priors.name}/{path}: {words}: this combination stands twice")
        table[place] = stage
    if (table < 0).any():
        names = [list(index[component]) for component in COMPONENTS]
        missing = " ".join(names[axis][k] for axis, k in enumerate(np.argwhere(table < 0)[0]))
        raise ImpossibleRequest(f"{priors.name}/{path}: {missing} has no row; every combination needs one")
    table.flags.writeable = False
    return table


def _read_stations(priors):
    path = "tnm/stations.csv"
    rows = read_rows(priors, path, ("station", "right", "left", "counts_as", "text", "source", "verified"))
    _check_sources(priors, path, rows)
    return {row["station"]: Station(row["station"], row["right"], row["left"], row["counts_as"], row["text"]) for row in rows}


def _read_sites(priors):
    path = "tnm/sites.csv"
    rows = read_rows(priors, path, ("site", "system", "at_least", "text", "source", "verified"))
    _check_sources(priors, path, rows)
    return {
        row["site"]: Site(row["site"], row["system"], _whole(row["at_least"], f"{priors.name}/{path}"), row["text"])
        for row in rows
    }


def _check_sources(priors, path, rows):
    sources = priors.sources()
    for row in rows:
        if row["source"] not in sources:
            raise ImpossibleRequest(f"{priors.name}/{path}: source {row['source']!r} is not in sources.bib")


def _whole(text, where):
    try:
        return int(text)
    except ValueError as error:
        raise ImpossibleRequest(f"{where}: {text!r} is not a whole number") from error
