"""Arrays that travel in records: on the grid they claim, and read-only."""

from __future__ import annotations

import numpy as np

from ..geometry import Grid


def frozen(array: np.ndarray) -> np.ndarray:
    """The same memory as a read-only C-ordered array."""
    array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def freeze_on(record, grid: Grid, *names: str) -> None:
    """Check that the named fields of a frozen record have the grid's shape, and make them read-only."""
    for name in names:
        array = getattr(record, name)
        if array is None:
            continue
        if array.shape != grid.shape:
            raise ValueError(f"{type(record).__name__}.{name} has shape {array.shape}, its grid has {grid.shape}")
        object.__setattr__(record, name, frozen(array))
