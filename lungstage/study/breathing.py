"""A CT and its PET in, how much higher the right dome of the diaphragm lies on the PET out.

The CT is one breath, the PET the mean of many. Where lung lies above liver, the PET's uptake falls from that of liver to
that of lung half-way at its own mean dome; the distance from the CT's dome is the shift.
"""

from __future__ import annotations

import numpy as np

from ..records import Note, Volume
from .parameters import StudyParameters

STEP_MM, COLUMN_MM = 2.0, 6.0
COLUMNS_MIN = 20


def breathing_shift_mm(ct: Volume, pet: Volume, numbers: StudyParameters) -> float | None:
    """How many mm the right dome lies higher on PET than on CT; None where it is not seen on both.

    Right is where the header has it (small x).
    """
    lattice = lattice_of(ct, pet, 2 * numbers.breathing_reach_mm)
    if lattice is None:
        return None
    hu, uptake = (sampled(volume, lattice) for volume in (ct, pet))
    columns = dome_columns(hu, numbers)
    if len(columns) < COLUMNS_MIN:
        return None
    reach, plateau_mm = int(numbers.breathing_reach_mm / STEP_MM), numbers.breathing_plateau_mm
    profile = np.median([uptake[k - reach : k + reach + 1, j, i] for k, j, i in columns], axis=0)
    distance_mm = STEP_MM * (np.arange(-reach, reach + 1) + 0.5)  # the border lies half a step below the first lung
    liver, lung = (float(np.median(profile[far])) for far in (distance_mm < -plateau_mm, distance_mm > plateau_mm))
    if not liver > numbers.breathing_contrast * max(lung, 0.0):
        return None
    return fall_at(profile, distance_mm, (liver + lung) / 2)


def fall_at(profile: np.ndarray, distance_mm: np.ndarray, level: float) -> float | None:
    """Where a profile falls through a level for good, between samples; None where it never does."""
    above = np.flatnonzero((profile[:-1] >= level) & (profile[1:] < level))
    if not above.size:
        return None
    k = above[np.abs(distance_mm[above]).argmin()]
    part = (profile[k] - level) / (profile[k] - profile[k + 1])
    return float(distance_mm[k] + part * (distance_mm[k + 1] - distance_mm[k]))


def lattice_of(ct: Volume, pet: Volume, least_mm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """z, y and x in LPS mm of points over the part that both images cover; None where one of its sides is shorter."""
    corners = [volume.grid.corners_mm() for volume in (ct, pet)]
    low = np.max([points.min(axis=0) for points in corners], axis=0)
    high = np.min([points.max(axis=0) for points in corners], axis=0)
    if (high - low < least_mm).any():
        return None
    return tuple(np.arange(low[axis], high[axis], step) for axis, step in ((2, STEP_MM), (1, COLUMN_MM), (0, COLUMN_MM)))


def sampled(volume: Volume, lattice) -> np.ndarray:
    """float32 (z, y, x): the volume at the points of a lattice, linearly; the lowest value outside."""
    from scipy.ndimage import map_coordinates

    z, y, x = lattice
    planes = np.empty((len(z), len(y), len(x)), np.float32)
    across = np.stack(np.meshgrid(x, y), axis=-1)
    for k, height in enumerate(z):
        points = np.concatenate([across, np.full((*across.shape[:2], 1), height)], axis=-1)
        index = np.moveaxis(volume.grid.to_index(points), -1, 0)
        map_coordinates(volume.values, index, output=planes[k], order=1, mode="nearest")
    return planes


def dome_columns(hu: np.ndarray, numbers: StudyParameters) -> list[tuple[int, int, int]]:
    """(k, j, i) of the lowest lung sample of each column on the right where lung lies above liver, near the dome's usual height.

    Smoothed first, because low-dose scans are noisy. Lung has tissue above it too; the air beside a raised arm has not.
    """
    from scipy.ndimage import gaussian_filter

    hu = gaussian_filter(hu, 1.0)
    reach, plateau = int(numbers.breathing_reach_mm / STEP_MM), int(numbers.breathing_plateau_mm / STEP_MM)
    most, above = numbers.breathing_share, numbers.breathing_tissue_above_mm
    low, high = numbers.breathing_liver_hu
    tissue, lung = (hu > low) & (hu < high), hu < numbers.breathing_lung_hu
    middle = np.flatnonzero(tissue.any(axis=(0, 1))).mean() if tissue.any() else 0
    found = []
    for j in range(hu.shape[1]):
        for i in range(int(middle)):
            air, dense = lung[:, j, i], tissue[:, j, i]
            for k in np.flatnonzero(air[1:] & ~air[:-1]) + 1:
                if not reach <= k < len(air) - reach:
                    continue
                bordered = air[k : k + plateau].mean() > most and dense[k - plateau : k - 2].mean() > most
                if bordered and np.count_nonzero(dense[k + plateau :]) * STEP_MM > above:
                    found.append((int(k), j, i))
    usual = np.median([k for k, _, _ in found]) if found else 0
    return [place for place in found if abs(place[0] - usual) * STEP_MM <= numbers.breathing_dome_mm / 2]


def breathing_notes(shift_mm: float | None, numbers: StudyParameters) -> tuple[Note, ...]:
    """A note where the PET shows the diaphragm elsewhere than the CT."""
    if shift_mm is None or abs(shift_mm) < numbers.breathing_noted_mm:
        return ()
    way = "higher" if shift_mm > 0 else "lower"
    return (Note("breathing_shift", f"the right dome of the diaphragm lies {abs(shift_mm):.0f} mm {way} on PET than on CT",
                 "uptake near the diaphragm lies beside what the CT shows"),)  # fmt: skip
