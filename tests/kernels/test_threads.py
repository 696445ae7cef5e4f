"""The parallel kernels give the same bits on one thread and on all of them."""

import numba
import numpy as np
import pytest
from kernels.volumes import SPACING, random_mask, random_volume

from lungstage.kernels.gaussian import smooth_gaussian
from lungstage.kernels.hessian import hessian_eigenvalues
from lungstage.kernels.paint import choices_of_blocks, paint_above, paint_blocks
from lungstage.kernels.reduce import mean_blocks, reduce_blocks
from lungstage.kernels.refine import draw_labels, refine_labels
from lungstage.kernels.shares import highest_of_blocks, share_of_blocks
from lungstage.kernels.silhouettes import look_through

SHAPE = (9, 10, 11)
LABELS = random_mask(SHAPE, 5) + random_mask(SHAPE, 6)
FLOATS = random_volume(SHAPE, 1, np.float32)
CHOICE = random_mask(SHAPE, 5)
RUNS = {
    "gaussian": lambda: smooth_gaussian(FLOATS, SPACING, 1.2),
    "hessian": lambda: hessian_eigenvalues(FLOATS, random_mask(SHAPE, 2), SPACING),
    "choices": lambda: choices_of_blocks(CHOICE, (2, 2, 2)),
    "paint": lambda: paint_blocks(CHOICE, random_volume((1, 5, 5, 6), 6, np.uint8), (2, 2, 2)),
    "paint above": lambda: paint_above(random_volume(SHAPE, 7), CHOICE, random_volume(SHAPE, 8), (1, 1, 1)),
    "reduce": lambda: np.stack(reduce_blocks(random_volume(SHAPE, 3), (2, 3, 2))),
    "share": lambda: share_of_blocks(random_volume(SHAPE, 9, np.uint8), (2, 3, 2), 40, 200),
    "highest": lambda: highest_of_blocks(random_volume(SHAPE, 9, np.uint8), (2, 3, 2)),
    "mean": lambda: mean_blocks(random_volume(SHAPE, 3), (2, 3, 2)),
    "silhouettes": lambda: np.concatenate([np.ravel(part) for look in look_through(CHOICE) for part in look]),
    "refine": lambda: np.stack(refine_labels(random_volume((18, 20, 22), 4), LABELS, (2, 2, 2), (0, 0, 0), 0)),
    "draw": lambda: draw_labels(LABELS, (2, 2, 2), (0, 0, 0), (18, 20, 22)),
}


@pytest.mark.parametrize("name", RUNS)
def test_one_thread_and_all_threads_give_the_same_bits(name):
    threads = numba.get_num_threads()
    results = []

    for count in (1, threads, threads):
        numba.set_num_threads(count)
        results.append(RUNS[name]())

    assert all(np.array_equal(results[0], other) for other in results[1:])
