"""Masks in, a judgement out: is this a chest at all, how much of the lungs is in the scan, how noisy is it."""

from __future__ import annotations

import numpy as np

from ..records import LungQuality, Lungs, Note, Study
from ..records.lungs import LEFT, RIGHT
from .coarse import Coarse
from .parameters import LungParameters


def p_thorax(coarse: Coarse, sides: np.ndarray, airway: np.ndarray, numbers: LungParameters) -> float:
    """P(the scan shows lungs): a logistic sum of volume, both sides, a windpipe, and lungs that the scan's top cuts.

    Lung-like air that lies whole inside the scan without a windpipe above it is suspicious (bowel, a foam wedge); lung
    bases below an abdominal scan's first slice are not.
    """
    voxels = [np.count_nonzero(sides == side) for side in (RIGHT, LEFT)]
    volume_ml = sum(voxels) * coarse.voxel_ml
    if volume_ml == 0:
        return 0.001
    log_odds = -2.0 + 2.0 * np.log10(volume_ml / 30.0)
    log_odds += 1.5 * (min(voxels) > 0.1 * max(voxels))
    log_odds += 3.0 * bool(airway.any())
    log_odds += 2.0 * (np.count_nonzero(sides[-1]) > 0.3 * largest_area(sides))
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def largest_area(sides: np.ndarray) -> int:
    """Blocks of lung in the slice that holds most."""
    return int(np.count_nonzero(sides, axis=(1, 2)).max())


def no_lungs(study: Study, p: float, body: np.ndarray) -> Lungs:
    """The record of a scan without lungs: empty masks, each its own memory."""
    empty = [np.zeros(study.ct.grid.shape, np.uint8) for _ in range(4)]
    note = Note("no_lungs", "no lungs were found in this scan", "nothing is staged")
    quality = LungQuality(0.0, ("top", "bottom"), 0.0, 0.0, 0.0, 0.0, 0.0, (note,))
    return Lungs(study.ct.grid, *empty, body, p, quality)


def judge(
    study: Study, coarse: Coarse, right: np.ndarray, left: np.ndarray, airway: np.ndarray, sides: np.ndarray,
    tissue: np.ndarray, numbers: LungParameters,
) -> LungQuality:  # fmt: skip
    """What LungQuality says of these masks; `sides` and `tissue` on the blocks, the others at full resolution."""
    voxel_ml = study.ct.grid.voxel_ml
    cut, covered = coverage(coarse, sides, numbers)
    notes = []
    if cut:
        notes.append(Note("lungs_cut", f"the scan ends inside the lungs: {', '.join(cut)}", "what lies beyond is not staged"))
    for name, mask in (("right", right), ("left", left)):
        if not mask.any():
            notes.append(Note("lung_missing", f"no air in the {name} lung", "it is collapsed, full or removed; look at it"))
    if not airway.any():
        notes.append(Note("no_airway", "the windpipe was not found", "carina and bronchi are told by the atlas"))
    means = coarse.mean[sides != 0]
    return LungQuality(
        covered, cut, noise_hu(study, coarse, tissue), np.count_nonzero(right) * voxel_ml, np.count_nonzero(left) * voxel_ml,
        np.count_nonzero(airway) * voxel_ml, float(means.mean()) if means.size else 0.0, tuple(notes),
    )  # fmt: skip


def coverage(coarse: Coarse, sides: np.ndarray, numbers: LungParameters) -> tuple[tuple[str, ...], float]:
    """Which ends of the scan cut the lungs, and the share of the lungs inside, judged by how large the cut face is."""
    faces = {
        "top": sides[-1], "bottom": sides[0], "right": sides[:, :, 0], "left": sides[:, :, -1],
        "front": sides[:, 0], "back": sides[:, -1],
    }  # fmt: skip
    areas = np.count_nonzero(sides, axis=(1, 2)) * coarse.spacing_mm[1] * coarse.spacing_mm[2]
    cut = tuple(name for name, face in faces.items() if np.count_nonzero(face) > 0.02 * largest_area(sides))
    height_mm = np.ptp(np.flatnonzero(areas)) * coarse.spacing_mm[0] + coarse.spacing_mm[0]
    missing_mm = max(0.0, numbers.lung_height_mm - height_mm) if {"top", "bottom"} & set(cut) else 0.0
    return cut, float(min(height_mm / (height_mm + missing_mm), 0.94 if cut else 1.0))


def noise_hu(study: Study, coarse: Coarse, tissue: np.ndarray) -> float:
    """Standard deviation of the noise in soft tissue, HU: the robust spread of differences between voxels 4 mm apart.

    Only blocks between fat and contrast count, and every few slices are enough.
    """
    soft = (tissue != 0) & (coarse.mean > -150) & (coarse.mean < 150)
    step = max(1, round(4.0 / study.ct.grid.spacing_mm[2]))
    factor_z, factor_y, factor_x = coarse.factors
    differences = []
    for block_z in np.flatnonzero(soft.any(axis=(1, 2)))[:: max(1, soft.shape[0] // 12)]:
        plane = study.ct.values[block_z * factor_z].astype(np.int32)
        inside = np.kron(soft[block_z], np.ones((factor_y, factor_x), bool))
        plane = plane[: inside.shape[0], : inside.shape[1]]
        both = inside[:, step:] & inside[:, :-step]
        differences.append((plane[:, step:] - plane[:, :-step])[both])
    values = np.concatenate(differences) if differences else np.zeros(0)
    return float(1.4826 * np.median(np.abs(values)) / np.sqrt(2.0)) if values.size else 0.0
