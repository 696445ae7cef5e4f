"""Facts about one patient in; T, N, M, the stage group and the rules behind them out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import ImpossibleRequest
from ..tables import Priors
from .categories import NOT_ASSESSED, check_features, count_stations
from .editions import COMPONENTS, LATEST, SIDES, Edition, read_edition
from .groups import stage_group
from .rules import Match, match_rules

OTHER_SITE = "other_"
SHORT_SIDES = {"r": "right", "l": "left"}


@dataclass(frozen=True)
class TnmDescription:
    """One patient in one edition.

    deciding   ids of the rules that set T, N and M, in that order
    matches    every rule that holds, or may hold as far as is known, with its text
    """

    t: str
    n: str
    m: str
    stage: str
    edition: int
    deciding: tuple[str, str, str]
    matches: tuple[Match, ...]

    def __str__(self):
        return f"{self.t} {self.n} {self.m}"


def describe_tnm(
    size_mm: float | None = None,
    solid_mm: float | None = None,
    features: Collection[str] = (),
    stations: Collection[str] = (),
    side: str | None = None,
    metastases: Mapping[str, int] | Collection[str] = (),
    edition: int = LATEST,
    priors: Priors | None = None,
) -> TnmDescription:
    """T, N, M and stage of one patient by the rules of one edition.

    size_mm     longest diameter of the primary in any plane, ground glass included; None: not known
    solid_mm    longest diameter of its solid part, 0 for pure ground glass; None: the lesion is solid
    features    what else is true of it, such as "pl1_pl2", "chest_wall", "nod_same_lobe"; also "in_situ", "no_primary",
                "primary_not_assessed" and "nodes_not_assessed"
    stations    involved node stations, such as "4R", "7"
    side        "right" or "left", where the primary is; needed where a station depends on it
    metastases  sites outside the chest with their number, {"brain": 2} or ["brain:2", "liver"], and signs within it
                ("contra_nodule", "pleural_eff", ...); a site not listed is other_NAME
    returns     TnmDescription; T is TX where neither size nor feature is known
    raises      ImpossibleRequest naming the fact and what is allowed

    >>> str(describe_tnm(size_mm=34, features=["pl1_pl2"], stations=["4R", "7"], side="right", edition=9))
    'T2a N2b M0'
    """
    book = read_edition(edition, priors)
    counts = count_metastases(metastases, book)
    signs = signs_within(book)
    features = [*listed(features, "features"), *(name for name in counts if name in signs)]
    check_features(features, book)
    facts = dict.fromkeys(book.features, False) | dict.fromkeys(features, True)
    facts |= size_facts(size_mm, solid_mm)
    facts |= station_facts(listed(stations, "stations"), checked_side(side), book)
    facts |= metastasis_facts({name: count for name, count in counts.items() if name not in signs}, book)
    matches = match_edition(facts, book)
    deciding = {match.rule.component: match.rule for match in matches if match.decides}
    t, n, m = (deciding[component].category for component in COMPONENTS)
    return TnmDescription(
        t, n, m, stage_group(t, n, m, edition, priors), book.number, tuple(deciding[c].id for c in COMPONENTS), matches
    )


def match_edition(facts: Mapping[str, object], book: Edition) -> tuple[Match, ...]:
    """`match_rules` with an edition's rules; a primary of which nothing is known is one that cannot be assessed."""
    ranks = {name: rank for component in COMPONENTS for name, rank in book.ranks(component).items()}
    matches = match_rules(facts, book.rules, ranks)
    if not any(match.decides and match.rule.component == "T" for match in matches):
        matches = match_rules({**facts, NOT_ASSESSED: True}, book.rules, ranks)
    if missing := set(COMPONENTS) - {match.rule.component for match in matches if match.decides}:
        raise ImpossibleRequest(f"the rules of edition {book.number} give no {min(missing)} here; descriptors.csv has a gap")
    return matches


def size_facts(size_mm: float | None, solid_mm: float | None) -> dict[str, object]:
    """size_mm, solid_mm and part_solid; ImpossibleRequest for sizes that cannot be."""
    for name, value in (("size_mm", size_mm), ("solid_mm", solid_mm)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise ImpossibleRequest(f"{name} = {value} is not a length in millimetres")
    if size_mm is None:
        if solid_mm is not None:
            raise ImpossibleRequest("solid_mm needs size_mm, the diameter with ground glass: the rules ask for both")
        return {"size_mm": None, "solid_mm": None, "part_solid": None}
    if size_mm == 0:
        raise ImpossibleRequest("size_mm = 0 is no lesion; leave it out, or give the feature no_primary")
    solid = size_mm if solid_mm is None else solid_mm
    if solid > size_mm:
        raise ImpossibleRequest(f"solid_mm = {solid:g} is more than size_mm = {size_mm:g}, which includes it")
    return {"size_mm": size_mm, "solid_mm": solid, "part_solid": 0 < solid < size_mm}


def checked_side(side: str | None) -> str | None:
    """The side as "right" or "left", or None; R and L are understood."""
    if side is None:
        return None
    word = SHORT_SIDES.get(side.strip().lower(), side.strip().lower())
    if word not in SIDES:
        raise ImpossibleRequest(f"side {side!r} is not one of {', '.join(SIDES)}")
    return word


def station_facts(stations: Collection[str], side: str | None, book: Edition) -> dict[str, int]:
    """Numbers of involved stations by what they stand for; station names in either case."""
    known = {name.casefold(): name for name in book.stations}
    names = list(dict.fromkeys(known.get(name.strip().casefold(), name) for name in stations))
    counts = count_stations(np.ones((1, len(names)), bool), names, side, book)
    return {name: int(count[0]) for name, count in counts.items()}


def signs_within(book: Edition) -> tuple[str, ...]:
    """The features that make a metastasis within the chest, such as "pleural_eff"."""
    return tuple(sorted({name for rule in book.rules if rule.component == "M" for name in rule.any_of}))


def count_metastases(metastases: Mapping[str, int] | Collection[str], book: Edition) -> dict[str, int]:
    """Site or sign -> number, from a mapping or from words such as "brain:2"; ImpossibleRequest if one is not known."""
    if isinstance(metastases, Mapping):
        pairs = list(metastases.items())
    else:
        pairs = [_site_and_count(word) for word in listed(metastases, "metastases")]
    signs = signs_within(book)
    counts = {}
    for name, count in pairs:
        if name not in book.sites and name not in signs and not name.startswith(OTHER_SITE):
            raise ImpossibleRequest(
                f"metastasis {name!r} is not known; sites are {', '.join(book.sites)}, {OTHER_SITE}NAME; "
                f"signs within the chest are {', '.join(signs)}"
            )
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
            raise ImpossibleRequest(f"metastasis {name!r}: {count!r} is not a number of lesions")
        if count:
            counts[name] = counts.get(name, 0) + count
    return counts


def metastasis_facts(counts: Mapping[str, int], book: Edition) -> dict[str, int]:
    """Number of metastases outside the chest, and of the organ systems they sit in."""
    lesions = sum(max(count, book.sites[name].at_least if name in book.sites else 1) for name, count in counts.items())
    systems = {book.sites[name].system if name in book.sites else name for name in counts}
    return {"distant_lesions": lesions, "organ_systems": len(systems)}


def listed(words: Collection[str], name: str) -> Collection[str]:
    """A single word where a list is meant is a mistake that would read as letters."""
    if isinstance(words, str):
        raise ImpossibleRequest(f'{name} is a list of words, such as ["{words}"], not the word itself')
    return words


def _site_and_count(word):
    name, colon, count = word.strip().partition(":")
    if not colon:
        return name, 1
    try:
        return name, int(count)
    except ValueError as error:
        raise ImpossibleRequest(f"metastasis {word!r} is not SITE:NUMBER, such as brain:2") from error
