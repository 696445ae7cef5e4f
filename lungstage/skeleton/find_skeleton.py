"""Study in, Skeleton out: which voxels are rib, vertebra, sternum, skull or other bone.

Everything is decided on blocks of about 3 mm and then drawn on the full grid. First the body and the patient's own soft
tissue, which sets the threshold of bone; then the spine, found by its spinal canal with a body before and an arch behind
it; then the outline round both lungs, along which ribs and sternum lie. What is dense inside that outline is contrast
medium or calcium, what lies outside is shoulder or arm. Last each rib is followed from the spine and counted; where the count
is not sure, ribs stay without a number. Numbers: priors/parameters/skeleton.toml, skeleton_anatomy.toml,
priors/atlas/ribs.csv, vertebrae.csv.
"""

from __future__ import annotations

import numpy as np

from ..records import Skeleton, Study
from ..records.lungs import RIBS
from .coarse import Coarse, look_coarsely
from .count_ribs import Scan, count_ribs
from .draw import draw_on_full_grid
from .names import VERTEBRAE, code_of
from .number_vertebrae import find_spine, vertebra_codes
from .parameters import SkeletonParameters, load_skeleton_parameters
from .pieces import places_in
from .skull import find_skull
from .spine import Canal, find_vertebrae, trace_canal
from .thorax import find_air, find_ribs, find_sternum, highest_slice, lung_top_mm, outline_thorax
from .trace_ribs import assign, trace_ribs, unroll


def find_skeleton(study: Study, parameters: SkeletonParameters | None = None) -> Skeleton:
    """The bones of a study, labelled with the codes of priors/atlas/regions.csv on the CT's grid.

    A rib or vertebra carries its number (codes of rib_right_1 to rib_left_12, vertebra_C7 to vertebra_L5) where that is sure
    enough, else the code `rib` or `vertebra`, as does what could not be followed. Bone that is none of vertebra, rib, sternum
    and skull is `bone`. An image without a body gives empty labels.
    """
    numbers = parameters or load_skeleton_parameters()
    coarse = look_coarsely(study, numbers)
    labels, p_rib, p_vertebra = label_bones(coarse, numbers)
    return Skeleton(study.ct.grid, draw_on_full_grid(labels, study.ct, coarse, numbers), p_rib, p_vertebra)


def label_bones(coarse: Coarse, numbers: SkeletonParameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes, uint8, on the coarse grid, later lines overrule earlier ones; probabilities (2, 12) of the ribs' numbers and (24) of
    the vertebrae's."""
    labels = np.zeros(coarse.mean.shape, np.uint8)
    p_rib, p_vertebra = np.zeros((2, RIBS)), np.zeros(len(VERTEBRAE))
    if not coarse.body.any():
        return labels, p_rib, p_vertebra
    skull = find_skull(coarse, numbers)
    canal = trace_canal(coarse, skull, numbers)
    vertebrae = find_vertebrae(coarse, canal, numbers)
    air = find_air(coarse, numbers)
    thorax = outline_thorax(coarse, canal, air, numbers)
    np.copyto(labels, code_of("bone"), where=coarse.bone & (thorax <= numbers.rib_inside_mm) & ~canal.corridor)
    top = highest_slice(air.lungs, coarse, numbers.anatomy)
    ribs = find_ribs(coarse, thorax, canal, top, numbers)
    np.copyto(labels, code_of("rib"), where=ribs)
    np.copyto(labels, code_of("vertebra"), where=vertebrae)
    if canal.seen.any() and ribs.any():
        p_rib, p_vertebra = number_bones(labels, ribs, vertebrae, coarse, canal, top, numbers)
    sternum = find_sternum(coarse, thorax, canal, top, numbers)
    np.copyto(labels, code_of("sternum"), where=sternum)
    np.copyto(labels, code_of("vertebra"), where=vertebrae & sternum)
    np.copyto(labels, code_of("skull"), where=skull)
    return labels, p_rib, p_vertebra


def number_bones(
    labels: np.ndarray,
    ribs: np.ndarray,
    vertebrae: np.ndarray,
    coarse: Coarse,
    canal: Canal,
    top: int,
    numbers: SkeletonParameters,
) -> tuple[np.ndarray, np.ndarray]:
    """Write the codes of single ribs and vertebrae over the blocks, bool, of those whose number is sure enough; returns how
    probable each of these numbers is, (2, 12) right and left ribs, and (24) C1 to L5, 0 where none was given."""
    p_rib, p_vertebra = np.zeros((2, RIBS)), np.zeros(len(VERTEBRAE))
    step_mm = float(coarse.spacing_mm[0])
    blocks = unroll(ribs, coarse, canal)
    lungs_mm = lung_top_mm(coarse, top)
    traces = trace_ribs(blocks, len(ribs), step_mm, lungs_mm, numbers.anatomy)
    owner = assign(blocks, traces)
    seen = np.flatnonzero(canal.seen)
    scan = Scan(lungs_mm, (float(seen[0] * step_mm), float(seen[-1] * step_mm)), step_mm)
    count = count_ribs(traces, blocks, owner, scan, numbers)
    codes = np.full(len(traces) + 1, code_of("rib"), np.uint8)  # owner -1 is none
    for k, trace in enumerate(traces):
        if count.numbers[k] and count.p[k] >= numbers.rib_p_min:
            codes[k] = rib_code(trace.side, count.numbers[k])
            p_rib[trace.side - 1, count.numbers[k] - 1] = count.p[k]
    labels[tuple(blocks.index.T)] = codes[owner]
    spine = find_spine(coarse, canal, count.levels, count.p_level, numbers)
    for name, p in zip(spine.names, spine.p):
        p_vertebra[VERTEBRAE.index(name)] = p if p >= numbers.rib_p_min else 0.0
    index = places_in(vertebrae)
    codes = vertebra_codes(index, coarse, canal, spine, numbers)
    labels[tuple(index.T)] = codes
    return p_rib, np.where(np.isin([code_of(f"vertebra_{name}") for name in VERTEBRAE], codes), p_vertebra, 0.0)


def rib_code(side: int, number: int) -> int:
    """The code of a rib by its side (1 right, 2 left) and number."""
    return code_of(f"rib_{'right' if side == 1 else 'left'}_{number}")
