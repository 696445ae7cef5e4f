"""Scans with known lungs in, two tables and pictures out: how right the lungs are, and how much each parameter moves them.

    python -m benchmarks.lungs accuracy     -> benchmarks/results/lungs-accuracy.csv
    python -m benchmarks.lungs hull         -> benchmarks/results/lungs-hull.csv
    python -m benchmarks.lungs sensitivity  -> benchmarks/results/lungs-sensitivity.csv
    python -m benchmarks.lungs pictures     -> a PNG for each scan in a folder, slices where lungs and truth differ most

Scans: `lung_scans.py`; `--patients N` of the clinic, `--keep DIR` for those made before. Sensitivity changes one number of
priors/parameters/lungs.toml and lungs_anatomy.toml at a time by 10 % and 25 % up and down, and looks at scans without lungs,
with half of them and with one as well. A number that moves nothing anywhere has no business in the table.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from benchmarks.lung_scans import HIDDEN, Known, clinic_patients, rare_patients, real_scans, uncontoured_scans
from lungstage.lungs import LungParameters, find_lungs, load_lung_parameters
from lungstage.records import Lungs
from lungstage.records.lungs import LEFT, RIGHT
from lungstage.tables import shipped_priors

RESULTS = Path(__file__).parent / "results"
MASKS = ("right", "left", "airway", "hull", "body")
MOVED = ("moved_p_thorax", "moved_coverage", "moved_heart_cm", "moved_doubled_share")
IN_HULL = {kind: f"{kind.replace(' ', '_')}_in_hull" for kind in HIDDEN}
SUMMED = ("dice", "dice_right", "dice_left")
SPARED = ("4d-lung-113", "petct-acrin-042", "lung-dx-a0001", "crlm-ct-1004", "drawn", "drawn, a third larger")
"""Scans that sensitivity leaves out: others are like them, and they take more than half of the time."""
LEAST_SHARE = 0.05  # of the other lung: a smaller one has too little border to be compared by itself
BESIDE_MM = 8.0  # beyond that a hull is in heart, liver or wall, and no longer within two blocks of where it should end
BEYOND_MM = 40.0  # surfaces are compared inside the box of both masks
PICTURED = 6  # slices of a scan


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Dice of two masks; 1 where both are empty."""
    if np.array_equal(a, b):
        return 1.0
    a, b = a != 0, b != 0
    both = np.count_nonzero(a) + np.count_nonzero(b)
    return 2.0 * np.count_nonzero(a & b) / both if both else 1.0


def surface_mm(a: np.ndarray, b: np.ndarray, spacing_mm) -> tuple[float, float]:
    """Mean and 95th percentile of the distances between the surfaces of two masks, both ways, mm."""
    from scipy.ndimage import binary_erosion, distance_transform_edt, find_objects

    margin = [int(np.ceil(BEYOND_MM / s)) for s in spacing_mm]
    box = find_objects((a | b).astype(np.uint8))[0]
    box = tuple(slice(max(0, s.start - m), s.stop + m) for s, m in zip(box, margin))
    surfaces = [mask[box] & ~binary_erosion(mask[box], border_value=1) for mask in (a, b)]
    away = [distance_transform_edt(~other, sampling=spacing_mm)[one] for one, other in (surfaces, surfaces[::-1])]
    return float(np.mean(np.concatenate(away))), float(np.percentile(np.concatenate(away), 95))


def accuracy_of(known: Known, lungs: Lungs) -> dict[str, float]:
    """What the table says of one scan."""
    judged = known.judged
    both = ((lungs.right | lungs.left) != 0) & judged
    truth = (known.lungs != 0) & judged
    mean_mm, most_mm = surface_mm(both, truth, known.study.ct.grid.spacing_mm)
    voxel_ml = known.study.ct.grid.voxel_ml
    row = {
        "dice": dice(both, truth), "surface_mean_mm": mean_mm, "surface_95_mm": most_mm,
        "missing_ml": np.count_nonzero(truth & ~both) * voxel_ml, "extra_ml": np.count_nonzero(both & ~truth) * voxel_ml,
    }  # fmt: skip
    for side, found, other in ((RIGHT, lungs.right, LEFT), (LEFT, lungs.left, RIGHT)):
        drawn = (known.lungs == side) & judged
        if np.count_nonzero(drawn) > LEAST_SHARE * np.count_nonzero(known.lungs == other):
            row["dice_right" if side == RIGHT else "dice_left"] = dice((found != 0) & judged, drawn)
    return row


def hull_of(known: Known, lungs: Lungs) -> dict[str, float]:
    """Of one scan, the share of what disease took from the lungs that lies in the hull, the worst of a kind, and how many
    millilitres of the hull lie more than BESIDE_MM outside of what the lungs and their airway would fill."""
    from scipy.ndimage import distance_transform_edt

    row = {}
    for kind, column in IN_HULL.items():
        shares = [np.mean(lungs.hull[room] != 0) for of, room in known.hidden if of == kind]
        if shares:
            row[column] = float(min(shares))
    if known.room is not None:
        grid = known.study.ct.grid
        away_mm = distance_transform_edt(~(known.room | (lungs.airway != 0)), sampling=grid.spacing_mm)
        row["beside_ml"] = np.count_nonzero((lungs.hull != 0) & (away_mm > BESIDE_MM)) * grid.voxel_ml
    return row


def write_hull(patients: int, keep: Path | None) -> None:
    """Of the clinic's patients those in the folder, if one is given: it may hold those alone whose lungs disease has reached."""
    rows, drawn = [], []
    for known in chain(real_scans(), clinic_patients(patients, keep, kept_only=keep is not None), rare_patients(keep)):
        row = hull_of(known, find_lungs(known.study))
        rows.append({"scan": known.name, "has": "; ".join(known.traits)} | row)
        print(rows[-1], flush=True)
        if known.room is not None:
            drawn.append(row)
    for name, of in (("mean", np.mean), ("worst", np.min), ("below 0.95", lambda shares: float(np.sum(np.array(shares) < 0.95)))):
        values = {key: [row[key] for row in drawn if key in row] for key in IN_HULL.values()}
        rows.append({"scan": f"{len(drawn)} synthetic, {name}"} | {key: float(of(v)) for key, v in values.items() if v})
    rows.append({"scan": "number of patients"} | {key: float(sum(key in row for row in drawn)) for key in IN_HULL.values()})
    write("lungs-hull.csv", rows)


def write_accuracy(patients: int, keep: Path | None) -> None:
    rows, clinic, drawn = [], [], []
    for group, source in ((None, real_scans()), (clinic, clinic_patients(patients, keep)), (drawn, rare_patients(keep))):
        for known in source:
            row = accuracy_of(known, find_lungs(known.study))
            rows.append({"scan": known.name, "has": "; ".join(known.traits)} | row)
            print(rows[-1], flush=True)
            if group is not None:
                group.append((known.traits, row))
    rows += summed([row for _, row in clinic], "of the clinic", "all")
    drawn = clinic + drawn
    for trait in sorted({trait for has, _ in drawn for trait in has}):
        rows += summed([row for has, row in drawn if trait in has], "synthetic", trait)
    write("lungs-accuracy.csv", rows)


def summed(of_trait: list[dict], who: str, trait: str) -> Iterator[dict]:
    """The rows of mean and worst of some patients."""
    for name, of in (("mean", np.mean), ("worst", np.min)):
        values = {key: of([row[key] for row in of_trait if key in row]) for key in SUMMED if any(key in r for r in of_trait)}
        if values:
            yield {"scan": f"{len(of_trait)} {who}, {name}", "has": trait} | values


def draw_pictures(patients: int, keep: Path | None, folder: Path) -> None:
    """A PNG for each scan: lungs (red), truth (green), what is missing (yellow), too much (magenta), hull and disease (blue)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    for known in chain(real_scans(), clinic_patients(patients, keep), rare_patients(keep)):
        lungs = find_lungs(known.study)
        both, truth = (lungs.right | lungs.left) != 0, known.lungs != 0
        missing, extra = truth & ~both & known.judged, both & ~truth & known.judged
        figure, axes = plt.subplots(2, PICTURED // 2, figsize=(27, 20))
        for axis, k in zip(axes.flat, most_different(missing | extra)):
            axis.imshow(np.clip(known.study.ct.values[k], -1000, 200), cmap="gray", interpolation="nearest")
            lines = [(truth[k], "lime"), (both[k], "red"), (lungs.hull[k] != 0, "deepskyblue")]
            for mask, colour in lines + [(room[k], "blue") for _, room in known.hidden]:
                axis.contour(mask, [0.5], colors=colour, linewidths=0.8)
            tint = np.zeros((*both.shape[1:], 4))
            tint[missing[k]], tint[extra[k]] = (1, 1, 0, 0.5), (1, 0, 1, 0.5)
            axis.imshow(tint, interpolation="nearest")
            axis.set_title(f"slice {k}")
            axis.axis("off")
        figure.suptitle(f"{known.name}: {accuracy_of_dice(known, lungs):.4f}; {', '.join(known.traits)}")
        figure.tight_layout()
        figure.savefig(folder / f"{known.name.replace(' ', '-')}.png", dpi=50)
        plt.close(figure)


def most_different(wrong: np.ndarray) -> list[int]:
    """Slices that differ most, none beside another one, from the feet up."""
    counts, chosen = np.count_nonzero(wrong, axis=(1, 2)), []
    for k in np.argsort(-counts):
        if len(chosen) < PICTURED and all(abs(k - other) > 3 for other in chosen):
            chosen.append(int(k))
    return sorted(chosen)


def changes(numbers: LungParameters) -> Iterator[tuple[str, float, LungParameters]]:
    """(name, change in percent, the parameters with it): every number by itself, the log odds together, inside its range."""
    for name, percent, changed in changed_fields(numbers, shipped_priors().toml("parameters/lungs.toml")):
        yield name, percent, changed
    for name, percent, changed in changed_fields(numbers.anatomy, shipped_priors().toml("parameters/lungs_anatomy.toml")):
        yield name, percent, replace(numbers, anatomy=changed)


def changed_fields(numbers, entries: dict) -> Iterator[tuple[str, float, object]]:
    """The same of one record and the file it was read from."""
    for name in entries:
        low, high = entries[name]["range"]
        value = getattr(numbers, name)
        several = isinstance(value, tuple) and name != "thorax_log_odds"
        for part in range(len(value)) if several else (None,):
            for percent in (-25, -10, 10, 25):
                factor = 1 + percent / 100
                if part is not None:
                    changed = tuple(np.clip(v * factor, low, high) if k == part else v for k, v in enumerate(value))
                elif isinstance(value, tuple):
                    changed = tuple(np.clip([v * factor for v in value], low, high))
                else:
                    changed = float(np.clip(value * factor, low, high))
                yield name if part is None else f"{name}[{part}]", percent, replace(numbers, **{name: changed})


def write_sensitivity(patients: int, keep: Path | None) -> None:
    numbers = load_lung_parameters()
    scans = [*real_scans(), *clinic_patients(patients, keep), *(k for k in uncontoured_scans() if k.name not in SPARED)]
    before = [find_lungs(known.study, numbers) for known in scans]
    truth = [accuracy_of_dice(known, lungs) for known, lungs in zip(scans, before)]
    rows = []
    for name, percent, changed in changes(numbers):
        row = {"parameter": name, "change_percent": percent, "dice": 0.0, "dice_on": ""}
        row |= {f"moved_{mask}": 0.0 for mask in MASKS} | dict.fromkeys(MOVED, 0.0) | {"most_on": ""}
        most = 0.0
        for known, old, old_dice in zip(scans, before, truth):
            new = find_lungs(known.study, changed)
            if all(np.array_equal(getattr(old, mask), getattr(new, mask)) for mask in MASKS) and judged(old) == judged(new):
                continue
            step = accuracy_of_dice(known, new) - old_dice
            if abs(step) > abs(row["dice"]):
                row["dice"], row["dice_on"] = step, known.name
            moved = {f"moved_{mask}": 1 - dice(getattr(old, mask), getattr(new, mask)) for mask in MASKS}
            moved |= dict(zip(MOVED, (abs(a - b) for a, b in zip(judged(new), judged(old)))))
            if max(moved.values()) > most:
                most, row["most_on"] = max(moved.values()), known.name
            row |= {key: max(row[key], value) for key, value in moved.items()}
        rows.append(row)
        print(row, flush=True)
    write("lungs-sensitivity.csv", rows)


def judged(lungs: Lungs) -> tuple[float, ...]:
    """What MOVED names."""
    quality = lungs.quality
    return lungs.p_thorax, quality.covered, (quality.heart_motion_mm or 0.0) / 10.0, quality.doubled_share


def accuracy_of_dice(known: Known, lungs: Lungs) -> float:
    """Dice of both lungs where the comparison counts; 0 where nobody drew them."""
    if not known.lungs.size:
        return 0.0
    return dice(((lungs.right | lungs.left) != 0) & known.judged, (known.lungs != 0) & known.judged)


def write(name: str, rows: list[dict]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with (RESULTS / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: f"{value:.4f}" if isinstance(value, float) else value for key, value in row.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("accuracy", "hull", "sensitivity", "pictures"))
    parser.add_argument("--patients", type=int, default=3, help="synthetic patients, seeds from 5000 on (default: %(default)s)")
    parser.add_argument("--keep", type=Path, help="folder for made patients, of one state of the generator; made once, then read")
    parser.add_argument("--folder", type=Path, default=Path("pictures"), help="where pictures go (default: %(default)s)")
    wanted = parser.parse_args()
    if wanted.what == "pictures":
        draw_pictures(wanted.patients, wanted.keep, wanted.folder)
    else:
        {"accuracy": write_accuracy, "hull": write_hull, "sensitivity": write_sensitivity}[wanted.what](
            wanted.patients, wanted.keep
        )
