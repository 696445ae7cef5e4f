"""Masks in, a judgement out: is this a chest at all, how much of the lungs is in the scan, how noisy is it, what moved in it."""

from __future__ import annotations

import numpy as np

from ..records import LungQuality, Lungs, Note, Study
from ..records.lungs import LEFT, RIGHT
from .airway import Airway
from .coarse import Coarse
from .motion import doubled_share, heart_motion_mm
from .parameters import LungParameters


def p_thorax(coarse: Coarse, sides: np.ndarray, lumen: np.ndarray, numbers: LungParameters) -> float:
    """P(the scan shows lungs): a logistic sum of volume, both sides, a windpipe, and lungs that the scan's top cuts.

    Lung-like air that lies whole inside the scan without a windpipe above it is suspicious (bowel, a foam wedge); lung
    bases below an abdominal scan's first slice are not.
    """
    voxels = [np.count_nonzero(sides == side) for side in (RIGHT, LEFT)]
    if not any(voxels):
        return 0.001
    base, by_decade, both, windpipe, cut_above = numbers.thorax_log_odds
    log_odds = base + by_decade * np.log10(sum(voxels) * coarse.voxel_ml / 100.0)
    log_odds += both * (min(voxels) > numbers.anatomy.airless_share * max(voxels))
    log_odds += windpipe * bool(lumen.any())
    log_odds += cut_above * (np.count_nonzero(sides[-1]) > 0.3 * largest_area(sides))
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def largest_area(sides: np.ndarray) -> int:
    """Blocks of lung in the slice that holds most."""
    from ..kernels.profiles import count_along

    return int(count_along(sides).z.max())


def no_lungs(study: Study, p: float, body: np.ndarray) -> Lungs:
    """The record of a scan without lungs: empty masks, each its own memory."""
    empty = [np.zeros(study.ct.grid.shape, np.uint8) for _ in range(4)]
    note = Note("no_lungs", "no lungs were found in this scan", "nothing is staged")
    quality = LungQuality(0.0, ("top", "bottom"), 0.0, 0.0, 0.0, 0.0, (note,))
    return Lungs(study.ct.grid, *empty, body, p, quality)


def judge(
    study: Study, coarse: Coarse, right: np.ndarray, left: np.ndarray, airway: Airway, sides: np.ndarray,
    tissue: np.ndarray, numbers: LungParameters,
) -> LungQuality:  # fmt: skip
    """What LungQuality says of these masks; `sides` and `tissue` on the blocks, the others at full resolution."""
    right_ml, left_ml, airway_ml = (np.count_nonzero(m.view(bool)) * study.ct.grid.voxel_ml for m in (right, left, airway.part))
    cut, covered = coverage(coarse, sides, tissue, numbers)
    notes = []
    if cut:
        notes.append(Note("lungs_cut", f"the scan ends inside the lungs: {', '.join(cut)}", "what lies beyond is not staged"))
    for name, held_ml in (("right", right_ml), ("left", left_ml)):
        if not held_ml:
            notes.append(Note("lung_missing", f"no air in the {name} lung", "it is collapsed, full or removed; look at it"))
    if not airway_ml:
        notes.append(Note("no_airway", "the windpipe was not found", "carina and bronchi are told by the atlas"))
    doubled = doubled_share(coarse, sides, numbers)
    if doubled > numbers.anatomy.doubled_share_max:
        text = f"{doubled:.0%} of the diaphragm is drawn twice: the patient breathed while the scan was taken"
        notes.append(Note("lungs_moved", text, "sizes and places near the diaphragm are less sure"))
    noise, beat_mm = noise_hu(study, coarse, tissue), heart_motion_mm(study, right, left, numbers)
    return LungQuality(covered, cut, noise, right_ml, left_ml, airway_ml, tuple(notes), beat_mm, doubled)


def coverage(coarse: Coarse, sides: np.ndarray, tissue: np.ndarray, numbers: LungParameters) -> tuple[tuple[str, ...], float]:
    """Which ends of the scan cut the lungs, and about which share of the lungs is inside.

    Head and foot: the height seen against a usual one. A whole lung beyond the left or right end counts half.
    """
    from ..kernels.profiles import count_along

    faces = {
        "top": sides[-1], "bottom": sides[0], "right": sides[:, :, 0], "left": sides[:, :, -1],
        "front": sides[:, 0], "back": sides[:, -1],
    }  # fmt: skip
    most = largest_area(sides)
    cut = {name for name, face in faces.items() if np.count_nonzero(face) > 0.02 * most}
    used = np.flatnonzero(count_along(sides).z)
    height_mm = (used[-1] - used[0] + 1) * coarse.spacing_mm[0]
    share = min(1.0, height_mm / numbers.lung_height_mm) if cut & {"top", "bottom"} else 1.0
    chest = tissue[used[0] : used[-1] + 1]
    for name, side, end in (("right", RIGHT, chest[:, :, 0]), ("left", LEFT, chest[:, :, -1])):
        if not (sides == side).any() and np.mean(end) > 0.3:
            cut.add(name)
            share *= 0.5
    return tuple(name for name in faces if name in cut), float(min(share, 0.94) if cut else 1.0)


def noise_hu(study: Study, coarse: Coarse, tissue: np.ndarray) -> float:
    """Standard deviation of the noise in soft tissue, HU: the lower quartile of the local ones, where there is no edge.

    Windows of eight millimetres in a dozen slices, in blocks between fat and contrast medium.
    """
    from ..kernels.morphology import shrink_mm
    from ..kernels.statistics import variance_at

    slices = np.flatnonzero(tissue.any(axis=(1, 2)))[:: max(1, tissue.shape[0] // 12)]
    mean = coarse.mean[slices]
    soft = (tissue[slices] != 0) & (mean > -150) & (mean < 150)
    # One slice at a time, away from any edge: a ball flat along z.
    inside = shrink_mm(soft, (1e6, *coarse.spacing_mm[1:]), 2.5 * max(coarse.spacing_mm[1:]))
    reach = [max(1, round(4.0 / s)) for s in study.ct.grid.spacing_mm[1:]]
    factor_z, factor_y, factor_x = coarse.factors
    local = []
    for k, block_z in enumerate(slices):
        plane = study.ct.values[coarse.start[0] + block_z * factor_z]
        rows, columns = np.nonzero(inside[k])
        rows = coarse.start[1] + rows * factor_y + factor_y // 2
        local.append(variance_at(plane, rows, coarse.start[2] + columns * factor_x + factor_x // 2, *reach))
    values = np.concatenate(local) if local else np.zeros(0)
    return float(np.sqrt(max(0.0, np.quantile(values, 0.25)))) if values.size else 0.0
