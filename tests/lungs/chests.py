"""Chests drawn from ellipsoids, in millimetres of the patient, with what is true of them; no part of the program is used."""

from dataclasses import dataclass, replace

import numpy as np

from lungstage.geometry import Grid
from lungstage.records import Passport, SliceLabel, Study, Volume

SPACING = (4.0, 3.0, 2.8)
SHAPE = (76, 88, 128)


@dataclass(frozen=True)
class Chest:
    """What is drawn; HU as in life. Lengths in mm from the chest's middle, x to the left, y to the back, z to the head."""

    turn_deg: float = 0.0  # about the long axis
    tilt_deg: float = 0.0  # about the front-back axis
    right_lung: bool = True
    left_lung: bool = True
    lung_hu: float = -850.0
    junction: bool = False  # the lungs touch in front of the heart, a thin sheet between them
    tumour: tuple[float, float, float, float] | None = None  # x, y, z, radius
    bulla: tuple[float, float, float, float] | None = None
    effusion: bool = False  # right, behind the lung
    bowel: bool = True
    noise_hu: float = 15.0


def draw(chest: Chest, shape=SHAPE, spacing=SPACING, seed=1):
    """The study, and its truth: dict of bool arrays "right", "left", "airway", "tumour", "fluid", "body"."""
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing)], indexing="ij", sparse=True)
    table = np.broadcast_to((y > 0.46 * shape[1] * spacing[1]) & (abs(y - 0.48 * shape[1] * spacing[1]) < 4), shape)
    turn, tilt = np.radians([chest.turn_deg, chest.tilt_deg])
    if turn or tilt:  # who lies straight is drawn from three lines instead of three volumes
        x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        x, z = x * np.cos(tilt) + z * np.sin(tilt), z * np.cos(tilt) - x * np.sin(tilt)

    def ellipsoid(cx, cy, cz, rx, ry, rz):
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 <= 1.0

    body = ellipsoid(0, 0, -20, 165, 115, 900)
    heart = ellipsoid(25, -30, -40, 55, 45, 55)
    domes = ellipsoid(75, 0, -150, 75, 90, 75) | ellipsoid(-75, 0, -140, 75, 90, 75)
    spine = ellipsoid(0, 75, 0, 20, 22, 900)
    ribs = ellipsoid(0, 0, -20, 148, 99, 145) & ~ellipsoid(0, 0, -20, 139, 91, 135) & ((z % 28) < 9) & ~domes
    trachea = (x**2 + (y - 15) ** 2 <= 9**2) & (z > 20)
    bronchi = [(abs(z - 20 + abs(x)) <= 8) & ((y - 15) ** 2 <= 7**2) & (side * x >= 0) & (abs(x) <= 45) for side in (-1, 1)]
    airway = trachea | bronchi[0] | bronchi[1]
    gullet_and_fat = (abs(x) < (4 if chest.junction else 14)) & ~airway
    middle = heart | spine | ellipsoid(0, 15, 40, 24, 28, 110) | gullet_and_fat
    cage = ellipsoid(0, 0, -20, 136, 88, 132)
    lungs = {}
    for name, side, present in (("right", -1, chest.right_lung), ("left", 1, chest.left_lung)):
        whole = ellipsoid(68 * side, 0, -20, 68, 88, 130) & cage & (side * x > 0) & ~middle & ~domes & ~airway
        lungs[name] = whole & present
    fluid = lungs["right"] & (y > 45) if chest.effusion else np.zeros(shape, bool)
    tumour = ball(x, y, z, chest.tumour) & (lungs["right"] | lungs["left"]) if chest.tumour else np.zeros(shape, bool)
    bulla = ball(x, y, z, chest.bulla) & (lungs["right"] | lungs["left"]) if chest.bulla else np.zeros(shape, bool)
    truth = {name: lung & ~fluid & ~tumour for name, lung in lungs.items()}

    generator = np.random.default_rng(seed)
    hu = np.full(shape, -1000.0)
    hu[table] = -100
    hu[body] = 40
    hu[body & (spine | ribs)] = 450
    lung = truth["right"] | truth["left"]
    # The texture of a lung is as coarse as its vessels, however thin the slices are.
    layers = (np.arange(shape[0]) * spacing[0] / SPACING[0]).astype(int)
    hu[lung] = chest.lung_hu + generator.normal(0, 40, (layers[-1] + 1, *shape[1:]))[layers][lung]
    vessels = lung & (((y % 24) < 4) & ((z % 28) < 5))  # thin rods of blood, across
    hu[vessels] = 40
    hu[bulla] = -995
    hu[airway & body] = -995
    hu[tumour] = 35
    hu[fluid] = 8
    if chest.bowel:
        hu[ellipsoid(40, -60, -146, 45, 20, 8) & body] = -980
    hu += generator.normal(0, chest.noise_hu, shape)
    grid = Grid(shape, spacing, (-100.0, 20.0, 50.0))
    truth |= {"airway": airway & body, "tumour": tumour, "fluid": fluid, "body": body, "bulla": bulla, "vessels": vessels}
    return study_of(hu, grid), truth


def ball(x, y, z, place):
    cx, cy, cz, radius = place
    return (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 <= radius**2


def study_of(hu, grid) -> Study:
    values = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    slices = tuple(SliceLabel(k + 1) for k in range(grid.shape[0]))
    return Study(Volume(values, grid, "HU"), None, Passport((), None, None, {}, (), "drawn"), None, slices)


TURNS = {
    "coronal slices": np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "sagittal slices": np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "feet up and right left": np.diag([-1, 1, -1]),
    "front back and feet up": np.diag([1, -1, -1]),
    "turned by 90 degrees in the slice": np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    "turned by 180 degrees in the slice": np.diag([-1, -1, 1]),
}
"""Name -> where the axes (x, y, z) of a stored array point in the patient, in columns."""


def store_turned(study: Study, turn: np.ndarray, path) -> None:
    """The CT as NIfTI with its array turned, and a header that says so."""
    import SimpleITK as sitk

    grid = study.ct.grid
    axes = np.abs(turn).argmax(axis=0)
    steps = turn[axes, np.arange(3)]
    array = study.ct.values.transpose([2 - axes[2 - k] for k in range(3)])
    array = array[tuple(slice(None, None, int(steps[2 - k])) for k in range(3))]
    first = np.zeros(3)
    first[2 - axes] = [0 if step > 0 else grid.shape[2 - axis] - 1 for axis, step in zip(axes, steps)]
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing([grid.spacing_mm[2 - axis] for axis in axes])
    image.SetOrigin(grid.to_mm(first).tolist())
    image.SetDirection(turn.astype(float).ravel().tolist())
    sitk.WriteImage(image, str(path))


def upper_part(study: Study, truth: dict, z_from: int, z_to: int):
    """The same patient in a scan of fewer slices."""
    grid = study.ct.grid.box((z_from, 0, 0), (z_to, *study.ct.grid.shape[1:]))
    cut = replace(study, ct=Volume(study.ct.values[z_from:z_to], grid, "HU"), slices=study.slices[z_from:z_to])
    return cut, {name: mask[z_from:z_to] for name, mask in truth.items()}


def dice(a, b) -> float:
    a, b = np.asarray(a) != 0, np.asarray(b) != 0
    return 2.0 * np.count_nonzero(a & b) / max(1, np.count_nonzero(a) + np.count_nonzero(b))


def with_values(study: Study, values: np.ndarray, grid: Grid) -> Study:
    """The same patient with another CT, and no PET."""
    labels = tuple(SliceLabel(k + 1) for k in range(grid.shape[0]))
    return replace(study, ct=Volume(np.ascontiguousarray(values), grid, "HU"), slices=labels, outside=None, pet=None)


def noisy(study: Study, noise_hu: float) -> Study:
    """The same CT with so much noise in every voxel."""
    noise = np.random.default_rng(3).normal(0, noise_hu, study.ct.values.shape)
    values = np.clip(np.rint(study.ct.values + noise), -1024, 3071).astype(np.int16)
    return with_values(study, values, study.ct.grid)


def in_slices_of(study: Study, thick_mm: float) -> tuple[Study, np.ndarray]:
    """The same CT, linear between its slices, in slices so far apart; and the old slice nearest to each new one."""
    old = study.ct.grid
    count = int(old.shape[0] * old.spacing_mm[0] / thick_mm)
    grid = Grid((count, *old.shape[1:]), (thick_mm, *old.spacing_mm[1:]), old.origin_mm, old.direction)
    height = np.clip(np.arange(count) * thick_mm / old.spacing_mm[0], 0, old.shape[0] - 1)
    low = np.floor(height).astype(int)
    share = (height - low)[:, None, None].astype(np.float32)
    high = np.minimum(low + 1, old.shape[0] - 1)
    values = np.rint(study.ct.values[low] * (1 - share) + study.ct.values[high] * share).astype(np.int16)
    return with_values(study, values, grid), np.rint(height).astype(int)
