"""The lungs beside recipes that do less, in bare passes over the same volume, measured in one run.

python -m pytest benchmarks/speed/test_lungs.py --benchmark-only

Writes benchmarks/results/lungs-speed.csv when all of it has run. A bare pass is a sum over the volume on all threads, taken
before and after each measurement: on a busy machine seconds move by a factor of two, their ratio much less; CPU seconds are
in passes of CPU seconds. Beside the drawn chest of 300 slices the real scan of 134 thick ones, where it is there.
"""

import csv
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numba import njit, prange

from benchmarks import recipes
from benchmarks.chest import draw_chest
from lungstage.lungs import find_lungs

RESULT = Path(__file__).parents[1] / "results" / "lungs-speed.csv"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "lung1-001" / "ct"
COLUMNS = (
    "what", "scan", "seconds", "cpu_seconds", "passes", "cpu_passes", "times_lungs", "cpu_times_lungs", "bytes_per_voxel",
    "dice_with_drawn",
)  # fmt: skip
OPPONENTS = ("slice_by_slice", "simple_itk", "simple_itk_by_distance", "scikit_image")


@njit(cache=True, parallel=True)
def bare_pass(volume, sums):
    for z in prange(volume.shape[0]):
        total = np.int64(0)
        for y in range(volume.shape[1]):
            row, part = volume[z, y], np.int32(0)
            for x in range(row.size):
                part += np.int32(row[x])
            total += part
        sums[z] = total


def clock(work, rounds: int) -> tuple[float, float, object]:
    """Wall and CPU seconds, the median of each over the rounds, and what the last one gave."""
    taken = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return *np.median(taken, axis=0), result


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def peak_bytes(work) -> int | None:
    """How far the resident memory grows while `work` runs, sampled every two milliseconds; None where nobody tells."""
    if not Path("/proc/self/statm").is_file():
        return None
    before, peak, done = resident_bytes(), [0], threading.Event()

    def watch():
        while not done.wait(0.002):
            peak[0] = max(peak[0], resident_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return max(0, peak[0] - before)


class Table:
    """Rows of the result; `measure` runs something between two bare passes."""

    def __init__(self):
        self.rows, self.lungs_seconds = [], {}

    def measure(self, what: str, scan: str, values: np.ndarray, work, rounds: int, truth: np.ndarray | None = None) -> dict:
        sums = np.zeros(len(values), np.int64)
        bare_pass(values, sums)
        before = clock(lambda: bare_pass(values, sums), 9)
        wall, cpu, mask = clock(work, rounds)
        after = clock(lambda: bare_pass(values, sums), 9)
        row = dict.fromkeys(COLUMNS, "") | {"what": what, "scan": scan, "seconds": round(wall, 4), "cpu_seconds": round(cpu, 4)}
        row["passes"] = round(2 * wall / (before[0] + after[0]), 1)
        row["cpu_passes"] = round(2 * cpu / (before[1] + after[1]), 1)
        lungs = self.lungs_seconds.setdefault(scan, (wall, cpu))
        row["times_lungs"], row["cpu_times_lungs"] = round(wall / lungs[0], 1), round(cpu / lungs[1], 1)
        if truth is not None and mask is not None:
            both = np.count_nonzero(truth) + np.count_nonzero(mask)
            row["dice_with_drawn"] = round(2 * np.count_nonzero((truth != 0) & (mask != 0)) / both, 4)
        self.rows.append(row)
        return row


@pytest.fixture(scope="module")
def table():
    one = Table()
    yield one
    if {row["what"] for row in one.rows} >= {"lungs with hull", *OPPONENTS, "lungs, 900 slices"}:
        with RESULT.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(one.rows)


@pytest.fixture(scope="module")
def drawn():
    return draw_chest(300)


def lungs_of(study):
    lungs = find_lungs(study)
    return lungs.right | lungs.left


def scans(drawn):
    """Name to (study, truth or None)."""
    yield "drawn 300 x 512 x 512", *drawn
    if REAL.is_dir():
        from lungstage.study import read_study

        yield "lung1-001 134 x 512 x 512", read_study(REAL), None


@pytest.mark.benchmark(group="lungs")
def test_lungs_with_and_without_the_hull(benchmark, table, drawn, monkeypatch):
    import importlib

    stage = importlib.import_module("lungstage.lungs.find_lungs")
    for name, study, truth in scans(drawn):
        values, work = study.ct.values, lambda study=study: lungs_of(study)
        work()
        row = table.measure("lungs with hull", name, values, work, 7, truth)
        row["bytes_per_voxel"] = round((peak_bytes(lambda study=study: find_lungs(study)) or 0) / values.size, 2)
        with monkeypatch.context() as context:
            context.setattr(stage, "close_hull", lambda coarse, sides, *_: sides.copy())
            table.measure("lungs without hull", name, values, work, 7, truth)
    benchmark.pedantic(find_lungs, (drawn[0],), rounds=3)


@pytest.mark.parametrize("name", OPPONENTS)
@pytest.mark.benchmark(group="recipes")
def test_recipe(benchmark, table, drawn, name):
    recipe = getattr(recipes, name)
    for scan, study, truth in scans(drawn):
        if truth is None and name == "scikit_image":
            continue
        values, spacing_mm = study.ct.values, study.ct.grid.spacing_mm
        table.measure(name, scan, values, lambda v=values, s=spacing_mm: recipe(v, s), 1, truth)
    small = drawn[0].ct.values[150:160]
    benchmark.pedantic(recipe, (small, drawn[0].ct.grid.spacing_mm), rounds=1)


@pytest.mark.benchmark(group="slices")
def test_time_grows_with_the_slices_and_no_faster(benchmark, table):
    for slices in (100, 300, 900):
        study, _ = draw_chest(slices)
        find_lungs(study)
        table.measure(f"lungs, {slices} slices", f"drawn {slices} x 512 x 512", study.ct.values, lambda s=study: lungs_of(s), 5)
    benchmark.pedantic(find_lungs, (study,), rounds=1)
