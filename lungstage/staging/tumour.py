"""A lesion's shape samples and contacts in, T out, as if it were the primary: in each edition, together with T of the 8th.

Of each sample, size, solid part and every contact belong together. Given a sample, each structure is invaded or not; T is
the highest category of the rules that hold, so P(T at most t) is the product over the structures that would give more.
No draws: the answer is exact, and a lesion's T is monotone in each probability of invasion.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np

from ..records import Lesion, Lesions
from ..tnm import EDITIONS, read_edition, t_categories, t_rules_that_hold
from .parameters import T_SPREAD, StagingParameters

SURE = 1 - 1e-12
SAME_LOBE, OTHER_LOBE, COLLAPSE = "nod_same_lobe", "nod_diff_ipsi", "atel_part"
_cache: WeakKeyDictionary = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Tumour:
    """One lesion as a primary.

    size_mm, solid_mm, weight   (s) samples: a solid reading and a subsolid one of each shape, weighted by its density
    features                    names of TNM features it may have; p_feature (f, s)
    """

    size_mm: np.ndarray
    solid_mm: np.ndarray
    weight: np.ndarray
    features: tuple[str, ...]
    p_feature: np.ndarray


@dataclass(frozen=True, eq=False)
class TumourCategories:
    """T of every lesion (k) as a primary, before separate nodules and collapse.

    at_most     edition -> (k, t, 9): P(T of the edition at most t, T of the 8th at most column), t in the order of rank
    memory      (lesion, edition, collapse) -> what rules.py found of it
    """

    tumours: tuple[Tumour, ...]
    at_most: dict[int, np.ndarray]
    memory: dict


def tumour_of(lesion: Lesion, parameters: StagingParameters) -> Tumour:
    """The samples of a lesion as the rules want them."""
    longest = np.maximum(np.asarray(lesion.samples.longest_mm, float), 1e-3)
    solid = np.clip(np.asarray(lesion.samples.solid_mm, float), 0.0, longest)
    density = lesion.density
    readings = (
        (density["solid"] + density["cavitating"], longest),
        (density["part_solid"], solid),
        (density["ground_glass"], np.zeros_like(longest)),
    )
    kept = [(share, part) for share, part in readings if share > 0] or [(1.0, longest)]
    total = sum(share for share, _ in kept)
    weight = np.concatenate([np.full(len(longest), share / total / len(longest)) for share, _ in kept])
    spared: dict[str, np.ndarray] = {}
    near = lesion.distances_mm.get("carina", np.inf) < parameters.numbers.main_bronchus_near_mm
    for contact in lesion.contacts:
        feature = parameters.features[contact.structure][int(near)]
        p = np.clip(samples_of(contact.p_invaded_samples, contact.p_invaded, len(longest)), 0.0, SURE)
        spared[feature] = spared.get(feature, 1.0) * (1.0 - p)
    p_feature = np.array([np.tile(1.0 - value, len(kept)) for value in spared.values()]).reshape(len(spared), len(weight))
    return Tumour(np.tile(longest, len(kept)), np.concatenate([part for _, part in kept]), weight, tuple(spared), p_feature)


def samples_of(samples: np.ndarray, mean: float, count: int) -> np.ndarray:
    """One value for each shape; the mean where there is not one for each."""
    return np.asarray(samples, float) if len(samples) == count else np.full(count, float(mean))


def tumour_categories(lesions: Lesions, parameters: StagingParameters) -> TumourCategories:
    """T of every lesion; remembered for the lesions, which what-ifs ask about again and again."""
    known = _cache.get(lesions)
    if known is None or known[0] is not parameters:
        tumours = tuple(tumour_of(lesion, parameters) for lesion in lesions)
        at_most = {edition: joint_at_most(tumours, edition, parameters) for edition in EDITIONS}
        known = parameters, TumourCategories(tumours, at_most, {})
        _cache[lesions] = known
    return known[1]


def joint_at_most(tumours: tuple[Tumour, ...], edition: int, parameters: StagingParameters) -> np.ndarray:
    """(k, t, 9) of TumourCategories.at_most for one edition."""
    count = len(ranked(edition, parameters))
    table = np.zeros((len(tumours), count, len(T_SPREAD)))
    base, base8 = (sized(tumours, one, parameters) for one in (edition, 8))
    for k, tumour in enumerate(tumours):
        above = np.array([
            (feature_t(name, edition, parameters) > np.arange(count))[:, None]
            | (feature_t(name, 8, parameters) > np.arange(1, len(T_SPREAD) + 1))[None, :]
            for name in tumour.features
        ]).reshape(len(tumour.features), count * len(T_SPREAD))  # fmt: skip
        spared = np.exp(np.log1p(-tumour.p_feature).T @ above)
        inside = (base[k][:, None, None] <= np.arange(count)[:, None]) & (
            base8[k][:, None, None] <= np.arange(1, len(T_SPREAD) + 1)
        )
        table[k] = np.einsum("s,sa->a", tumour.weight, spared * inside.reshape(len(tumour.weight), -1)).reshape(count, -1)
    return table


def sized(tumours: tuple[Tumour, ...], edition: int, parameters: StagingParameters) -> list[np.ndarray]:
    """Rank position of T by size alone, for each sample of each tumour."""
    if not tumours:
        return []
    size, solid = (np.concatenate([getattr(t, name) for t in tumours]) for name in ("size_mm", "solid_mm"))
    found = t_categories(size, solid, {}, edition, parameters.priors).category
    ranks = np.array([ranked(edition, parameters).index(name) if name in ranked(edition, parameters) else -1
                      for name in read_edition(edition, parameters.priors).t_names])  # fmt: skip
    return np.split(ranks[found], np.cumsum([len(t.weight) for t in tumours])[:-1])


@lru_cache(maxsize=64)
def ranked(edition: int, parameters: StagingParameters) -> tuple[str, ...]:
    """T categories of an edition by rank, T0 first; TX, which gives way to all others, is left out."""
    ranks = read_edition(edition, parameters.priors).ranks("T")
    return tuple(sorted((name for name, rank in ranks.items() if rank >= 0), key=ranks.get))


@lru_cache(maxsize=1024)
def feature_t(feature: str, edition: int, parameters: StagingParameters) -> int:
    """Rank position of the T that a feature gives by itself; 0 (T0) where the edition does not know it."""
    book = read_edition(edition, parameters.priors)
    if feature not in book.features:
        return 0
    holds = t_rules_that_hold([np.nan], [np.nan], {feature: True}, edition, parameters.priors)[:, 0]
    order = ranked(edition, parameters)
    return max((order.index(rule.category) for rule, yes in zip(book.rules, holds) if yes and rule.category in order), default=0)
