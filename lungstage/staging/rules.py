"""Posterior and roles in, the rows of an edition's tables out that hold, with the lesions behind them.

`probability` is P(the condition holds), `decides` P(the row sets the category): of the rows of the highest category that
hold, the first in the table decides, as in the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import RuleMatch
from ..records.names import STATIONS
from ..tnm import (
    m_categories,
    m_rules_that_hold,
    n_categories,
    n_of_station,
    n_rules_that_hold,
    read_edition,
    t_categories,
    t_rules_that_hold,
)
from .drainage import DETAILS
from .editions import METASTASES, Axes, axes_of, joint_of
from .evidence import FIRST_ORGAN
from .lung import STATES
from .parameters import M_FINE
from .posterior import Posterior, collapse_probability, joint_t
from .roles import Roles
from .tumour import COLLAPSE, OTHER_LOBE, SAME_LOBE, SURE, Tumour, feature_t, ranked

BEHIND_FROM = 0.05
LITTLE = 1e-4
PRIMARY_FROM = 0.002
SIGNS = {
    "nod_contra": "contralateral_lung", "pleural_nodules": "pleura", "pleural_eff": "pleura", "pericard_nodules": "pericardium",
    "pericard_eff": "pericardium",
}  # fmt: skip


@dataclass
class Tally:
    """Probabilities of one row, and how much of it each lesion (k) carries."""

    holds: float
    decides: float
    behind: np.ndarray


def rules_of(posterior: Posterior, roles: Roles, edition: int) -> tuple[RuleMatch, ...]:
    """Every row with a probability of at least rule_shown_from, most deciding first within T, N, M."""
    parameters = posterior.patient.parameters
    axes = axes_of(edition, parameters)
    ids = posterior.patient.evidence.ids
    tallies = [Tally(0.0, 0.0, np.zeros(len(ids))) for _ in axes.book.rules]
    add_t_rules(tallies, posterior, roles, axes)
    add_n_rules(tallies, posterior, roles, axes)
    add_m_rules(tallies, posterior, roles, axes)
    found = []
    for rule, tally in zip(axes.book.rules, tallies):
        if tally.holds >= parameters.numbers.rule_shown_from:
            order = np.argsort(-tally.behind, kind="stable")
            because = tuple(ids[k] for k in order if tally.behind[k] >= BEHIND_FROM * max(tally.holds, LITTLE))
            found.append((("T", "N", "M").index(rule.component), rule, tally, because))
    found.sort(key=lambda row: (row[0], -row[2].decides))
    return tuple(
        RuleMatch(rule.id, rule.text, min(tally.holds, 1.0), min(tally.decides, tally.holds, 1.0), because)
        for _, rule, tally, because in found
    )


def add_t_rules(tallies: list[Tally], posterior: Posterior, roles: Roles, axes: Axes) -> None:
    """Size, invasion and separate nodules of every lesion that may be the primary; no primary at all."""
    edition, patient = axes.book.number, posterior.patient
    primaries = posterior.pairs[:, 0]
    by_t = joint_t(patient, edition) if len(patient.evidence.ids) else ()
    collapse = collapse_probability(patient) if len(patient.evidence.ids) else ()
    nodule_rules = {name: rule_of(name, axes) for name in (SAME_LOBE, OTHER_LOBE)}
    for primary in np.unique(primaries[primaries >= 0]):
        rest = posterior.rest[primaries == primary].sum(axis=(0, 3, 4))
        mass = np.einsum("rt,st->sr", by_t[primary], rest) / posterior.total
        if mass.sum() < PRIMARY_FROM:
            continue
        memory, name = patient.categories.memory, (int(primary), edition, float(collapse[primary]))
        if name not in memory:
            memory[name] = t_rules_given(patient.categories.tumours[primary], name[2], axes, posterior)
        holds, decides = memory[name]
        for state, (same, other) in enumerate(STATES[::2, :2]):
            floor = [(feature_t(n, edition, patient.parameters), nodule_rules[n]) for n, on in
                     ((SAME_LOBE, same), (OTHER_LOBE, other)) if on]  # fmt: skip
            add_state(tallies, holds, decides, mass[state], floor, primary, roles)
    count(tallies, axes, "primary_not_assessed", axes_mass(posterior, axes, "TX"))
    count(tallies, axes, "no_primary", axes_mass(posterior, axes, "T0"))


def add_state(tallies, holds, decides, mass, floor, primary, roles) -> None:
    """One set of separate nodules: floor lists (rank of T, row) of each sort that is there; mass (r) by T of the tumour."""
    top, row = max(floor, default=(-1, -1))
    for rule in np.flatnonzero(holds.any(axis=1)):
        probability = float(holds[rule] @ mass)
        first = np.where(np.arange(len(mass)) > top, 1.0, np.where((np.arange(len(mass)) == top) & (rule < row), 1.0, 0.0))
        add(tallies[rule], probability, float((decides[rule] * first) @ mass), primary)
    for _, own in floor:
        tallies[own].holds += float(mass.sum())
        sort = 0 if len(floor) > 1 and own == min(r for _, r in floor) else None
        columns = roles.nodule[:, :2].sum(axis=1) if sort is None else roles.nodule[:, :2].max(axis=1)
        tallies[own].behind = np.maximum(tallies[own].behind, columns)
    if row >= 0:
        ahead = decides[:row].sum(axis=0)
        tallies[row].decides += float(mass[:top].sum() + mass[top] * (1.0 - ahead[top]))


def add(tally: Tally, holds: float, decides: float, lesion: int) -> None:
    """Count a part of a row."""
    tally.holds += holds
    tally.decides += decides
    tally.behind[lesion] += holds


def t_rules_given(tumour: Tumour, collapse: float, axes: Axes, posterior: Posterior) -> tuple[np.ndarray, np.ndarray]:
    """(rules, r) P(row holds | T of the tumour by size and invasion), and P(row decides | the same)."""
    parameters, edition = posterior.patient.parameters, axes.book.number
    priors = parameters.priors
    sized = t_rules_that_hold(tumour.size_mm, tumour.solid_mm, {}, edition, priors)
    winner = t_categories(tumour.size_mm, tumour.solid_mm, {}, edition, priors).rule
    order = ranked(edition, parameters)
    rank = np.array([order.index(rule.category) if rule.category in order else -1 for rule in axes.book.rules])
    p_rule = np.zeros(sized.shape)
    for name, p in (*zip(tumour.features, tumour.p_feature), (COLLAPSE, np.full(len(tumour.weight), min(collapse, SURE)))):
        if name in axes.book.features:
            own = rule_of(name, axes)
            p_rule[own] = 1.0 - (1.0 - p_rule[own]) * (1.0 - p)
    base = rank[winner]
    deciders = p_rule.copy()
    deciders[winner, np.arange(len(winner))] = 1.0
    ranks = np.arange(len(order))
    spared = np.ones((len(ranks), len(base)))
    for own in np.flatnonzero(p_rule.any(axis=1)):
        spared *= np.where(rank[own] > ranks[:, None], 1.0 - p_rule[own], 1.0)
    at_most = spared * (base <= ranks[:, None])
    exactly = np.diff(at_most, axis=0, prepend=0.0)
    whole = exactly @ tumour.weight
    holds, decides = np.zeros((len(rank), len(ranks))), np.zeros((len(rank), len(ranks)))
    earlier = np.ones((len(ranks), len(base)))
    for own in np.flatnonzero((deciders > 0).any(axis=1) | sized.any(axis=1)):
        with_it = np.where(rank[own] < ranks[:, None], exactly, np.where(rank[own] == ranks[:, None], at_most, 0.0))
        holds[own] = (with_it * p_rule[own] + exactly * sized[own]) @ tumour.weight
        here = rank[own] == ranks[:, None]
        decides[own] = np.where(here, at_most * earlier * deciders[own], 0.0) @ tumour.weight
        earlier = np.where(here, earlier * (1.0 - deciders[own]), earlier)
    known = whole > 0
    return tuple(np.where(known, np.minimum(part / np.where(known, whole, 1.0), 1.0), 0.0) for part in (holds, decides))


def rule_of(feature: str, axes: Axes) -> int:
    """Position of the first row that asks for a feature."""
    return next(k for k, rule in enumerate(axes.book.rules) if feature in rule.any_of)


def axes_mass(posterior: Posterior, axes: Axes, name: str) -> float:
    """P(T of this name)."""
    return float(joint_of(posterior, axes.book.number)[axes.book.t_names.index(name)].sum())


def count(tallies: list[Tally], axes: Axes, feature: str, p: float) -> None:
    """A row that holds and decides together."""
    row = tallies[rule_of(feature, axes)]
    row.holds += p
    row.decides += p


def add_n_rules(tallies: list[Tally], posterior: Posterior, roles: Roles, axes: Axes) -> None:
    """The rows of N, by which stations are involved."""
    parameters, edition = posterior.patient.parameters, axes.book.number
    stations = ("10R", "4R", "7", "4L")
    detail = np.arange(DETAILS)
    n2 = detail % 6 // 2
    involved = np.stack([detail // 6 > 0, n2 > 0, n2 > 1, detail % 2 > 0], axis=1)
    holds = n_rules_that_hold(involved, stations, "right", edition, parameters.priors)
    decides = n_categories(involved, stations, "right", edition, parameters.priors).rule
    p = roles.n_detail.copy()
    p[0] += max(1.0 - p.sum(), 0.0)
    for row in np.flatnonzero(holds.any(axis=1)):
        tallies[row].holds += float(p[holds[row]].sum())
        tallies[row].decides += float(p[decides == row].sum())
        if not holds[row, 0]:
            tallies[row].behind = behind_n(axes.book.rules[row].category[:2], posterior, roles)


def behind_n(zone: str, posterior: Posterior, roles: Roles) -> np.ndarray:
    """(k) P(malignant node of a station that is N1, N2 or N3), by the side of the likeliest primary."""
    evidence, book = posterior.patient.evidence, read_edition(9, posterior.patient.parameters.priors)
    side = "right" if roles.right >= 0.5 else "left"
    own = np.array([n_of_station(name, side, book) == zone for name in STATIONS])
    return roles.node_in * evidence.stations[:, own].sum(axis=1)


def add_m_rules(tallies: list[Tally], posterior: Posterior, roles: Roles, axes: Axes) -> None:
    """The rows of M: counts outside the chest, and the signs within it."""
    patient, edition = posterior.patient, axes.book.number
    priors = patient.parameters.priors
    lesions, systems, contra = (np.array([METASTASES[m][k] for m in M_FINE]) for k in range(3))
    holds = m_rules_that_hold(lesions, systems, {"nod_contra": contra}, edition, priors)
    decides = m_categories(lesions, systems, {"nod_contra": contra}, edition, priors).rule
    p = roles.m.sum(axis=0)
    p[0] += max(1.0 - p.sum(), 0.0)
    names = [organ.organ for organ in patient.parameters.organs]
    chest = [FIRST_ORGAN - 2 + names.index(name) for name in ("pleura", "pericardium")]
    far = np.delete(roles.organ_in, chest, axis=1).sum(axis=1)
    for row, rule in enumerate(axes.book.rules):
        if rule.component != "M" or set(rule.any_of) & set(SIGNS):
            continue
        tallies[row].holds += float(p[holds[row]].sum())
        tallies[row].decides += float(p[decides == row].sum())
        if not holds[row, 0]:
            tallies[row].behind = far
    add_signs(tallies, posterior, roles, axes, names)


def add_signs(tallies, posterior, roles, axes, names) -> None:
    """Nodules of the other lung, pleura and pericardium; M1a is decided by the first of them in the table."""
    evidence = posterior.patient.evidence
    contra = names.index("contralateral_lung")
    decided = {contra: float(roles.m[1, 1])}
    left = float(roles.m[0, 1])
    pleura, pericardium = names.index("pleura"), names.index("pericardium")
    decided[pleura] = min(float(roles.organ_m[pleura, 0, 1]), left)
    decided[pericardium] = left - decided[pleura]
    for organ, by_nodules, by_fluid in (
        (contra, "nod_contra", None), (pleura, "pleural_nodules", "pleural_eff"),
        (pericardium, "pericard_nodules", "pericard_eff"),
    ):  # fmt: skip
        lesions = roles.nodule[:, 2] if organ == contra else roles.organ_in[:, organ]
        fluid = lesions * evidence.effusion if by_fluid else np.zeros_like(lesions)
        p = float(roles.organ[organ])
        wet = min(float(1.0 - np.prod(1.0 - fluid)), p)
        dry = max(p - wet, float((lesions - fluid).max(initial=0.0)))
        nodules = tallies[rule_of(by_nodules, axes)]
        nodules.holds += dry
        nodules.decides += decided[organ] * dry / p if p > 0 else 0.0
        nodules.behind = lesions - fluid
        if by_fluid:
            effusion = tallies[rule_of(by_fluid, axes)]
            effusion.holds += wet
            effusion.decides += decided[organ] * (1.0 - dry / p) if p > 0 else 0.0
            effusion.behind = fluid
