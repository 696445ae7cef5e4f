"""Scans with known lungs in, two tables out: how right the lungs are, and how much each parameter moves them.

    python -m benchmarks.lungs accuracy     -> benchmarks/results/lungs-accuracy.csv
    python -m benchmarks.lungs sensitivity  -> benchmarks/results/lungs-sensitivity.csv

Scans: ../shared/data where it is there, and synthetic patients from seed 5000 on (`--patients N`), which nothing was fitted to.
Sensitivity changes one number of priors/parameters/lungs.toml at a time by 10 % and 25 % up and down. A number that moves
nothing anywhere has no business in the table.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from lungstage.lungs import LungParameters, find_lungs, load_lung_parameters
from lungstage.records import Lungs, Study
from lungstage.records.lungs import LEFT, RIGHT
from lungstage.tables import shipped_priors

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RESULTS = Path(__file__).parent / "results"
FIRST_SEED, TUMOUR_ML = 5000, 1.0
MASKS = ("right", "left", "airway", "hull", "body")
BEYOND_MM = 40.0  # surfaces are compared inside the box of both masks


@dataclass(frozen=True, eq=False)
class Known:
    """A scan and what is known of it.

    lungs     uint8 (z, y, x): 1 right, 2 left
    judged    bool (z, y, x): where the comparison counts; tumours are left out, for a lung is without them
    tumours   bool (z, y, x) each: primary tumours of a millilitre and more, inside the lung's room
    """

    name: str
    study: Study
    lungs: np.ndarray
    judged: np.ndarray
    tumours: tuple[np.ndarray, ...]


def real_scans() -> Iterator[Known]:
    """Those of ../shared/data whose lungs are contoured."""
    from lungstage.study import read_study

    folder = DATA / "lung1-001"
    if folder.is_dir():
        tumour = stored(folder / "truth/gtv-1.nii.gz") != 0
        yield Known(
            "lung1-001", read_study(folder / "ct"), stored(folder / "truth/lungs-right1-left2.nii.gz"), ~tumour, (tumour,)
        )
    folder = DATA / "cip-ct64"
    if folder.is_dir():
        regions = stored(folder / "truth/lm-64.nrrd") & 255
        lungs = np.where(np.isin(regions, (12, 13, 14)), RIGHT, np.where(np.isin(regions, (9, 10, 11)), LEFT, 0))
        yield Known("cip-ct64", read_study(folder / "ct-64.nrrd"), lungs, np.ones(lungs.shape, bool), ())


def stored(path: Path) -> np.ndarray:
    """A stored label map as (z, y, x) with x to the left and y to the back."""
    import SimpleITK as sitk

    image = sitk.ReadImage(str(path))
    axes = np.array(image.GetDirection()).reshape(3, 3)
    return np.flip(sitk.GetArrayFromImage(image), [2 - axis for axis in range(3) if axes[axis, axis] < 0])


def synthetic_patients(count: int) -> Iterator[Known]:
    """Patients with disease as drawn; what is not tumour (fluid, collapse, other findings) is not judged."""
    import lungstage
    from lungstage.phantom.masks import draw_masks

    for seed in range(FIRST_SEED, FIRST_SEED + count):
        case = lungstage.make_case(seed=seed)
        masks = draw_masks(case.anatomy, list(case.lesions), case.scan.ct_grid)
        voxel_ml = case.study.ct.grid.voxel_ml
        tumours = []
        for k, lesion in enumerate(case.lesions, start=1):
            room = (masks["lesions"] == k) & (masks["lobes"] > 0)
            if lesion.kind == "pulmonary" and lesion.malignant and np.count_nonzero(room) * voxel_ml >= TUMOUR_ML:
                tumours.append(room)
        lungs = np.where(masks["lungs"] <= 2, masks["lungs"], 0)
        yield Known(f"synthetic {seed}", case.study, lungs, masks["lesions"] == 0, tuple(tumours))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Dice of two masks; 1 where both are empty."""
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
        "dice": dice(both, truth), "dice_right": dice((lungs.right != 0) & judged, (known.lungs == RIGHT) & judged),
        "dice_left": dice((lungs.left != 0) & judged, (known.lungs == LEFT) & judged),
        "surface_mean_mm": mean_mm, "surface_95_mm": most_mm,
        "missing_ml": np.count_nonzero(truth & ~both) * voxel_ml, "extra_ml": np.count_nonzero(both & ~truth) * voxel_ml,
    }  # fmt: skip
    if known.tumours:
        row["tumour_in_hull"] = min(float(np.mean(lungs.hull[tumour] != 0)) for tumour in known.tumours)
    return row


def write_accuracy(patients: int) -> None:
    rows = []
    for source in (real_scans(), synthetic_patients(patients)):
        for known in source:
            rows.append({"scan": known.name} | accuracy_of(known, find_lungs(known.study)))
            print(rows[-1], flush=True)
    drawn = [row for row in rows if row["scan"].startswith("synthetic")]
    for name, of in (("mean", np.mean), ("worst", np.min)) if drawn else ():
        keys = ("dice", "dice_right", "dice_left", "tumour_in_hull")
        values = {key: of([row[key] for row in drawn if key in row] or [np.nan]) for key in keys}
        rows.append({"scan": f"synthetic, {name}"} | values)
    write("lungs-accuracy.csv", rows)


def changes(numbers: LungParameters) -> Iterator[tuple[str, float, LungParameters]]:
    """(name, change in percent, the parameters with it): every number by itself, the log odds together, inside its range."""
    entries = shipped_priors().toml("parameters/lungs.toml")
    for field in fields(numbers):
        low, high = entries[field.name]["range"]
        value = getattr(numbers, field.name)
        several = isinstance(value, tuple) and field.name != "thorax_log_odds"
        for part in range(len(value)) if several else (None,):
            for percent in (-25, -10, 10, 25):
                factor = 1 + percent / 100
                if part is not None:
                    changed = tuple(np.clip(v * factor, low, high) if k == part else v for k, v in enumerate(value))
                elif isinstance(value, tuple):
                    changed = tuple(np.clip([v * factor for v in value], low, high))
                else:
                    changed = float(np.clip(value * factor, low, high))
                name = field.name if part is None else f"{field.name}[{part}]"
                yield name, percent, replace(numbers, **{field.name: changed})


def write_sensitivity(patients: int) -> None:
    numbers = load_lung_parameters()
    scans = [*real_scans(), *synthetic_patients(patients)]
    before = [find_lungs(known.study, numbers) for known in scans]
    truth = [accuracy_of_dice(known, lungs) for known, lungs in zip(scans, before)]
    rows = []
    for name, percent, changed in changes(numbers):
        row = {"parameter": name, "change_percent": percent, "dice": 0.0} | {f"moved_{mask}": 0.0 for mask in MASKS}
        row |= {"moved_p_thorax": 0.0, "moved_coverage": 0.0, "largest_on": ""}
        for known, old, old_dice in zip(scans, before, truth):
            new = find_lungs(known.study, changed)
            step = accuracy_of_dice(known, new) - old_dice
            if abs(step) > abs(row["dice"]):
                row["dice"], row["largest_on"] = step, known.name
            for mask in MASKS:
                row[f"moved_{mask}"] = max(row[f"moved_{mask}"], 1 - dice(getattr(old, mask), getattr(new, mask)))
            row["moved_p_thorax"] = max(row["moved_p_thorax"], abs(new.p_thorax - old.p_thorax))
            row["moved_coverage"] = max(row["moved_coverage"], abs(new.quality.covered - old.quality.covered))
        rows.append(row)
        print(row, flush=True)
    write("lungs-sensitivity.csv", rows)


def accuracy_of_dice(known: Known, lungs: Lungs) -> float:
    """Dice of both lungs where the comparison counts."""
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
    parser.add_argument("table", choices=("accuracy", "sensitivity"))
    parser.add_argument("--patients", type=int, default=3, help="synthetic patients, seeds from 5000 on (default: %(default)s)")
    wanted = parser.parse_args()
    {"accuracy": write_accuracy, "sensitivity": write_sensitivity}[wanted.table](wanted.patients)
