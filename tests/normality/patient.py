"""A patient of ellipsoids with PET, whose masks and anatomy are known exactly."""

from dataclasses import dataclass, field, replace

import numpy as np

from lungstage.geometry import Grid
from lungstage.records import Anatomy, Lungs, Passport, Skeleton, Study, Volume
from lungstage.records.anatomy import Blobs, Fissures, PatientFrame, StationLimits
from lungstage.records.lungs import LungQuality

CT_GRID = Grid((50, 66, 84), (4.0, 3.6, 3.4), (-140.0, -100.0, -120.0))
PET_GRID = Grid((43, 52, 60), (5.0, 5.0, 5.2), (-153.0, -110.0, -123.0))
ORGANS = {  # centre (x, y, z) mm, half axes mm, HU, SUV
    "heart": ((25, -25, -40), (35, 28, 32), 45, 2.0),
    "aorta": ((18, 45, 0), (13, 13, 150), 42, 1.6),
    "liver": ((-50, -5, -110), (70, 60, 35), 57, 2.1),
    "kidney_left": ((70, 45, -105), (25, 20, 30), 31, 3.0),
}


@dataclass(frozen=True)
class Patient:
    """A drawn patient; `spots` are (x, y, z), radius mm, HU (None: as it was), SUV, put into the images alone."""

    spots: tuple = ()
    lung_hu: tuple = (-800.0, -800.0)  # right, left
    blood_hu: float = 42.0
    suv_scale: float = 1.0
    noise: float = 0.05
    with_pet: bool = True
    missing: tuple = ()
    seed: int = 3
    pet_grid: Grid = field(default=PET_GRID)

    def records(self):
        """Study, Lungs, Skeleton and Anatomy."""
        hu, masks = self.ct()
        pet = self.pet() if self.with_pet else None
        study = Study(Volume(hu, CT_GRID, "HU"), pet, Passport((), None, None, {}, (), "drawn"))
        zero = np.zeros(CT_GRID.shape, np.uint8)
        hull = masks["right"] + 2 * masks["left"]
        quality = LungQuality(1.0, (), 10.0, 1500.0, 1300.0, 10.0)
        lungs = Lungs(CT_GRID, masks["right"], masks["left"], masks["airway"], hull.astype(np.uint8), masks["body"], 1.0, quality)
        if not self.with_lungs:
            lungs = replace(lungs, right=zero, left=zero, hull=zero)
        return study, lungs, Skeleton(CT_GRID, masks["spine"] * np.uint8(85)), anatomy(self.missing)

    @property
    def with_lungs(self) -> bool:
        """Whether lungs are drawn into the masks."""
        return "lungs" not in self.missing

    def ct(self):
        """HU int16 and the masks."""
        x, y, z = places(CT_GRID)
        shape = inside(x, y, z)
        hu = np.full(CT_GRID.shape, -1000.0)
        hu[shape["body"]] = 0.0
        for name, (_, _, value, _) in ORGANS.items():
            hu[shape[name]] = self.blood_hu if name in ("aorta", "heart") else value
        hu[shape["right"]], hu[shape["left"]] = self.lung_hu
        # gravity: 4 HU for each centimetre towards the back
        lung = shape["right"] | shape["left"]
        hu[lung] += (0.4 * y)[lung]
        hu[shape["airway"]] = -985
        hu[shape["spine"]] = 200
        for centre, radius, value, _ in self.spots:
            if value is not None:
                hu[distance(x, y, z, centre) <= radius] = value
        hu += np.random.default_rng(self.seed).normal(0, 10, hu.shape)
        return np.round(hu).astype(np.int16), {name: mask.astype(np.uint8) for name, mask in shape.items()}

    def pet(self) -> Volume:
        """SUV on the PET's grid."""
        x, y, z = places(self.pet_grid)
        shape = inside(x, y, z)
        suv = np.full(self.pet_grid.shape, 0.02)
        suv[shape["body"]] = 0.5
        for name, (*_, value) in ORGANS.items():
            suv[shape[name]] = value
        lung = shape["right"] | shape["left"]
        suv[lung] = 0.5
        suv[shape["spine"]] = 1.4
        for centre, radius, _, value in self.spots:
            suv[distance(x, y, z, centre) <= radius] = value
        noise = np.random.default_rng(self.seed + 1).normal(0, self.noise, suv.shape)
        return Volume((self.suv_scale * suv * np.exp(noise)).astype(np.float32), self.pet_grid, "SUVbw")


def places(grid: Grid):
    """x, y, z of every voxel, each (z, y, x)."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return np.moveaxis(grid.to_mm(index), -1, 0)


def distance(x, y, z, centre):
    """Distance in mm from a point."""
    return np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2)


def inside(x, y, z) -> dict[str, np.ndarray]:
    """Masks of everything drawn, bool."""
    masks = {"body": (x / 125) ** 2 + (y / 90) ** 2 <= 1}
    for name, (centre, axes, *_) in ORGANS.items():
        masks[name] = sum(((p - c) / a) ** 2 for p, c, a in zip((x, y, z), centre, axes)) <= 1
    taken = masks["heart"] | masks["aorta"] | masks["liver"] | masks["kidney_left"]
    for name, middle in (("right", -62), ("left", 62)):
        masks[name] = ((((x - middle) / 42) ** 2 + (y / 68) ** 2 + (z / 95) ** 2) <= 1) & ~taken
    masks["airway"] = (x**2 + (y + 5) ** 2 <= 81) & (z > 0)
    masks["spine"] = x**2 + (y - 68) ** 2 <= 17**2
    return masks


def anatomy(missing=()) -> Anatomy:
    """The anatomy of the drawn patient, with soft tissue of chest wall, mediastinum and abdomen around."""
    around = {
        "mediastinum": ((0, 0, 0), (30, 60, 90)),
        "chest_wall_right": ((-120, 0, 0), (50, 100, 120)),
        "chest_wall_left": ((120, 0, 0), (50, 100, 120)),
        "back": ((0, 90, 0), (100, 25, 150)),
        "abdomen": ((0, 0, -140), (130, 90, 60)),
    }
    organs = {name: (centre, axes) for name, (centre, axes, *_) in ORGANS.items() if name not in missing}
    shapes = {**organs, **around}
    count = len(shapes)
    blobs = Blobs(
        tuple(shapes), np.array([c for c, _ in shapes.values()], float),
        np.array([np.diag(1.0 / np.square(a)) for _, a in shapes.values()]), np.ones(count), np.full(count, 4.0),
        np.array([1.0] * len(organs) + [0.05] * len(around)),
    )  # fmt: skip
    flat = Fissures(("right_oblique", "right_horizontal", "left_oblique"), np.zeros((3, 6)), np.zeros((3, 2)),
                    np.ones((3, 2)), np.ones(3), np.zeros(3, bool))  # fmt: skip
    anywhere = StationLimits(np.full((20, 3), -np.inf), np.full((20, 3), np.inf), np.ones((20, 3)), np.zeros((20, 3)),
                             np.tile(np.eye(3), (20, 1, 1)), np.ones(20))  # fmt: skip
    frame = PatientFrame((0, 0, 0), np.eye(3), (250, 100, 190))
    return Anatomy({}, frame, blobs, flat, anywhere, {}, None, np.zeros((0, 2)))
