"""Rows shared out among threads: each once, errors come through, no deadlock; and kernels give the same bits on any number."""

import os
import threading

import numpy as np
import pytest
from kernels.test_ellipsoids import some_ellipsoids
from kernels.test_gibbs import graph
from kernels.test_mixtures import some_points, some_stations
from kernels.volumes import SPACING, random_mask, random_volume
from naive import threads as naive

from lungstage.kernels import threads
from lungstage.kernels.ellipsoids import claim_points
from lungstage.kernels.feret import diameters_mm
from lungstage.kernels.gaussian import smooth_gaussian
from lungstage.kernels.gibbs import keep_anchored
from lungstage.kernels.hessian import hessian_eigenvalues
from lungstage.kernels.mixtures import share_regions, share_stations
from lungstage.kernels.paint import choices_of_blocks, paint_above, paint_blocks
from lungstage.kernels.reduce import mean_blocks, reduce_blocks
from lungstage.kernels.refine import draw_labels, refine_labels
from lungstage.kernels.shares import highest_of_blocks, share_of_blocks
from lungstage.kernels.silhouettes import look_through
from lungstage.kernels.threads import count_threads, set_threads, share_rows, side_by_side

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
    "claims": lambda: claim_points(np.random.default_rng(1).normal(0, 50, (23, 3)), some_ellipsoids(2, 5), 3),
    "regions": lambda: share_regions(*some_points(9)),
    "stations": lambda: share_stations(*some_stations(9, borders=4)),
    "diameters": lambda: diameters_mm(random_mask((7, *SHAPE), 4, 0.3), SPACING),
    "anchored": lambda: keep_anchored(random_mask((60, 9), 4), graph(60, 3)[0], random_mask((60,), 5, 0.1)),
    "draw": lambda: draw_labels(LABELS, (2, 2, 2), (0, 0, 0), (18, 20, 22)),
}


COUNTS = (1, 2, 4)


@pytest.fixture
def any_work(monkeypatch):
    """Small work is shared as well, and the number of threads is put back."""
    before = count_threads()
    monkeypatch.setattr(threads, "WORTH_NS", 0)
    yield
    set_threads(before)


@pytest.mark.parametrize("name", RUNS)
def test_any_number_of_threads_gives_the_same_bits(name, any_work):
    results = []

    for count in COUNTS:
        set_threads(count)
        results.append(RUNS[name]())

    assert all(np.array_equal(results[0], other) for other in results[1:])


def note_rows(start, stop, rows, seen):
    for row in range(start, stop):
        rows[row] += 1
        seen.add(threading.get_ident())


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 100])
@pytest.mark.parametrize("count", COUNTS)
def test_every_row_is_done_once_by_no_more_threads_than_asked_for(any_work, count, rows):
    set_threads(count)
    mine, twins, seen = [0] * rows, [0] * rows, set()

    share_rows(note_rows, rows, 1.0, mine, seen)
    naive.share_rows(note_rows, rows, 1.0, twins, set())

    assert mine == twins == [1] * rows
    assert len(seen) <= count


def test_small_work_is_one_call_on_the_thread_that_asks():
    calls = []

    share_rows(lambda start, stop: calls.append((start, stop, threading.get_ident())), 9, threads.WORTH_NS / 2)

    assert calls == [(0, 9, threading.get_ident())]


def test_large_work_is_done_by_several_threads_at_once(any_work):
    set_threads(3)
    meet = threading.Barrier(3)  # nobody passes until three have come

    assert side_by_side(lambda item: meet.wait(10) >= 0, range(3)) == [True] * 3


@pytest.mark.parametrize("count", COUNTS)
def test_results_stand_in_the_order_of_the_items(any_work, count):
    set_threads(count)

    def look(item):
        threading.Event().wait(0.002 * (item % 3))  # the first to begin is not the first to end
        return item * item

    assert side_by_side(look, range(20)) == naive.side_by_side(lambda item: item * item, range(20))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("failing", [0, 5, 11])
def test_an_error_comes_through_and_nothing_is_begun_after_it(any_work, count, failing):
    set_threads(count)
    done = []

    def look(item):
        if item == failing:
            raise ZeroDivisionError(f"item {item}")
        threading.Event().wait(0.005)
        done.append(item)

    with pytest.raises(ZeroDivisionError, match=f"item {failing}"):
        side_by_side(look, range(12))
    assert len(done) <= failing + count, f"{done} were done beside item {failing}"
    assert side_by_side(str, range(3)) == ["0", "1", "2"], "the threads work on after an error"


def test_an_interrupt_ends_the_work(any_work):
    set_threads(2)

    def interrupted(start, stop):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        share_rows(interrupted, 8, 1.0)


def test_work_within_work_stays_on_its_thread(any_work):
    set_threads(2)

    def inner(item):
        assert count_threads() == 1
        owner = threading.get_ident()
        share_rows(lambda start, stop: inside.append(threading.get_ident() == owner), 8, 1.0)
        return side_by_side(lambda one: item * one, range(3))

    inside = []

    assert side_by_side(inner, range(10)) == [[0, item, 2 * item] for item in range(10)]
    assert len(inside) == 10 and all(inside)
    assert count_threads() == 2


def test_several_callers_share_the_same_threads(any_work):
    set_threads(2)
    volume, expected, found = random_volume(SHAPE, 3), RUNS["reduce"](), []

    def call():
        for _ in range(20):
            found.append(np.array_equal(np.stack(reduce_blocks(volume, (2, 3, 2))), expected))

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)

    assert len(found) == 120 and all(found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(any_work):
    import multiprocessing

    set_threads(2)
    assert side_by_side(str, range(4)) == ["0", "1", "2", "3"]

    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(in_a_child).get(30) == ["0", "1", "2", "3"]


def in_a_child():
    return side_by_side(str, range(4))


def test_fewer_than_one_thread_are_refused():
    with pytest.raises(ValueError, match="not 0"):
        set_threads(0)
