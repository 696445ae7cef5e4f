"""A seed in, a person out: sex, age, size, breath and pose, from which the whole anatomy is scaled."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .parameters import PhantomParameters
from .protocol import ct_row
from .sides import Sides, draw_sides
from .streams import stream
from .variants import Variants, draw_variants

REFERENCE_HEIGHT_CM, REFERENCE_WEIGHT_KG = 176.0, 84.0
"""The man the tables of priors/phantom describe."""
REFERENCE_INDEX = REFERENCE_WEIGHT_KG / (REFERENCE_HEIGHT_CM / 100) ** 2


@dataclass(frozen=True)
class Person:
    """Who is scanned.

    scale         (x, y, z) of the reference man's lengths
    front         depth in front of the carina over the reference man's, after `scale`: a flat or a barrel chest
    fat_mm        how much further out the skin lies than the reference man's
    inspiration   0 quiet breathing, 1 total lung capacity, during the CT
    roundness     exponents of the trunk's cross-section in front of its middle and behind: 2 is an ellipse, more is boxier
    muscle        thickness of the muscles over the reference man's
    tilt_deg      how the patient lies: turn about x, y, z
    offset_mm     (x, y, z) LPS of the carina
    variants      how the patient departs from the tables
    sides         how left and right differ
    """

    sex: str
    age_years: int
    height_cm: float
    weight_kg: float
    scale: tuple[float, float, float]
    front: float
    fat_mm: float
    inspiration: float
    arms_up: bool
    contrast: bool
    roundness: tuple[float, float]
    muscle: float
    tilt_deg: tuple[float, float, float]
    offset_mm: tuple[float, float, float]
    sides: Sides
    variants: Variants = field(default_factory=Variants)

    @property
    def size(self) -> float:
        """Mean scale, for calibres."""
        return float(np.mean(self.scale))

    @property
    def broad(self) -> float:
        """Volume of the trunk over that of the reference man grown or shrunk to this height."""
        return float(np.prod(self.scale) / tall_scale(self.height_cm))

    def place(self, points) -> np.ndarray:
        """Points of the tables in this person's frame, mm."""
        placed = np.asarray(points, float) * np.asarray(self.scale)
        placed[..., 1] *= np.where(placed[..., 1] < 0, self.front, 1.0)
        return placed

    @property
    def pose(self) -> np.ndarray:
        """(4, 4) from LPS mm to the person's frame."""
        from .solids import turned

        to_lps = np.eye(4)
        to_lps[:3, :3] = turned(*self.tilt_deg)
        to_lps[:3, 3] = self.offset_mm
        return np.linalg.inv(to_lps)

    def to_lps(self, points) -> np.ndarray:
        """LPS mm (n, 3) of points in the frame."""
        back = np.linalg.inv(self.pose)
        return np.asarray(points, float) @ back[:3, :3].T + back[:3, 3]


def draw_person(seed: int, numbers: PhantomParameters) -> Person:
    """A person of the clinic's population."""
    rng, variants = stream(seed, "person"), draw_variants(seed)
    male = rng.random() < numbers.male_share
    mean, sd = numbers.height_male_cm if male else numbers.height_female_cm
    height = float(np.clip(rng.normal(mean, sd), 145, 200))
    index = float(np.clip(rng.normal(*numbers.body_mass_index), 17.5, 38))
    weight = index * (height / 100) ** 2
    tall = tall_scale(height)
    wide = (weight / REFERENCE_WEIGHT_KG) ** 0.2 * (1.0 if male else numbers.female_breadth)
    spread = np.exp(rng.normal(0, numbers.build_sd, 3))
    scale = np.clip(np.array([wide, wide, tall]) * spread, 0.82, 1.14)
    low, high = breath_of(seed)
    shape = stream(seed, "build")
    roundness = float(np.clip(shape.normal(*numbers.roundness), 2.0, 2.6))
    muscle = float(np.clip(shape.normal(1.0, numbers.muscle_sd) * (1.0 if male else numbers.female_muscle), 0.55, 1.3))
    age = round(rng.normal(*numbers.age_years))
    return Person(
        sex="male" if male else "female", age_years=int(np.clip(age, *numbers.age_limits_years)), height_cm=round(height, 1),
        weight_kg=round(weight, 1), scale=tuple(float(s) for s in scale), front=draw_front(seed, numbers),
        fat_mm=float(np.clip((index - REFERENCE_INDEX) * numbers.fat_mm_per_index, -7, 14)),
        inspiration=float(rng.uniform(low, high)), arms_up=bool(rng.random() < numbers.arms_up_share),
        roundness=(roundness, roundness + numbers.back_flatter), muscle=muscle,
        contrast=bool(rng.random() < numbers.contrast_share),
        tilt_deg=tuple(float(a) for a in np.clip(rng.normal(0, (2.0, 1.2, 2.0)), -5, 5)),
        offset_mm=tuple(float(round(v, 2)) for v in rng.normal((0, -8, -180), (5, 6, 60))),
        variants=variants, sides=draw_sides(seed, variants, numbers),
    )  # fmt: skip


def draw_front(seed: int, numbers: PhantomParameters) -> float:
    """How deep this chest is in front of the carina, over one of its height and weight."""
    low, high = numbers.front_limits
    return float(np.clip(np.exp(numbers.front_sigma * stream(seed, "front").normal()), low, high))


def tall_scale(height_cm: float) -> float:
    """A person's lengths along the body over the reference man's."""
    return float((height_cm / REFERENCE_HEIGHT_CM) ** 0.9)


def breath_of(seed: int) -> tuple[float, float]:
    """How deep people breathe in, least and most, for the kind of CT that this patient has."""
    row = ct_row(stream(seed, "scanner protocol"), stream(seed, "scanner rare"))
    return row["breath_low"], row["breath_high"]
