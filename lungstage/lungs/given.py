"""A hull on blocks and a mask of the lungs from elsewhere in, the hull with what that mask adds out.

A given mask is evidence: where it holds what is plainly lung, it is believed to know the dense lung that is told by no HU
(tumour, effusion, collapse against the wall). It never takes anything away, for such masks often leave the tumour out.
"""

from __future__ import annotations

import numpy as np

from ..records import Note
from ..records.given import MaskSet
from ..records.lungs import LEFT, RIGHT

BELIEVED_SHARE = 0.7  # of the lungs found here a given mask must hold, to be believed about the rest


def with_given(hull: np.ndarray, sides: np.ndarray, shares: dict[str, np.ndarray], body: np.ndarray,
               midline: float) -> tuple[np.ndarray, tuple[Note, ...]]:  # fmt: skip
    """(hull on blocks, notes).

    hull, sides   uint8 blocks: RIGHT or LEFT, of the hull and of the lungs as found here
    shares        "right", "left", "lung" to float blocks: how much of each the given mask fills
    body          bool blocks inside the patient and outside the airway
    midline       the patient's middle as an index along x
    """
    right, left, either = (shares[name] >= 0.5 for name in ("right", "left", "lung"))
    aside = np.arange(hull.shape[2]) < midline  # x grows to the left
    right, left = right | (either & aside), left | (either & ~aside)
    found = sides != 0
    held = np.count_nonzero(found & (right | left)) / max(1, np.count_nonzero(found))
    if held < BELIEVED_SHARE:
        text = f"the given lungs hold {held:.0%} of the lungs found here"
        return hull, (Note("given_lungs_doubted", text, "not used; are they of this scan?"),)
    grown = hull.copy()
    grown[right & body & (hull == 0)] = RIGHT
    grown[left & body & (hull == 0)] = LEFT
    return grown, ()


def shares_of(masks: MaskSet, share_of_blocks) -> dict[str, np.ndarray]:
    """Name to the share of each block that the mask fills; share_of_blocks makes it of a bool array on the CT's grid."""
    return {name: share_of_blocks(masks[name]) for name in masks.names}
