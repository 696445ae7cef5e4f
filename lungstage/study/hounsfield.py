"""A CT's values in, notes out: is there air near -1000 and soft tissue near 0, or was the rescale lost?"""

from __future__ import annotations

import numpy as np

from ..errors import ImpossibleGeometry, UnreadableInput
from ..records import Note
from .parameters import StudyParameters


def check_hounsfield(values: np.ndarray, outside: np.ndarray | None, name: str, numbers: StudyParameters) -> tuple[Note, ...]:
    """Notes on a scale that looks odd; an error where it cannot be HU and one step would make it so.

    values    int16 (z, y, x); every few voxels are enough
    raises    UnreadableInput for an image of one value; ImpossibleGeometry where the rescale was plainly lost, or where the
              values are those of a picture (0 to 255, 0 to 1)
    """
    stride = tuple(max(1, side // 128) for side in values.shape)
    few = values[tuple(slice(None, None, step) for step in stride)]
    if outside is not None:
        few = few[outside[tuple(slice(None, None, step) for step in stride)] == 0]
    if not few.size:
        raise UnreadableInput(f"{name}: nothing was measured anywhere in it (all padding); export the scan again")
    low, high = int(few.min()), int(few.max())
    if low == high:
        raise UnreadableInput(f"{name}: every voxel is {low} HU, so there is no image in it; export the scan again")
    if numbers.picture_hu[0] <= low and high <= numbers.picture_hu[1]:
        raise ImpossibleGeometry(
            f"{name}: values run from {low} to {high}, without air and without bone: a picture or a scaled copy, not HU; "
            "export the scan itself"
        )
    air = share(few, numbers.thin_hu)
    tissue = share(few, numbers.tissue_hu)
    lost_air, lost_tissue = share(few, numbers.lost_air), share(few, numbers.lost_tissue)
    if air < numbers.air_share_min and lost_air > numbers.lost_air_share_min and lost_tissue > numbers.tissue_share_min:
        raise ImpossibleGeometry(
            f"{name}: values run from {low} to {high} HU with air near 0 and tissue near 1000, so its rescale was lost; "
            "export it again, or use --hu-offset -1024"
        )
    notes = ()
    if air < numbers.air_share_min:
        notes += (Note("hu_no_air", f"{name}: only {air:.1%} of it is as thin as air or lung",
                       "if lungs are in the scan, its HU scale is wrong (see --hu-offset)"),)  # fmt: skip
    if tissue < numbers.tissue_share_min:
        notes += (Note("hu_no_tissue", f"{name}: only {tissue:.1%} of it is as dense as soft tissue",
                       "if a body is in the scan, its HU scale is wrong (see --hu-offset)"),)  # fmt: skip
    return notes


def share(values: np.ndarray, limits: tuple[float, float]) -> float:
    """Share of values within limits, both included."""
    return float(np.mean((values >= limits[0]) & (values <= limits[1])))
