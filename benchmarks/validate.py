"""A cohort of synthetic patients made, staged and scored with one command: `make validate`.

Each patient is a process: made, staged, and its images deleted; truth and result stay in the work folder, so that a run that
was stopped goes on where it was. At the end `lungstage.evaluate` scores all that lies there: the page goes to
WORK/scores/scores.html, the table to benchmarks/results/validate.csv. A patient that fails costs only itself: it is named,
counts as one without a result, and is tried again the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "validate.csv"
WORK = Path("validation")
THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")


def main() -> None:
    """Make and stage what is missing, then score everything."""
    arguments = parse()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.count)
    waiting = [seed for seed in seeds if not is_done(arguments.work, seed)]
    print(f"{len(seeds) - len(waiting)} of {len(seeds)} patients are there already", flush=True)
    if waiting:
        run_all(waiting, arguments.work, arguments.coverage, arguments.jobs)
    write_scores(arguments.work)


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20, help="patients (default: %(default)s)")
    parser.add_argument("--first-seed", type=int, default=1000, help="(default: %(default)s)")
    parser.add_argument("--coverage", choices=("thorax", "body"), default="thorax", help="(default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="patients at a time (default: one a core)")
    parser.add_argument("--work", type=Path, default=WORK, help="truths, results and page (default: %(default)s)")
    return parser.parse_args()


def is_done(work: Path, seed: int) -> bool:
    """Whether truth and result are there, the result by the numbers of today."""
    from lungstage.tables import shipped_priors

    answer = result_of(work, seed) / "staging.json"
    if not (answer.is_file() and (truth_of(work, seed) / "truth.json").is_file()):
        return False
    return json.loads(answer.read_text(encoding="utf-8"))["provenance"]["priors_digest"] == shipped_priors().digest()


def truth_of(work: Path, seed: int) -> Path:
    """Where a patient's truth stays."""
    return work / "truth" / str(seed) / "truth"


def result_of(work: Path, seed: int) -> Path:
    """Where a patient's result stays."""
    return work / "result" / str(seed)


def run_all(seeds: list[int], work: Path, coverage: str, jobs: int) -> None:
    """All patients, `jobs` at a time, each with its share of the threads; a line for each as it ends."""
    jobs = max(1, min(jobs, len(seeds)))
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(max(1, (os.cpu_count() or 1) // jobs))
    start, done = time.perf_counter(), 0
    # spawned, so that each process reads the number of threads before it loads a library
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(run_one, seed, work, coverage): seed for seed in seeds}
        for future in as_completed(waiting):
            done += 1
            error = future.exception()
            said = f"failed: {type(error).__name__}: {error}" if error else future.result()
            print(f"{done:>4} of {len(seeds)}  {time.perf_counter() - start:6.0f} s  seed {waiting[future]}  {said}", flush=True)


def run_one(seed: int, work: Path, coverage: str) -> str:
    """One patient made and staged; returns what was true and what was called."""
    import lungstage

    case = lungstage.make_case(seed=seed, coverage=coverage)
    folder = work / "images" / str(seed)
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped here
    case.save(folder)
    true = case.truth.editions["9"]
    del case
    truth = truth_of(work, seed)
    shutil.rmtree(truth, ignore_errors=True)
    truth.parent.mkdir(parents=True, exist_ok=True)
    # the truth goes first: `stage` sees images alone
    (folder / "truth").rename(truth)
    try:
        report = lungstage.stage(folder)
        report.save(result_of(work, seed), overwrite=True)
    finally:
        shutil.rmtree(folder)
    best = report.staging.editions[9].most_likely if report.staging else None
    called = f"{best.t} {best.n} {best.m} {best.stage}" if best else report.outcome
    return f"{true.t} {true.n} {true.m} {true.stage} called {called}, staged in {report.seconds:.0f} s"


def write_scores(work: Path) -> None:
    """Score all that lies in the work folder."""
    import lungstage

    scores = lungstage.evaluate(work / "truth", work / "result")
    page = scores.save(work / "scores", overwrite=True) / "scores.html"
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(scores.as_csv(), encoding="utf-8")
    print("\n".join([*scores.missing.lines(), *scores.lines(), f"table      {RESULTS}", f"page       {page}"]))


if __name__ == "__main__":
    main()
