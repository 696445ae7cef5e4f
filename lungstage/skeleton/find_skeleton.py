"""Study in, Skeleton out: which voxels are rib, vertebra, sternum, skull or other bone.

Everything is decided on blocks of about 3 mm and then drawn on the full grid. First the body and the patient's own soft
tissue, which sets the threshold of bone; then the spine, found by its spinal canal with a body before and an arch behind
it; then the outline round both lungs, along which ribs and sternum lie. What is dense inside that outline is contrast
medium or calcium, what lies outside is shoulder or arm. Numbers: priors/parameters/skeleton.toml.
"""

from __future__ import annotations

import numpy as np

from ..records import Skeleton, Study
from .coarse import Coarse, look_coarsely
from .draw import draw_on_full_grid
from .names import code_of
from .parameters import SkeletonParameters, load_skeleton_parameters
from .skull import find_skull
from .spine import find_vertebrae, trace_canal
from .thorax import find_ribs, find_sternum, outline_thorax


def find_skeleton(study: Study, parameters: SkeletonParameters | None = None) -> Skeleton:
    """The bones of a study, labelled with the codes of priors/atlas/regions.csv on the CT's grid.

    Vertebrae and ribs are not numbered (codes `vertebra` and `rib`); bone that is none of vertebra, rib, sternum and
    skull is `bone`. An image without a body gives empty labels.
    """
    numbers = parameters or load_skeleton_parameters()
    coarse = look_coarsely(study, numbers)
    labels = label_bones(coarse, numbers)
    return Skeleton(study.ct.grid, draw_on_full_grid(labels, study.ct, coarse, numbers))


def label_bones(coarse: Coarse, numbers: SkeletonParameters) -> np.ndarray:
    """Codes, uint8, on the coarse grid; later lines overrule earlier ones."""
    labels = np.zeros(coarse.mean.shape, np.uint8)
    if not coarse.body.any():
        return labels
    skull = find_skull(coarse, numbers)
    canal = trace_canal(coarse, skull, numbers)
    vertebrae = find_vertebrae(coarse, canal, numbers)
    thorax = outline_thorax(coarse, numbers)
    labels[coarse.bone & (thorax <= numbers.rib_inside_mm) & ~canal.corridor] = code_of("bone")
    labels[find_ribs(coarse, thorax, canal, numbers)] = code_of("rib")
    labels[find_sternum(coarse, thorax, canal, numbers)] = code_of("sternum")
    labels[vertebrae] = code_of("vertebra")
    labels[skull] = code_of("skull")
    return labels
