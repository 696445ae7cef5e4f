"""T x N x M in, the two choices out: the most probable stage, and the one that costs least if it is wrong."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..records import Choice
from .editions import UNDEFINED, Axes, stage_of
from .parameters import COST_CLASSES, M_FINE, N_FINE, Costs, StagingParameters

CLASS_OF = {
    "none": "none", "occult": "occult", "0": "0", "IA": "IA-IB", "IB": "IA-IB", "IIA": "IIA-IIB", "IIB": "IIA-IIB",
    "IIIA": "IIIA", "IIIB": "IIIB-IIIC", "IIIC": "IIIB-IIIC", "IVA": "IVA", "IVB": "IVB", "IV": "IVB",
}  # fmt: skip
"""Treatment class of a stage; the 7th edition's IV holds mostly what is IVB later."""
T_NUMBERS = ("T1", "T2", "T3", "T4")
TIE = 1e-9
WORTH_NAMING = 0.1
"""Of a stage, a T N M with less than this of the likeliest one's probability is not named, however cheap."""


def class_of(stage: str) -> str | None:
    """Treatment class of a stage name, None for undefined."""
    return CLASS_OF.get(stage.rstrip("123"))


def most_likely(joint: np.ndarray, axes: Axes) -> Choice:
    """The most probable stage, with the most probable T N M that gives it."""
    stage = stage_of(joint, axes)
    best = int(stage.argmax())
    inside = np.where(axes.stage == best, joint, -1.0)
    return choice_at(np.unravel_index(int(inside.argmax()), joint.shape), joint, stage, axes)


def choice_at(place, joint, stage, axes: Axes, expected_cost: float | None = None) -> Choice:
    """The Choice of one T N M."""
    t, n, m = place
    name = int(axes.stage[t, n, m])
    book = axes.book
    return Choice(
        book.stage_names[name], float(stage[name]), book.t_names[t], book.n_names[n], book.m_names[m],
        float(joint[t, n, m]), expected_cost,
    )  # fmt: skip


def class_costs(joint: np.ndarray, axes: Axes, parameters: StagingParameters) -> tuple[np.ndarray, np.ndarray]:
    """Expected cost of calling each of COST_CLASSES (9), and their probabilities; undefined is left out."""
    p = np.zeros(len(COST_CLASSES))
    for name, mass in zip(axes.book.stage_names, stage_of(joint, axes)):
        if name != UNDEFINED:
            p[COST_CLASSES.index(class_of(name))] += mass
    p = p / p.sum() if p.sum() > 0 else p
    return p @ stage_matrix(parameters), p


@lru_cache(maxsize=8)
def stage_matrix(parameters: StagingParameters) -> np.ndarray:
    """(9, 9) cost by true and called class."""
    return parameters.costs.matrix(COST_CLASSES)


def least_cost(joint: np.ndarray, axes: Axes, parameters: StagingParameters) -> Choice:
    """The class of least expected cost; in it the most probable stage, and of that the T N M of least cost itself.

    Where classes cost the same, the cost of their T N M decides. Of nothing but undefined stages, the most likely one.
    """
    cost, _ = class_costs(joint, axes, parameters)
    stage = stage_of(joint, axes)
    there = {class_of(name) for name, mass in zip(axes.book.stage_names, stage) if mass > 0} - {None}
    if not there:
        return most_likely(joint, axes)
    lowest = min(cost[COST_CLASSES.index(name)] for name in there)
    by_tnm = tnm_costs(joint, axes, parameters.costs)
    found = []
    for name in COST_CLASSES:
        if name in there and cost[COST_CLASSES.index(name)] <= lowest + TIE:
            own = [k for k, one in enumerate(axes.book.stage_names) if class_of(one) == name]
            best = max(own, key=lambda k: stage[k])
            likely = (axes.stage == best) & (joint >= WORTH_NAMING * joint[axes.stage == best].max())
            inside = np.where(likely, by_tnm, np.inf)
            place = np.unravel_index(int(inside.argmin()), joint.shape)
            found.append((by_tnm[place], place))
    place = min(found, key=lambda pair: pair[0])[1]
    return choice_at(place, joint, stage, axes, float(lowest))


def tnm_costs(joint: np.ndarray, axes: Axes, costs: Costs) -> np.ndarray:
    """(t, n, m) expected cost of calling each combination: the sum of its T, N and M costs."""
    t, n, m = (joint.sum(axis=axis) for axis in ((1, 2), (0, 2), (0, 1)))
    return (
        (t @ t_matrix(axes.book.t_names, costs))[:, None, None]
        + (n @ named_matrix(axes.book.n_names, N_FINE, costs))[:, None]
        + m @ named_matrix(axes.book.m_names, M_FINE, costs)
    )


def named_matrix(names: tuple[str, ...], fine: tuple[str, ...], costs: Costs) -> np.ndarray:
    """Costs between the categories of an edition; merged categories cost as their mildest, unknown ones nothing."""
    matrix = costs.matrix(fine)
    place = [next((k for k, one in enumerate(fine) if one.startswith(name)), None) for name in names]
    known = np.array([k is not None for k in place])
    rows = np.array([k or 0 for k in place])
    return np.where(known[:, None] & known, matrix[np.ix_(rows, rows)], 0.0)


def t_matrix(names: tuple[str, ...], costs: Costs) -> np.ndarray:
    """Costs between T categories: by number, and a step for each letter between them."""
    matrix = costs.matrix(T_NUMBERS)
    number = [T_NUMBERS.index(name[:2]) if name[:2] in T_NUMBERS else 0 for name in names]
    result = matrix[np.ix_(number, number)]
    position = np.arange(len(names))
    steps = np.abs(position[:, None] - position) * costs.t_step
    known = np.array([name != "TX" for name in names])
    return np.where(known[:, None] & known, result + np.where(result == 0, steps, 0.0), 0.0)
