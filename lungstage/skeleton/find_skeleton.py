"""Study in, Skeleton out: which voxels are rib, vertebra, sternum, skull or other bone.

Everything is decided on blocks of about 3 mm and then drawn on the full grid. First the body and the patient's own soft
tissue, which sets the threshold of bone; then the spine, found by its spinal canal with a body before and an arch behind
it; then the outline round both lungs, along which ribs and sternum lie. What is dense inside that outline is contrast
medium or calcium, what lies outside is shoulder or arm. Last each rib is followed from the spine and counted; where the count
is not sure, ribs stay without a number. Numbers: priors/parameters/skeleton.toml, priors/atlas/ribs.csv.
"""

from __future__ import annotations

import numpy as np

from ..records import Skeleton, Study
from .coarse import Coarse, look_coarsely
from .count_ribs import Scan, count_ribs
from .draw import draw_on_full_grid
from .names import code_of
from .parameters import SkeletonParameters, load_skeleton_parameters
from .skull import find_skull
from .spine import Canal, find_vertebrae, trace_canal
from .thorax import find_ribs, find_sternum, lung_top, lung_top_mm, outline_thorax
from .trace_ribs import assign, trace_ribs, unroll


def find_skeleton(study: Study, parameters: SkeletonParameters | None = None) -> Skeleton:
    """The bones of a study, labelled with the codes of priors/atlas/regions.csv on the CT's grid.

    Ribs carry their number (codes of rib_right_1 to rib_left_12) where the count is sure enough, else the code `rib`, as does
    what could not be followed. Vertebrae are not numbered (`vertebra`); bone that is none of vertebra, rib, sternum and skull is
    `bone`. An image without a body gives empty labels.
    """
    numbers = parameters or load_skeleton_parameters()
    coarse = look_coarsely(study, numbers)
    labels, p_ribs = label_bones(coarse, numbers)
    return Skeleton(study.ct.grid, draw_on_full_grid(labels, study.ct, coarse, numbers), p_ribs)


def label_bones(coarse: Coarse, numbers: SkeletonParameters) -> tuple[np.ndarray, float]:
    """Codes, uint8, on the coarse grid, later lines overrule earlier ones; probability that the ribs are counted right."""
    labels = np.zeros(coarse.mean.shape, np.uint8)
    if not coarse.body.any():
        return labels, 0.0
    skull = find_skull(coarse, numbers)
    canal = trace_canal(coarse, skull, numbers)
    vertebrae = find_vertebrae(coarse, canal, numbers)
    thorax = outline_thorax(coarse, canal, numbers)
    labels[coarse.bone & (thorax <= numbers.rib_inside_mm) & ~canal.corridor] = code_of("bone")
    top = lung_top(coarse, numbers)
    ribs = find_ribs(coarse, thorax, canal, top, numbers)
    labels[ribs] = code_of("rib")
    p_ribs = number_ribs(labels, ribs, coarse, canal, top, numbers)
    labels[find_sternum(coarse, thorax, canal, top, numbers)] = code_of("sternum")
    labels[vertebrae] = code_of("vertebra")
    labels[skull] = code_of("skull")
    return labels, p_ribs


def number_ribs(
    labels: np.ndarray, ribs: np.ndarray, coarse: Coarse, canal: Canal, top: int, numbers: SkeletonParameters
) -> float:
    """Write the codes of single ribs over those blocks of `ribs`, bool, that could be followed, if the count is sure enough;
    returns how probable it is, 0 where no rib was followed."""
    if not canal.seen.any() or not ribs.any():
        return 0.0
    step_mm = float(coarse.spacing_mm[0])
    blocks = unroll(ribs, coarse, canal)
    traces = trace_ribs(blocks, len(ribs), step_mm)
    owner = assign(blocks, traces)
    seen = np.flatnonzero(canal.seen)
    scan = Scan(lung_top_mm(coarse, top), (float(seen[0] * step_mm), float(seen[-1] * step_mm)), step_mm)
    count = count_ribs(traces, blocks, owner, scan, numbers.ribs)
    if count.p >= numbers.rib_count_p_min:
        codes = [rib_code(trace.side, number) for trace, number in zip(traces, count.numbers)]
        labels[tuple(blocks.index.T)] = np.array([*codes, code_of("rib")], np.uint8)[owner]  # owner -1 is none
    return count.p


def rib_code(side: int, number: int) -> int:
    """The code of a rib by its side (1 right, 2 left) and number; `rib` for 0."""
    return code_of(f"rib_{'right' if side == 1 else 'left'}_{number}") if number else code_of("rib")
