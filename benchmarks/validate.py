"""Synthetic patients with known truth staged one after the other, one row each in benchmarks/results/validate.csv.

`make validate` goes on where an earlier run stopped; images are deleted as soon as they are staged. A row holds what the
truth is, what was answered, and how probable the truth was held to be.
"""

from __future__ import annotations

import argparse
import csv
import math
import tempfile
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "validate.csv"
EDITION = 9
COLUMNS = (
    "seed", "true_t", "true_n", "true_m", "true_stage", "t", "n", "m", "stage", "p_true_t", "p_true_n", "p_true_m",
    "p_true_stage", "primary_found", "candidates", "outcome", "seconds",
)  # fmt: skip
FOUND_MM = 15.0


def main() -> None:
    """Stage `--count` patients, then print the scores of all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1000)
    arguments = parser.parse_args()
    rows = read_rows()
    done = {int(row["seed"]) for row in rows}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.count):
        if seed not in done:
            rows.append(staged_row(seed))
            write_rows(rows)
            print(" ".join(f"{name}={rows[-1][name]}" for name in COLUMNS), flush=True)
    print("\n".join(scores(rows)))


def staged_row(seed: int) -> dict[str, str]:
    """One patient made, staged and compared."""
    import lungstage

    case = lungstage.make_case(seed=seed, edition=EDITION)
    truth = case.truth.editions[str(EDITION)]
    with tempfile.TemporaryDirectory() as folder:
        case.save(Path(folder) / "case")
        start = time.perf_counter()
        report = lungstage.stage(Path(folder) / "case")
        seconds = time.perf_counter() - start
    answer = report.staging.editions[EDITION]
    best = answer.most_likely
    values = {
        "seed": seed, "true_t": truth.t, "true_n": truth.n, "true_m": truth.m, "true_stage": truth.stage,
        "t": best.t, "n": best.n, "m": best.m, "stage": best.stage,
        "p_true_t": answer.t[truth.t], "p_true_n": answer.n[truth.n], "p_true_m": answer.m[truth.m],
        "p_true_stage": answer.stage[truth.stage], "primary_found": primary_found(case, report),
        "candidates": len(report.lesions), "outcome": report.outcome, "seconds": round(seconds, 1),
    }  # fmt: skip
    return {name: f"{value:.4f}" if isinstance(value, float) else str(value) for name, value in values.items()}


def primary_found(case, report) -> str:
    """Whether the most probable primary lies where the true one does; "" where there is none."""
    true = [lesion for lesion in case.truth.lesions if lesion.role == "primary"]
    if not true:
        return ""
    name = max(report.staging.primary, key=report.staging.primary.get)
    if not name.startswith("L"):
        return "no"
    reach = max(FOUND_MM, true[0].longest_diameter_mm / 2)
    return "yes" if math.dist(report.lesions[name].centre_mm, true[0].centre_mm) <= reach else "no"


def scores(rows: list[dict[str, str]]) -> list[str]:
    """Accuracy, mean probability of the truth and log loss of T, N, M and stage, with a bootstrap interval by patient."""
    import numpy as np

    random = np.random.default_rng(0)
    lines = [f"{len(rows)} synthetic patients, edition {EDITION}"]
    for name in ("t", "n", "m", "stage"):
        right = np.array([row[name] == row[f"true_{name}"] for row in rows], float)
        p = np.array([float(row[f"p_true_{name}"]) for row in rows])
        draws = random.choice(right, (2000, len(right))).mean(axis=1)
        low, high = np.quantile(draws, (0.025, 0.975))
        loss = -np.log(np.maximum(p, 1e-6)).mean()
        accuracy = f"right {right.mean():.2f} ({low:.2f} to {high:.2f})"
        lines.append(f"{name:<6} {accuracy}   p(truth) {p.mean():.2f}   log loss {loss:.2f}")
    found = [row["primary_found"] for row in rows if row["primary_found"]]
    lines.append(f"primary found {found.count('yes')} of {len(found)}")
    return lines


def read_rows() -> list[dict[str, str]]:
    """The rows of earlier runs."""
    if not RESULTS.is_file():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(rows: list[dict[str, str]]) -> None:
    """All rows, sorted by seed."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: int(row["seed"])))


if __name__ == "__main__":
    main()
