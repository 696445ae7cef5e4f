"""True and called T, N, M and stage in, what the error costs out, by priors/costs.toml."""

from __future__ import annotations

from ..staging.choices import class_of, named_matrix, stage_matrix, t_matrix
from ..staging.parameters import COST_CLASSES, M_FINE, N_FINE, StagingParameters
from ..tnm import read_edition


def cost_of(letter: str, true: str, called: str, edition: int, parameters: StagingParameters) -> float | None:
    """Cost of calling `called` where `true` is so; None where a stage is undefined, for which the table has no row.

    letter   "t", "n", "m" or "stage"
    """
    if letter == "stage":
        classes = class_of(true), class_of(called)
        if None in classes:
            return None
        return float(stage_matrix(parameters)[tuple(COST_CLASSES.index(one) for one in classes)])
    book = read_edition(edition, parameters.priors)
    names = book.names(letter.upper())
    matrix = (
        t_matrix(names, parameters.costs) if letter == "t"
        else named_matrix(names, N_FINE if letter == "n" else M_FINE, parameters.costs)
    )  # fmt: skip
    return float(matrix[names.index(true), names.index(called)])
