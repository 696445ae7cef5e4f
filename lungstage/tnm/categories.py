"""Facts about many cases in, their T, N and M categories and the deciding rules out, by one edition's table.

Each function returns Categories: two int arrays (n,), the index into the edition's t_names, n_names or m_names and the
index into its rules. The functions `*_rules_that_hold` return bool (rules, n) instead: every row whose condition holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import ImpossibleRequest
from ..tables import Priors
from .editions import LATEST, SIDES, Edition, read_edition
from .rules import decide, evaluate_rules

NOT_ASSESSED = "primary_not_assessed"


class Categories(NamedTuple):
    """category (n,): index into the names of the component; rule (n,): index into the edition's rules."""

    category: np.ndarray
    rule: np.ndarray


def t_categories(
    size_mm, solid_mm, features: Mapping[str, np.ndarray], edition: int = LATEST, priors: Priors | None = None
) -> Categories:
    """T of n primaries.

    size_mm    (n,) longest diameter with ground glass, > 0; NaN where it is not known
    solid_mm   (n,) longest diameter of the solid part, 0 for pure ground glass; equal to size_mm (or more, or NaN) for a
               solid lesion, else it counts as part-solid
    features   key of the edition's rules -> bool (n,) or one bool; what is not named is absent
    returns    TX where nothing is known of the primary
    """
    book = read_edition(edition, priors)
    return _categories(book, "T", t_rules_that_hold(size_mm, solid_mm, features, edition, priors))


def t_rules_that_hold(
    size_mm, solid_mm, features: Mapping[str, np.ndarray], edition: int = LATEST, priors: Priors | None = None
) -> np.ndarray:
    """bool (rules, n): which T rules hold; arguments as in `t_categories`, rows in the order of the edition's rules."""
    book = read_edition(edition, priors)
    check_features(features, book)
    size, solid = np.broadcast_arrays(np.atleast_1d(np.asarray(size_mm, float)), np.atleast_1d(np.asarray(solid_mm, float)))
    facts = dict.fromkeys(book.features, False) | dict(features)
    facts |= {"size_mm": size, "solid_mm": np.fmin(solid, size), "part_solid": (solid > 0) & (solid < size)}
    holds = _holding(book, "T", facts, len(size))
    nothing = ~holds[[rule.category in book.t_names for rule in book.rules]].any(axis=0)
    for k, rule in enumerate(book.rules):
        if NOT_ASSESSED in rule.any_of:
            holds[k] |= nothing
    return holds


def n_categories(
    involved, stations: Sequence[str], side: str | None, edition: int = LATEST, priors: Priors | None = None
) -> Categories:
    """N of k patterns of involved stations.

    involved   bool (k, s): which stations hold tumour
    stations   s names, of the edition's stations
    side       "right" or "left", of the primary; None only where no station depends on it
    """
    book = read_edition(edition, priors)
    return _categories(book, "N", n_rules_that_hold(involved, stations, side, edition, priors))


def n_rules_that_hold(
    involved, stations: Sequence[str], side: str | None, edition: int = LATEST, priors: Priors | None = None
) -> np.ndarray:
    """bool (rules, k): which N rules hold; arguments as in `n_categories`."""
    book = read_edition(edition, priors)
    involved = np.asarray(involved, bool)
    facts = dict.fromkeys(book.features, False) | count_stations(involved, stations, side, book)
    return _holding(book, "N", facts, len(involved))


def m_categories(
    distant_lesions, organ_systems, signs: Mapping[str, np.ndarray], edition: int = LATEST, priors: Priors | None = None
) -> Categories:
    """M of n patients.

    distant_lesions   (n,) number of metastases outside the chest
    organ_systems     (n,) number of organ systems they sit in
    signs             nod_contra, pleural_nodules, pleural_eff, pericard_nodules, pericard_eff -> bool (n,) or one bool
    """
    book = read_edition(edition, priors)
    return _categories(book, "M", m_rules_that_hold(distant_lesions, organ_systems, signs, edition, priors))


def m_rules_that_hold(
    distant_lesions, organ_systems, signs: Mapping[str, np.ndarray], edition: int = LATEST, priors: Priors | None = None
) -> np.ndarray:
    """bool (rules, n): which M rules hold; arguments as in `m_categories`."""
    book = read_edition(edition, priors)
    check_features(signs, book)
    lesions, systems = np.broadcast_arrays(np.atleast_1d(distant_lesions), np.atleast_1d(organ_systems))
    facts = dict.fromkeys(book.features, False) | dict(signs) | {"distant_lesions": lesions, "organ_systems": systems}
    return _holding(book, "M", facts, len(lesions))


def check_features(features, book: Edition) -> None:
    """ImpossibleRequest that lists the known features, for one that no rule of the edition asks for."""
    for feature in features:
        if feature not in book.features:
            raise ImpossibleRequest(
                f"feature {feature!r} is not known to the {book.number}th edition; known are {', '.join(sorted(book.features))}"
            )


def n_of_station(station: str, side: str | None, book: Edition) -> str:
    """The N category a station stands for, as stations.csv calls it ("N2" also in the 9th edition)."""
    if station not in book.stations:
        raise ImpossibleRequest(f"node station {station!r} is not on the map; it has {', '.join(book.stations)}")
    row = book.stations[station]
    if side in SIDES:
        return getattr(row, side)
    if side is not None:
        raise ImpossibleRequest(f"side {side!r} is not one of {', '.join(SIDES)}")
    if row.right != row.left:
        raise ImpossibleRequest(
            f"station {station} is {row.right} with a primary on the right and {row.left} with one on the left: name the side"
        )
    return row.right


def count_stations(involved, stations, side, book):
    """Facts N1_stations, N2_stations, N3_stations and involved_stations, int (k,), each place counted once."""
    zones = [n_of_station(station, side, book) for station in stations]
    facts = {f"{zone}_stations": np.zeros(len(involved), int) for row in book.stations.values() for zone in (row.right, row.left)}
    places = [(zone, book.stations[station].counts_as) for zone, station in zip(zones, stations)]
    for zone, place in dict.fromkeys(places):
        columns = [k for k, other in enumerate(places) if other == (zone, place)]
        facts[f"{zone}_stations"] += involved[:, columns].any(axis=1)
    return facts | {"involved_stations": sum(facts.values())}


def _holding(book, component, facts, count):
    """bool (rules, count), False in the rows of the other components."""
    own = [k for k, rule in enumerate(book.rules) if rule.component == component]
    holds = np.zeros((len(book.rules), count), bool)
    holds[own] = evaluate_rules([book.rules[k] for k in own], facts, count)[0]
    return holds


def _categories(book, component, holds):
    deciding = decide(book.rules, holds, book.ranks(component), component)
    names = book.names(component)
    index = np.array([names.index(rule.category) if rule.category in names else -1 for rule in book.rules])
    return Categories(np.where(deciding < 0, -1, index[deciding]), deciding)
