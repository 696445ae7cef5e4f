"""Each stage of one patient in units of one bare pass over his CT, warm, on a synthetic patient and on a real one.

Seconds of a shared machine move by factors; what a stage takes in passes, measured beside it, moves less (but a machine that
others fill slows the passes, which memory limits, and the stages, which processors limit, by different factors). The table at the
end names the goal of each stage for a scan of 300 slices; a smaller scan has relatively more to do that does not depend on
voxels.

python -m pytest benchmarks/speed/test_stages.py --benchmark-only
"""

import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from numba import njit, prange

from lungstage.anatomy import map_anatomy
from lungstage.lesions import find_lesions
from lungstage.lungs import find_lungs
from lungstage.normality import imagine_normal
from lungstage.pipeline import infer_named, read_numbers, stage
from lungstage.skeleton import find_skeleton
from lungstage.staging import infer_staging
from lungstage.study import read_study

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "lung1-001" / "ct"
GOAL_PASSES = {
    "reading": 80, "lungs": 45, "skeleton": 25, "anatomy": 120, "normal": 40, "lesions": 520, "staging": 10, "report": 60,
}  # fmt: skip
"""With ten candidates."""
ROUNDS = 3


@njit(cache=True, parallel=True)
def add_up(volume):
    """The bare pass: every voxel is read once."""
    total = 0
    for z in prange(volume.shape[0]):
        of_slice = 0
        for y in range(volume.shape[1]):
            for x in range(volume.shape[2]):
                of_slice += volume[z, y, x]
        total += of_slice
    return total


def pass_seconds(volume: np.ndarray) -> float:
    """Seconds of one bare pass, the median of nine."""
    taken = []
    for _ in range(9):
        start = time.perf_counter()
        add_up(volume)
        taken.append(time.perf_counter() - start)
    return median(taken)


@pytest.fixture(scope="module", params=["synthetic", "lung1-001"])
def patient(request, tmp_path_factory):
    """The name of a patient, his folder, and his finished Report; everything is compiled and in memory."""
    if request.param == "synthetic":
        from lungstage.phantom import make_case

        folder = make_case(seed=7, t="T2a", n="N2a", m="M0").save(tmp_path_factory.mktemp("patient") / "case")
    elif REAL.exists():
        folder = REAL
    else:
        pytest.skip("../shared/data/lung1-001 is not beside this checkout")
    report = stage(folder)
    report.save(tmp_path_factory.mktemp("report") / "out")
    return request.param, folder, report


@pytest.fixture(scope="module")
def table(request):
    """Rows of what was measured, printed when all is done."""
    rows = []
    yield rows
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{'patient':<12}{'stage':<10}{'seconds':>9}{'passes':>9}{'goal':>7}")
        for name, what, seconds, passes in rows:
            print(f"{name:<12}{what:<10}{seconds:>9.2f}{passes:>9.0f}{GOAL_PASSES[what]:>7}")


@pytest.mark.parametrize("what", GOAL_PASSES)
def test_stage(benchmark, patient, table, tmp_path, what):
    name, folder, report = patient
    study, lungs, skeleton, anatomy, normal = report.study, report.lungs, report.skeleton, report.anatomy, report.normal
    work = {
        "reading": lambda: read_study(folder),
        "lungs": lambda: find_lungs(study),
        "skeleton": lambda: find_skeleton(study),
        "anatomy": lambda: map_anatomy(study, lungs, skeleton),
        "normal": lambda: imagine_normal(study, lungs, skeleton, anatomy),
        "lesions": lambda: find_lesions(study, lungs, skeleton, anatomy, normal),
        "staging": lambda: infer_named(infer_staging, report.lesions, anatomy, report.facts, read_numbers(report.priors).staging),
        "report": lambda: report.save(tmp_path / "out", overwrite=True),
    }[what]
    benchmark.group = name
    add_up(study.ct.values)

    before = pass_seconds(study.ct.values)
    benchmark.pedantic(work, rounds=ROUNDS)
    one_pass = median([before, pass_seconds(study.ct.values)])

    seconds = benchmark.stats.stats.median
    benchmark.extra_info.update({"passes": round(seconds / one_pass, 1), "goal in passes": GOAL_PASSES[what]})
    table.append((name, what, seconds, seconds / one_pass))
