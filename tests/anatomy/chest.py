"""A chest drawn from ellipsoids and tubes, with truth that one can write down: carina, sides, spine, sternum."""

import numpy as np

from lungstage.geometry import Grid
from lungstage.records import LungQuality, Lungs, Passport, Skeleton, Study, Volume

SPACING = (4.0, 3.2, 3.0)
TRACHEA_RADIUS, BRONCHUS_RADIUS = 8.0, 6.0
LEFT_MAIN, RIGHT_MAIN = np.array([0.67, 0.17, -0.72]), np.array([-0.57, 0.15, -0.81])


def turned_axes(degrees_xyz):
    """Rotation matrix about x, then y, then z."""
    a, b, c = np.radians(degrees_xyz)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return z @ y @ x


def tube(p, start, direction, length, radius):
    """Points (..., 3) within a straight tube."""
    direction = np.asarray(direction) / np.linalg.norm(direction)
    along = (p - start) @ direction
    away = np.linalg.norm(p - start - along[..., None] * direction, axis=-1)
    return (along >= 0) & (along <= length) & (away <= radius)


def ellipsoid(p, centre, semi):
    return (((p - centre) / semi) ** 2).sum(axis=-1) <= 1


def draw_chest(
    z_range=(-230.0, 125.0), turn=(0, 0, 0), pouch=False, airway=True, lungs=("right", "left"), plate=None, shift=(0, 0, 0)
):
    """Study, Lungs and Skeleton of a chest with the carina at `shift`, turned about it by degrees.

    plate   function of x, y of the patient to the height of a bright plate in the right lung
    """
    axes = turned_axes(turn)
    low = np.array([-165.0, -145.0, z_range[0]])
    high = np.array([165.0, 125.0, z_range[1]])
    shape = tuple(np.ceil((high - low)[::-1] / SPACING).astype(int))
    straight = Grid(shape, SPACING, tuple(low))
    p = straight.to_mm(np.moveaxis(np.indices(shape), 0, -1))
    grid = Grid(shape, SPACING, tuple(axes @ low + shift), tuple(axes.ravel()))

    masks = {}
    for side, sign in (("right", -1), ("left", 1)):
        lung = ellipsoid(p, (sign * 68.0, -10.0, -62.0), (60.0, 95.0, 155.0)) & (sign * p[..., 0] > 14)
        base = -112.0 - 0.008 * ((p[..., 0] - sign * 68) ** 2 + (p[..., 1] + 10) ** 2)
        masks[side] = lung & (p[..., 2] > base) if side in lungs else np.zeros(shape, bool)
    trachea = tube(p, (0, -0.1 * 6, 4), (0, -0.15, 1), 110, TRACHEA_RADIUS)
    right = tube(p, (-BRONCHUS_RADIUS - 1, 0, 4), RIGHT_MAIN, 50, BRONCHUS_RADIUS)
    left = tube(p, (BRONCHUS_RADIUS + 1, 0, 4), LEFT_MAIN, 60, BRONCHUS_RADIUS)
    air = trachea | right | left
    if pouch:
        air |= tube(p, (0, -14, 85), (0.9, 0, 0.45), 26, 4.0)
    air = air if airway else np.zeros(shape, bool)
    masks = {side: mask & ~air for side, mask in masks.items()}
    body = ellipsoid(p * (1, 1, 0), (0, -10, 0), (158, 132, 1))
    spine = (np.abs(p[..., 0]) < 15) & (p[..., 1] > 28) & (p[..., 1] < 60)
    sternum = (np.abs(p[..., 0]) < 18) & (np.abs(p[..., 1] + 92 + 0.35 * -p[..., 2]) < 5) & (p[..., 2] < 58) & (p[..., 2] > -90)
    labels = np.zeros(shape, np.uint8)
    labels[spine], labels[sternum] = 85, 90

    hu = np.where(body, 40, -1000).astype(np.int16)
    for mask in masks.values():
        hu[mask] = -850
    noise = np.random.default_rng(5).normal(0, 12, shape)
    if plate is not None:
        hu[masks["right"] & (np.abs(p[..., 2] - plate(p[..., 0], p[..., 1])) < 2.5)] = -690
    hu[air], hu[labels > 0] = -990, 350
    hu = (hu + noise).astype(np.int16)
    hull = (masks["right"] + 2 * masks["left"]).astype(np.uint8)
    cut = tuple(name for name, row in (("bottom", 0), ("top", -1)) if hull[row].any())
    whole = 4.2e6 / np.prod(SPACING)
    quality = LungQuality(min(1.0, (hull > 0).sum() / whole) if cut else 1.0, cut, 12.0, 0.0, 0.0, 0.0)
    study = Study(Volume(hu, grid, "HU"), None, Passport((), None, None, {}, (), "drawn"))
    as_mask = {side: mask.astype(np.uint8) for side, mask in masks.items()}
    made = Lungs(grid, as_mask["right"], as_mask["left"], air.astype(np.uint8), hull, body.astype(np.uint8), 1.0, quality)
    return study, made, Skeleton(grid, labels)
