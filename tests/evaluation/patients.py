"""Patients of two small files by hand: what is true in one folder, what was answered in another."""

import json
from pathlib import Path

import nibabel
import numpy as np

from lungstage.records.names import COVERED, DENSITIES
from lungstage.tnm import read_edition

SHAPE, SPACING_MM, ORIGIN_MM = (20, 30, 40), (5.0, 2.0, 1.5), (-30.0, -28.0, -50.0)
"""(z, y, x), unequal so that no axis can be taken for another; LPS."""
TRUE = {7: ("T2a", "N2", "M0", "IIIA"), 8: ("T2a", "N2", "M0", "IIIA"), 9: ("T2a", "N2a", "M0", "IIIA")}


def true_lesion(id="P1", label=1, kind="pulmonary", longest_mm=12.0, **traits) -> dict:
    """An entry of truth.json: of the primary in the right upper lobe, but for the traits."""
    entry = {
        "id": id, "label": label, "kind": kind, "malignant": True, "role": "primary", "density": "solid",
        "centre_mm": (-12.0, 0.0, -10.0), "longest_diameter_mm": longest_mm, "solid_diameter_mm": longest_mm,
        "short_axis_mm": longest_mm, "volume_ml": np.pi / 6000 * longest_mm**3, "side": "right", "lobe": "right_upper_lobe",
        "station": None, "contacts": [], "suv": 8.0, **traits,
    }  # fmt: skip
    return entry | {"centre_mm": list(entry["centre_mm"])}


def true_node(**more) -> dict:
    """A malignant node of station 4R."""
    return true_lesion(**{"id": "P2", "label": 2, "kind": "node", "role": "node", "centre_mm": (10.0, 5.0, 20.0), "lobe": None,
                          "station": "4R", "longest_mm": 10.0, **more})  # fmt: skip


def found_lesion(true: dict, id="L1", p_malignant=0.99, shift_mm=(0.0, 0.0, 0.0), size_error_mm=0.0, **more) -> dict:
    """A candidate as staging.json tells it, made from a true lesion."""
    size = true["longest_diameter_mm"] + size_error_mm
    spread = {"mean": size, "sd": 1.0, "q05": size - 1.6, "q50": size, "q95": size + 1.6}
    volume = dict.fromkeys(("mean", "q05", "q50", "q95"), true["volume_ml"]) | {"sd": 0.0}
    role = dict.fromkeys(("primary", "second_primary", "satellite", "node", "metastasis"), 0.0)
    return {
        "id": id, "kind": true["kind"], "centre_mm": [float(a + b) for a, b in zip(true["centre_mm"], shift_mm, strict=True)],
        "slice": None,
        "place": {
            "side": {true["side"]: 1.0}, "region": {true["lobe"] or "mediastinum": 1.0},
            "station": {true["station"]: 1.0} if true["station"] else None,
        },
        "longest_diameter_mm": spread, "short_axis_mm": spread, "solid_diameter_mm": spread, "volume_ml": volume,
        "density": {name: float(name == "solid") for name in DENSITIES}, "suv_max": 8.0, "suv_mean": 5.0, "suv_unit": "SUVbw",
        "hu_mean": 30.0, "contacts": [], "p_malignant": p_malignant,
        "role": role | {"primary": p_malignant, "benign": 1 - p_malignant}, "reasons": [], **more,
    }  # fmt: skip


def call(edition: int, t: str, n: str, m: str, stage: str, sure: float = 1.0) -> dict:
    """One edition of staging.json: that answer with probability `sure`, the rest on the first other name."""
    book = read_edition(edition)
    entry = {}
    for letter, name, names in zip(
        ("t", "n", "m", "stage"), (t, n, m, stage), (book.t_names, book.n_names, book.m_names, book.stage_names), strict=True
    ):
        other = next(one for one in names if one != name)
        entry[letter] = {one: sure if one == name else (1 - sure if one == other else 0.0) for one in names}
    choice = {"stage": stage, "probability": sure, "t": t, "n": n, "m": m, "probability_tnm": sure}
    return {**entry, "most_likely": choice, "least_cost": {**choice, "expected_cost": 0.0}, "rules": []}


def ball(centre_mm, diameter_mm: float) -> np.ndarray:
    """bool (z, y, x) on the grid of these patients."""
    index = np.moveaxis(np.indices(SHAPE), 0, -1)
    points = index[..., ::-1] * np.array(SPACING_MM[::-1]) + ORIGIN_MM
    return np.linalg.norm(points - np.asarray(centre_mm), axis=-1) <= diameter_mm / 2


def save_mask(path: Path, labels: np.ndarray) -> None:
    """A label volume (z, y, x) of LPS order as NIfTI."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.block(
        [[np.diag(SPACING_MM[::-1]), np.array(ORIGIN_MM)[:, None]], [np.zeros((1, 3)), np.ones((1, 1))]]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(labels.transpose(2, 1, 0).astype(np.uint16), affine), path)


def drawn(lesions: list[dict], size_of) -> np.ndarray:
    """Balls of lesions as labels 1, 2, …"""
    labels = np.zeros(SHAPE, np.uint16)
    for number, one in enumerate(lesions, start=1):
        labels[ball(one["centre_mm"], size_of(one))] = number
    return labels


def write_truth(folder: Path, lesions=None, masks: bool = True, editions=TRUE, **more) -> Path:
    """folder/truth/truth.json; what is None is left out."""
    content = {
        "schema": "lungstage/truth/1", "lesions": lesions,
        "landmarks": {"carina": [0.0, 0.0, 0.0]},
        "editions": {str(e): dict(zip(("t", "n", "m", "stage"), words, strict=True)) for e, words in (editions or {}).items()},
        "coverage": dict.fromkeys(COVERED, 1.0), "features": [], **more,
    }  # fmt: skip
    (folder / "truth").mkdir(parents=True)
    text = json.dumps({name: value for name, value in content.items() if value is not None})
    (folder / "truth" / "truth.json").write_text(text)
    if masks and lesions:
        save_mask(folder / "truth" / "masks" / "lesions.nii.gz", drawn(lesions, lambda one: one["longest_diameter_mm"]))
    return folder


def write_answer(folder: Path, lesions=(), editions=TRUE, sure: float = 1.0, masks: bool = True, **more) -> Path:
    """folder/staging.json and run.json as `stage` writes them."""
    folder.mkdir(parents=True)
    best = {one["id"]: one["p_malignant"] for one in lesions[:1]}
    content = {
        "schema": "lungstage/staging/1", "outcome": "staged", "notes": [], "coverage": dict.fromkeys(COVERED, 1.0),
        "coverage_pet": dict.fromkeys(COVERED, 1.0), "lesions": list(lesions),
        "primary": best | {"none": 1 - sum(best.values()), "unseen": 0.0},
        "editions": {str(e): call(e, *words, sure=sure) for e, words in editions.items()}, "effects": [], "would_change": [],
        "text": [], "provenance": {"lungstage": "0", "priors_digest": "0", "input_digest": "0"}, **more,
    }  # fmt: skip
    (folder / "staging.json").write_text(json.dumps(content))
    run = {
        "stages": [{"name": "lungs", "seconds": 2.0, "peak_mb": 1.0}, {"name": "lesions", "seconds": 3.0, "peak_mb": 1.0}],
        "landmarks": {"carina": {"point_mm": [3.0, 0.0, 4.0], "sd_mm": 5.0, "seen": True}},
    }
    (folder / "run.json").write_text(json.dumps(run))
    if masks:
        save_mask(folder / "masks" / "lesions.nii.gz", drawn(lesions, lambda one: one["longest_diameter_mm"]["q50"]))
    return folder
