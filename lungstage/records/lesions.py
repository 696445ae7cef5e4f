"""What was found that is not normal: each lesion with size, place, contact and malignancy as distributions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..geometry import Grid
from .arrays import frozen
from .names import DENSITIES, KINDS, ROLES, STRUCTURES
from .notes import Note
from .spread import Spread
from .study import SliceLabel


@dataclass(frozen=True)
class Reason:
    """One term of P(malignant): its value as measured (None where not a number) and the log-odds it adds."""

    term: str
    value: float | None
    log_odds: float


@dataclass(frozen=True, eq=False)
class Contact:
    """A structure the lesion touches. p_invaded_samples (n): one for each shape sample, mean = p_invaded."""

    structure: str
    p_invaded: float
    contact_mm: float
    angle_deg: float
    fat_plane_lost: float
    p_invaded_samples: np.ndarray

    def __post_init__(self):
        if self.structure not in STRUCTURES:
            raise ValueError(f"structure {self.structure!r} is not one of {STRUCTURES}")
        object.__setattr__(self, "p_invaded_samples", frozen(np.asarray(self.p_invaded_samples, float)))


@dataclass(frozen=True)
class Place:
    """Where a lesion is: probabilities that sum to 1. station is None away from nodal ground."""

    side: dict[str, float]  # "left", "right"
    region: dict[str, float]  # lobes, and regions of priors/atlas/regions.csv
    station: dict[str, float] | None = None


@dataclass(frozen=True, eq=False)
class ShapeSamples:
    """Posterior shapes of one lesion.

    box       Grid of the masks, a box of the CT's grid (or of a resampled one for thick slices)
    masks     uint8 (n, z, y, x), n samples, equally likely
    longest_mm, short_axis_mm, solid_mm (solid part's longest diameter), volume_ml   (n) of each sample
    """

    box: Grid
    masks: np.ndarray
    longest_mm: np.ndarray
    short_axis_mm: np.ndarray
    solid_mm: np.ndarray
    volume_ml: np.ndarray

    def __post_init__(self):
        if self.masks.ndim != 4 or self.masks.shape[1:] != self.box.shape:
            raise ValueError(f"sample masks have shape {self.masks.shape}, their box {self.box.shape}")
        for name in ("masks", "longest_mm", "short_axis_mm", "solid_mm", "volume_ml"):
            object.__setattr__(self, name, frozen(np.asarray(getattr(self, name))))

    def probability(self) -> np.ndarray:
        """float32 (z, y, x): share of samples that hold each voxel."""
        return self.masks.mean(axis=0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Lesion:
    """One candidate.

    kind                most probable of KINDS; p_kind holds the probability of each that is possible
    density             probabilities of DENSITIES (pulmonary; solid elsewhere)
    suv_max, suv_mean   in suv_unit, or None without PET there; hu_mean over the median shape
    base_log_odds       log-odds of malignancy of a lesion of this kind before its traits are looked at
    reasons             the terms its traits add; base + sum of them = log-odds of malignancy of the lesion alone
    p_malignant, role   the patient's answer once `infer_staging` has spoken; until then of the lesion alone, role {}
    samples             ShapeSamples
    log_odds_as         log-odds of malignancy if it is of another kind that it may be; kinds left out have those of the lesion
    distances_mm        named distances, such as "carina", "pleura", "hilum", as measured from the median shape
    """

    id: str
    kind: str
    p_kind: dict[str, float]
    centre_mm: tuple[float, float, float]
    slice: SliceLabel | None
    place: Place
    longest_diameter_mm: Spread
    short_axis_mm: Spread
    solid_diameter_mm: Spread
    volume_ml: Spread
    density: dict[str, float]
    hu_mean: float
    suv_max: float | None
    suv_mean: float | None
    suv_unit: str | None
    contacts: tuple[Contact, ...]
    base_log_odds: float
    reasons: tuple[Reason, ...]
    p_malignant: float
    samples: ShapeSamples
    role: dict[str, float] = field(default_factory=dict)
    distances_mm: dict[str, float] = field(default_factory=dict)
    log_odds_as: dict[str, float] = field(default_factory=dict)

    @property
    def log_odds(self) -> float:
        """Of malignancy of the lesion alone."""
        return self.base_log_odds + sum(reason.log_odds for reason in self.reasons)

    def __post_init__(self):
        if self.kind not in KINDS or not set(self.p_kind) <= set(KINDS):
            raise ValueError(f"{self.id}: kind {self.kind!r} or one of {sorted(self.p_kind)} is not one of {KINDS}")
        if set(self.density) != set(DENSITIES) or not set(self.role) <= set(ROLES):
            raise ValueError(f"{self.id}: density needs {DENSITIES}, roles are among {ROLES}")

    def __repr__(self):
        d = self.longest_diameter_mm
        return f"Lesion({self.id}, {self.kind}, {d.mean:.0f} mm, P(malignant) {self.p_malignant:.2f})"


@dataclass(frozen=True, eq=False)
class Lesions:
    """The lesions of one study, most suspicious first, and what was strange while looking."""

    items: tuple[Lesion, ...]
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Lesion]:
        return iter(self.items)

    def __getitem__(self, key) -> Lesion:
        """By position, or by id such as "L1"."""
        if isinstance(key, str):
            return next(lesion for lesion in self.items if lesion.id == key)
        return self.items[key]
