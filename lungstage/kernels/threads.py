"""A compiled loop over rows in, its rows shared out among threads; and calls of Python functions side by side.

Numba's own loops over threads take two to four times as long to compile, and may not be entered from two threads at once.
Here a kernel is compiled once, for one thread, without the interpreter's lock, and is handed one range of rows after the other.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait

WORTH_NS = 400_000
"""Work from which threads are asked: to wake one and to wait for it takes some 50 000 ns."""
PIECES = 4
"""Ranges for each thread: rows differ in work, and whoever is done takes the next range."""


class _Helpers:
    """How many threads there may be, and those that wait for work beside the one that calls."""

    def __init__(self):
        self.count: int | None = None  # None: what Numba may use, which NUMBA_NUM_THREADS sets
        self.pool: ThreadPoolExecutor | None = None
        self.pool_of = 0
        self.lock = threading.Lock()

    def ask(self, work, count: int) -> list[Future]:
        """`work` on so many threads at most; a pool is made when it is first needed, and anew when more are asked for."""
        with self.lock:
            if self.pool is None or self.pool_of < count:
                if self.pool is not None:
                    self.pool.shutdown(wait=False)
                self.pool, self.pool_of = ThreadPoolExecutor(count, "lungstage"), count
            return [self.pool.submit(work) for _ in range(count)]

    def forget(self):
        """After a fork: the child has neither the threads nor who held the lock."""
        self.pool, self.lock = None, threading.Lock()


_helpers, _here = _Helpers(), threading.local()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.forget)


def set_threads(count: int | None) -> None:
    """At most `count` threads (>= 1) from now on, in the whole process; None: as many as Numba may use."""
    if count is not None and count < 1:
        raise ValueError(f"work is done by at least one thread, not {count}")
    _helpers.count = count


def count_threads() -> int:
    """How many threads share the work of a call made here: one where the caller is itself such a thread."""
    if getattr(_here, "is_sharing", False):
        return 1
    if _helpers.count is not None:
        return _helpers.count
    from numba import config

    return config.NUMBA_NUM_THREADS


def share_rows(kernel, rows: int, cost_ns: float, *arguments) -> None:
    """kernel(start, stop, *arguments) for ranges that together are 0 … rows, each once, in any order.

    kernel     compiled with nogil=True; what it does to one row may depend on no other row
    rows       >= 0
    cost_ns    what all rows take one thread, roughly: small work is done here in one call
    raises     what the kernel raises; no range is begun after that
    """
    threads = min(count_threads(), rows)
    if threads < 2 or cost_ns < WORTH_NS:
        if rows > 0:
            kernel(0, rows, *arguments)
        return
    pieces = min(rows, PIECES * threads)
    _share_out(lambda k: kernel(rows * k // pieces, rows * (k + 1) // pieces, *arguments), pieces, threads)


def side_by_side(function, items) -> list:
    """[function(item) for item in items], by all threads; kernels that it calls run on the thread that calls them.

    It pays where most of the time is spent without the interpreter's lock. Raises what the first item to fail raises.
    """
    items = list(items)
    results = [None] * len(items)

    def look(k):
        results[k] = function(items[k])

    threads = min(count_threads(), len(items))
    if threads < 2:
        return [function(item) for item in items]
    _share_out(look, len(items), threads)
    return results


def _share_out(do, count: int, threads: int) -> None:
    """do(0) … do(count - 1) by this thread and helpers. This one never waits for a helper that has not begun: no deadlock."""
    waiting = deque(range(count))  # its popleft is safe between threads

    def work():
        before, _here.is_sharing = getattr(_here, "is_sharing", False), True
        try:
            while waiting:
                try:
                    k = waiting.popleft()
                except IndexError:  # another thread was quicker
                    return
                do(k)
        except BaseException:
            waiting.clear()
            raise
        finally:
            _here.is_sharing = before

    helpers = _helpers.ask(work, threads - 1)
    try:
        work()
    finally:
        begun = [helper for helper in helpers if not helper.cancel()]
        wait(begun)
    for helper in begun:
        helper.result()
