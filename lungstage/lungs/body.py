"""Blocks in, the patient out: the body without table and clothes, and how far each block is surrounded by it."""

from __future__ import annotations

import numpy as np

from .coarse import Coarse
from .parameters import LungParameters

TABLE_BLOCKS = 1.5  # what is thinner than twice this is shell of a table, or cloth


def find_tissue(coarse: Coarse, numbers: LungParameters) -> np.ndarray:
    """uint8: the largest thing denser than air and fat's partial blocks, table shells and clothes cut off by opening."""
    from ..kernels.components import largest_component
    from ..kernels.morphology import grow_mm, open_mm

    thin_mm = TABLE_BLOCKS * numbers.block_mm
    dense = ((coarse.mean > numbers.body_hu) & ~coarse.outside).view(np.uint8)
    thick = largest_component(open_mm(dense, coarse.spacing_mm, thin_mm))
    # Skin folds and the breast's edge come back as far as the opening took them; the table does not.
    return largest_component(dense & grow_mm(thick, coarse.spacing_mm, thin_mm))


def enclosure(tissue: np.ndarray) -> np.ndarray:
    """uint8 (z, y, x), 0 to 4: on how many sides (left, right, front, back) tissue stands between a block and the end.

    Four inside a whole chest. Three where the field of view cuts the chest open: there the way out leads through the cut.
    """
    from ..kernels.relief import sides_closed

    return sides_closed(tissue)


def fill_body(tissue: np.ndarray, chest: np.ndarray) -> np.ndarray:
    """uint8: tissue and `chest` (lungs, airway, hull) with every cavity filled; air that leaves through the first or last
    slice, such as a lung the scan cuts or the mouth, is a cavity too."""
    from ..kernels.components import fill_holes

    return fill_holes(tissue | chest, open_ends=(False, True, True))
