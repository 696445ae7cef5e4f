"""Scans with known lungs in, two tables out: how right the lungs are, and how much each parameter moves them.

    python -m benchmarks.lungs accuracy     -> benchmarks/results/lungs-accuracy.csv
    python -m benchmarks.lungs sensitivity  -> benchmarks/results/lungs-sensitivity.csv

Scans: ../shared/data where it is there, and synthetic patients from seed 5000 on (`--patients N`), which nothing was fitted to;
CT alone, 256 x 256 voxels in slices of 2.5 mm, for that is a third of the time. Their masks are those of the patient at rest;
before they are compared they breathe and beat as the CT did, or a dome a centimetre off would count as a mistake.
Sensitivity changes one number of priors/parameters/lungs.toml at a time by 10 % and 25 % up and down, and looks at scans
without lungs, with half of them and with one as well. A number that moves nothing anywhere has no business in the table.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from benchmarks.chest import PIXEL_MM, draw_chest
from lungstage.geometry import Grid
from lungstage.lungs import LungParameters, find_lungs, load_lung_parameters
from lungstage.records import Lungs, Study, Volume
from lungstage.records.lungs import LEFT, RIGHT
from lungstage.tables import shipped_priors

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RESULTS = Path(__file__).parent / "results"
FIRST_SEED, TUMOUR_ML = 5000, 1.0
MATRIX, SLICE_MM, PET_VOXEL_MM = 256, 2.5, (20.0, 20.0, 20.0)  # the PET is not looked at
UNCONTOURED = (
    ("abdomen-ts", "ct.nii.gz"), ("crlm-ct-1004", "ct"), ("qin-lsc-0088", "ct"), ("4d-lung-113", "ct"), ("lung-dx-a0001", "ct"),
    ("petct-acrin-042", "ct"), ("head-phantom", "ct"), ("head-tilted", "ct"), ("ibsi-lung-pat3", "ct"),
)  # fmt: skip
MASKS = ("right", "left", "airway", "hull", "body")
SUMMED = ("dice", "dice_right", "dice_left", "tumour_in_hull", "central_tumour_in_hull")
BEYOND_MM = 40.0  # surfaces are compared inside the box of both masks


@dataclass(frozen=True, eq=False)
class Known:
    """A scan and what is known of it.

    lungs     uint8 (z, y, x): 1 right, 2 left
    judged    bool (z, y, x): where the comparison counts; tumours are left out, for a lung is without them
    tumours   bool (z, y, x) each: malignant ones of a millilitre and more, inside the lung's room
    central   of each tumour, whether it grows into the mediastinum, so that no surface parts the two
    traits    what the patient has
    """

    name: str
    study: Study
    lungs: np.ndarray
    judged: np.ndarray
    tumours: tuple[np.ndarray, ...] = ()
    central: tuple[bool, ...] = ()
    traits: tuple[str, ...] = ()


def real_scans() -> Iterator[Known]:
    """Those of ../shared/data whose lungs are contoured."""
    from lungstage.study import read_study

    folder = DATA / "lung1-001"
    if folder.is_dir():
        tumour = stored(folder / "truth/gtv-1.nii.gz") != 0
        yield Known(
            "lung1-001", read_study(folder / "ct"), stored(folder / "truth/lungs-right1-left2.nii.gz"), ~tumour, (tumour,),
            (False,), ("tumour",),
        )  # fmt: skip
    folder = DATA / "cip-ct64"
    if folder.is_dir():
        regions = stored(folder / "truth/lm-64.nrrd") & 255
        lungs = np.where(np.isin(regions, (12, 13, 14)), RIGHT, np.where(np.isin(regions, (9, 10, 11)), LEFT, 0))
        yield Known("cip-ct64", read_study(folder / "ct-64.nrrd"), lungs, np.ones(lungs.shape, bool))


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
    from lungstage.phantom.parameters import shipped_parameters

    numbers = replace(shipped_parameters(), ct_matrix=MATRIX, ct_slice_mm=SLICE_MM, pet_voxel_mm=PET_VOXEL_MM)
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        case = lungstage.make_case(seed=seed, parameters=numbers)
        masks = draw_masks(case.anatomy, list(case.lesions), case.scan.ct_grid)
        lungs = as_scanned(seed, case.anatomy, case.scan.ct_grid, masks["lungs"])
        yield known_patient(seed, case.study, masks, lungs, case.truth.as_json())


def as_scanned(seed: int, anatomy, grid, masks: np.ndarray) -> np.ndarray:
    """uint8 (z, y, x): the lungs of a mask of the patient at rest, as he breathed and his heart beat during the CT."""
    from lungstage.phantom.motion import draw_motion, move
    from lungstage.phantom.scanner import draw_lattice
    from lungstage.phantom.streams import stream

    motion, lattice = draw_motion(stream(seed, "scanner motion")), draw_lattice(stream(seed, "scanner texture"))
    out = np.zeros_like(masks)
    for side in (RIGHT, LEFT):
        out[move((masks == side).astype(np.float32), grid, anatomy, motion, lattice) >= 0.5] = side
    return out


def known_patient(seed: int, study: Study, masks: dict[str, np.ndarray], lungs: np.ndarray, truth: dict) -> Known:
    """A synthetic patient; lungs: as scanned, masks and truth: as the case gives them."""
    tumours, central = [], []
    for k, lesion in enumerate(truth["lesions"], start=1):
        room = (masks["lesions"] == k) & (masks["lobes"] > 0)
        if lesion["kind"] == "pulmonary" and lesion["malignant"]:
            if np.count_nonzero(room) * study.ct.grid.voxel_ml >= TUMOUR_ML:
                tumours.append(room)
                central.append(any(c["structure"] == "mediastinum" and c["invaded"] for c in lesion["contacts"]))
    return Known(
        f"synthetic {seed}", study, lungs, masks["lesions"] == 0, tuple(tumours), tuple(central),
        traits_of(truth, float(sum(map(np.count_nonzero, tumours))) * study.ct.grid.voxel_ml),
    )  # fmt: skip


def traits_of(truth: dict, tumours_ml: float) -> tuple[str, ...]:
    """What a synthetic patient has, in the words of the table; "none of these" where it is nothing of them."""
    names = {lesion["name"].split(" ")[0] for lesion in truth["lesions"]}
    kinds = {lesion["kind"] for lesion in truth["lesions"]}
    patient = truth["patient"]
    told = {
        "tumour above 30 ml": tumours_ml > 30, "tumour up to 30 ml": 0 < tumours_ml <= 30, "effusion": "effusion" in kinds,
        "collapse": "collapse" in kinds, "pneumonia": "pneumonia" in names, "scar": "apical_scar" in names,
        "emphysema or bulla": bool(names & {"emphysema", "bulla"}), "pleural": "pleural" in kinds,
        "scoliosis": "scoliosis" in patient["variants"], "arms down": not patient["arms_up"],
    }  # fmt: skip
    return tuple(name for name, has in told.items() if has) or ("none of these",)


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
    for column, wanted in (("tumour_in_hull", False), ("central_tumour_in_hull", True)):
        shares = [np.mean(lungs.hull[tumour] != 0) for tumour, central in zip(known.tumours, known.central) if central == wanted]
        if shares:
            row[column] = float(min(shares))
    return row


def write_accuracy(patients: int) -> None:
    rows, drawn = [], []
    for source in (real_scans(), synthetic_patients(patients)):
        for known in source:
            row = accuracy_of(known, find_lungs(known.study))
            rows.append({"scan": known.name, "has": "; ".join(known.traits)} | row)
            print(rows[-1], flush=True)
            if known.name.startswith("synthetic"):
                drawn.append((known.traits, row))
    traits = sorted({trait for has, _ in drawn for trait in has})
    for trait in (None, *traits) if drawn else ():
        of_trait = [row for has, row in drawn if trait is None or trait in has]
        for name, of in (("mean", np.mean), ("worst", np.min)):
            values = {key: of([row[key] for row in of_trait if key in row]) for key in SUMMED if any(key in r for r in of_trait)}
            rows.append({"scan": f"{len(of_trait)} synthetic, {name}", "has": trait or "all"} | values)
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


def uncontoured_scans() -> Iterator[Known]:
    """Scans in which nobody drew the lungs, with half of them, one of them or none: what moves is told, not how right it is."""
    from lungstage.study import read_study

    nothing = np.zeros((0, 0, 0), np.uint8)
    for name, file in UNCONTOURED:
        if (DATA / name / file).exists():
            yield Known(name, read_study(DATA / name / file), nothing, nothing)
    for name, study in drawn_chests():
        yield Known(name, study, nothing, nothing)


def drawn_chests() -> Iterator[tuple[str, Study]]:
    """The drawn chest of the speed benchmark, as it is and changed; a phantom of water."""
    study, _ = draw_chest(100)
    values, grid = study.ct.values, study.ct.grid
    half = grid.shape[2] // 2

    def changed(name, hu):
        return name, replace(study, ct=Volume(np.ascontiguousarray(hu), grid.box((0, 0, 0), hu.shape), "HU"))

    yield changed("drawn", values)
    yield changed("drawn, right half", values[:, :, :half])
    one = values.copy()
    one[:, :, half + 10 :][one[:, :, half + 10 :] < -400] = 20
    yield changed("drawn, left lung full of fluid", one)
    yield changed("drawn, emphysema", np.where((values < -700) & (values > -970), values - 125, values))
    large = Grid(grid.shape, tuple(1.3 * side for side in grid.spacing_mm))
    yield "drawn, a third larger", replace(study, ct=Volume(values, large, "HU"))
    noise = np.random.default_rng(1).normal(0, 100, values.shape)
    yield changed("drawn, noise of 100 HU", np.clip(values + noise, -1024, 3071).astype(np.int16))
    y, x = np.indices(grid.shape[1:]) - half
    water = np.where(x**2 + y**2 < (100 / PIXEL_MM) ** 2, 0, -1000) + 0.2 * noise
    yield changed("water phantom", np.clip(water, -1024, 3071).astype(np.int16))


def write_sensitivity(patients: int) -> None:
    numbers = load_lung_parameters()
    scans = [*real_scans(), *synthetic_patients(patients), *uncontoured_scans()]
    before = [find_lungs(known.study, numbers) for known in scans]
    truth = [accuracy_of_dice(known, lungs) for known, lungs in zip(scans, before)]
    rows = []
    for name, percent, changed in changes(numbers):
        row = {"parameter": name, "change_percent": percent, "dice": 0.0, "dice_on": ""}
        row |= {f"moved_{mask}": 0.0 for mask in MASKS} | {"moved_p_thorax": 0.0, "moved_coverage": 0.0, "most_on": ""}
        most = 0.0
        for known, old, old_dice in zip(scans, before, truth):
            new = find_lungs(known.study, changed)
            step = accuracy_of_dice(known, new) - old_dice
            if abs(step) > abs(row["dice"]):
                row["dice"], row["dice_on"] = step, known.name
            moved = {f"moved_{mask}": 1 - dice(getattr(old, mask), getattr(new, mask)) for mask in MASKS}
            moved["moved_p_thorax"] = abs(new.p_thorax - old.p_thorax)
            moved["moved_coverage"] = abs(new.quality.covered - old.quality.covered)
            if max(moved.values()) > most:
                most, row["most_on"] = max(moved.values()), known.name
            row |= {key: max(row[key], value) for key, value in moved.items()}
        rows.append(row)
        print(row, flush=True)
    write("lungs-sensitivity.csv", rows)


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
    parser.add_argument("table", choices=("accuracy", "sensitivity"))
    parser.add_argument("--patients", type=int, default=3, help="synthetic patients, seeds from 5000 on (default: %(default)s)")
    wanted = parser.parse_args()
    {"accuracy": write_accuracy, "sensitivity": write_sensitivity}[wanted.table](wanted.patients)
