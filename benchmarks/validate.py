"""A cohort of synthetic patients made, staged and scored with one command: `make validate`.

Each patient is a process: made, staged, and its images deleted; truth and result stay in the work folder, so that a run that
was stopped goes on where it was. At the end `lungstage.evaluate` scores all that lies there: the page goes to
WORK/scores/scores.html, the table to benchmarks/results/validate.csv. A patient that fails costs only itself: it is named,
counts as one without a result, and is tried again the next time. With --real, the real scans of a folder are staged and scored
too, by what is known of them, on a page and in a table of their own (WORK/real, validate-real.csv), so that neither sort
dilutes the other's scores.
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

RESULTS = Path(__file__).parent / "results"
WORK = Path("validation")
THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")


def main() -> None:
    """Make and stage what is missing, then score everything."""
    arguments = parse()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.count)
    waiting = [seed for seed in seeds if not is_done(arguments.work, seed)]
    print(f"{len(seeds) - len(waiting)} of {len(seeds)} patients are there already", flush=True)
    run_all([(run_one, seed, arguments.work, arguments.coverage) for seed in waiting], arguments.jobs)
    tell_old_numbers(arguments.work)
    write_scores(arguments.work, "validate.csv")
    if arguments.real:
        work = arguments.work / "real"
        run_all([(run_real, scan, work) for scan in real_scans(arguments.real) if not is_done(work, scan.name)], arguments.jobs)
        tell_old_numbers(work)
        write_scores(work, "validate-real.csv")


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20, help="patients (default: %(default)s)")
    parser.add_argument("--first-seed", type=int, default=1000, help="(default: %(default)s)")
    parser.add_argument("--coverage", choices=("thorax", "body"), default="thorax", help="(default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="patients at a time (default: one a core)")
    parser.add_argument("--work", type=Path, default=WORK, help="truths, results and page (default: %(default)s)")
    parser.add_argument("--real", type=Path, metavar="DIR", help="also the real scans in DIR, such as ../shared/data")
    return parser.parse_args()


def is_done(work: Path, name: str | int) -> bool:
    """Whether truth and result are there."""
    return (result_of(work, name) / "staging.json").is_file() and (truth_of(work, name) / "truth.json").is_file()


def tell_old_numbers(work: Path) -> None:
    """Say how many results rest on other numbers than those of today: they are kept, and may be deleted by hand."""
    from lungstage.tables import shipped_priors

    digest = shipped_priors().digest()
    answers = [json.loads(path.read_text(encoding="utf-8")) for path in work.glob("result/*/staging.json")]
    old = sum(answer["provenance"]["priors_digest"] != digest for answer in answers)
    if old:
        print(f"{old} of {len(answers)} results were made with other priors; delete {work} to make all anew", flush=True)


def truth_of(work: Path, name: str | int) -> Path:
    """Where a patient's truth stays."""
    return work / "truth" / str(name) / "truth"


def result_of(work: Path, name: str | int) -> Path:
    """Where a patient's result stays."""
    return work / "result" / str(name)


def real_scans(folder: Path) -> list[Path]:
    """The scans whose truth can be told in the project's form."""
    from tests.real.adapters import ADAPTERS

    return [folder / name for name in sorted(ADAPTERS) if (folder / name).is_dir()]


def run_all(tasks: list[tuple], jobs: int) -> None:
    """Call each (function, patient, ...), `jobs` at a time, each with its share of the threads; a line for each as it ends."""
    if not tasks:
        return
    jobs = max(1, min(jobs, len(tasks)))
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(max(1, (os.cpu_count() or 1) // jobs))
    start, done = time.perf_counter(), 0
    # spawned, so that each process reads the number of threads before it loads a library
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(*task): task[1] for task in tasks}
        for future in as_completed(waiting):
            done += 1
            error, name = future.exception(), getattr(waiting[future], "name", waiting[future])
            said = f"failed: {type(error).__name__}: {error}" if error else future.result()
            print(f"{done:>4} of {len(tasks)}  {time.perf_counter() - start:6.0f} s  {name}  {said}", flush=True)


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
    return f"{true.t} {true.n} {true.m} {true.stage} called {called(report)}"


def run_real(scan: Path, work: Path) -> str:
    """One real scan staged, its truth brought into the project's form."""
    import lungstage
    from tests.real.adapters import write_truth

    write_truth(scan, truth_of(work, scan.name))
    report = lungstage.stage(scan)
    report.save(result_of(work, scan.name), overwrite=True)
    return f"called {called(report)}"


def called(report) -> str:
    """The answer, and how long it took."""
    best = report.staging.editions[9].most_likely if report.staging else None
    return f"{f'{best.t} {best.n} {best.m} {best.stage}' if best else report.outcome}, staged in {report.seconds:.0f} s"


def write_scores(work: Path, table: str) -> None:
    """Score all that lies in a work folder."""
    import lungstage
    from lungstage.errors import LungstageError

    try:
        scores = lungstage.evaluate(work / "truth", work / "result")
    except LungstageError as error:
        raise SystemExit(f"nothing to score: {error}") from error
    page = scores.save(work / "scores", overwrite=True) / "scores.html"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / table).write_text(scores.as_csv(), encoding="utf-8")
    print("\n".join([*scores.missing.lines(), *scores.lines(), f"table      {RESULTS / table}", f"page       {page}"]))


if __name__ == "__main__":
    main()
