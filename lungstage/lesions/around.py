"""A shape or places in, what lies in and around them out: shares of fat, gas, lung and organs."""

from __future__ import annotations

import numpy as np

from ..records import Anatomy, ShapeSamples, Study
from .rising import rising
from .survey import Survey

ORGANS = ("heart", "aorta", "pulmonary_artery", "vena_cava", "oesophagus", "trachea_wall", "thymus", "thyroid",
          "larynx_pharynx", "vertebra", "liver", "spleen", "stomach")  # fmt: skip
OUTERMOST = 0.25
"""A shape of which a quarter lies outside of organs is not just an organ."""
SHELL_MM = (1.5, 5.0)
FAT_HU = (-140.0, -30.0)
GAS_HU = -400.0


def region_share(anatomy: Anatomy, points: np.ndarray, names: tuple[str, ...]) -> float:
    """Probability, on average over the points, of lying in one of these regions."""
    columns = [anatomy.region_names.index(name) for name in names if name in anatomy.region_names]
    return float(anatomy.region_probability(points)[:, columns].sum(axis=1).mean())


def organ_share(anatomy: Anatomy, points: np.ndarray, own: str | None = None, beside: tuple[str, ...] = ()) -> float:
    """P(an organ, but its own, explains all of the shape): by the atlas alone, at the points that lie least in organs.

    beside   organs that are asked too
    """
    columns = [anatomy.region_names.index(name) for name in (*ORGANS, *beside) if name in anatomy.region_names and name != own]
    inside = anatomy.atlas_probability(points)[:, columns].sum(axis=1)
    return float(np.quantile(inside, OUTERMOST))


def fat_within(hu: np.ndarray) -> float:
    """Share of the shape's points that are fat: the pads beside the heart, and folds of the mediastinum."""
    return float(((hu > FAT_HU[0]) & (hu < FAT_HU[1])).mean())


def fat_around(study: Study, samples: ShapeSamples) -> float:
    """Share of the shell around the median shape that is fat, lung or air."""
    index = shell_of(samples, study)
    return float((study.ct.values[index] < FAT_HU[1]).mean()) if len(index[0]) else 0.0


def gas_around(survey: Survey, samples: ShapeSamples) -> float:
    """Share of the shell around the median shape that is gas inside the body, but no lung and no airway."""
    index = shell_of(samples, survey.study)
    if not len(index[0]):
        return 0.0
    lungs = survey.lungs
    gut = (lungs.body[index] > 0) & (lungs.hull[index] == 0) & (lungs.airway[index] == 0)
    return float(((survey.study.ct.values[index] < GAS_HU) & gut).mean())


def p_enclosed(samples: ShapeSamples, survey: Survey) -> float:
    """P(a body of its own): fat lies around it on most sides, as around no part of liver, spleen or kidney."""
    numbers = survey.numbers.search
    return rising(fat_around(survey.study, samples), numbers.enclosed_share, numbers.enclosed_blur)


def bone_around(survey: Survey, samples: ShapeSamples) -> float:
    """Share of the shell around the median shape that is bone."""
    index = shell_of(samples, survey.study)
    return float((survey.skeleton.labels[index] > 0).mean()) if len(index[0]) else 0.0


def lung_around(survey: Survey, samples: ShapeSamples) -> float:
    """Share of the shell around the median shape that is air-filled lung; 1 where the shell is not in the scan."""
    index = shell_of(samples, survey.study)
    lungs = survey.lungs
    return float(((lungs.right[index] > 0) | (lungs.left[index] > 0)).mean()) if len(index[0]) else 1.0


def shell_of(samples: ShapeSamples, study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index of the voxels of the CT at the points of a shell around the median shape."""
    from ..kernels.morphology import grow_mm

    shape = samples.probability() >= 0.5
    wide = np.pad(shape, int(np.ceil(SHELL_MM[1] / min(samples.box.spacing_mm))))
    pad = (np.array(wide.shape) - shape.shape) // 2
    spacing = samples.box.spacing_mm
    shell = (grow_mm(wide, spacing, SHELL_MM[1]) > 0) & ~(grow_mm(wide, spacing, SHELL_MM[0]) > 0)
    points = samples.box.to_mm(np.argwhere(shell) - pad)
    index = np.rint(study.ct.grid.to_index(points)).astype(int)
    return tuple(index[np.all((index >= 0) & (index < study.ct.grid.shape), axis=1)].T)


def region_at(anatomy: Anatomy, places: np.ndarray, name: str) -> np.ndarray:
    """(n): probability of a region at each place (n, 3) mm."""
    return anatomy.region_probability(places)[:, anatomy.region_names.index(name)]


def places_in_hull(places: np.ndarray, survey: Survey) -> np.ndarray:
    """uint8 (n): the hull's label at each place (n, 3) mm, 0 outside of the scan."""
    grid = survey.lungs.grid
    index = np.rint(grid.to_index(places)).astype(int)
    inside = np.all((index >= 0) & (index < grid.shape), axis=1)
    labels = np.zeros(len(places), np.uint8)
    labels[inside] = survey.lungs.hull[tuple(index[inside].T)]
    return labels
