"""A Report in, pictures of its lungs, airway and bones out: modelled from the front and from the left, and drawn on the CT.

They answer one question at a glance: did the program find the patient's parts where they are?
"""

from __future__ import annotations

import numpy as np

from ..records.lungs import LEFT, RIGHT
from .picture import Picture
from .views import AXIAL, CORONAL, SAGITTAL, View, box_view, grey, outlined, seen, seen_mask, tinted

RIGHT_COLOUR, LEFT_COLOUR, AIRWAY_COLOUR, DENSE_COLOUR = (86, 180, 233), (0, 170, 125), (240, 228, 66), (204, 121, 167)
VERTEBRA_COLOUR, RIB_COLOUR, STERNUM_COLOUR, BONE_COLOUR = (176, 116, 62), (250, 196, 110), (226, 88, 80), (140, 136, 132)
"""Bones differ in lightness as well as in hue."""
KEY = (
    ("right lung", RIGHT_COLOUR), ("left lung", LEFT_COLOUR), ("airway", AIRWAY_COLOUR),
    ("dense inside a lung's outline", DENSE_COLOUR), ("ribs", RIB_COLOUR), ("spine", VERTEBRA_COLOUR),
    ("sternum", STERNUM_COLOUR), ("other bone", BONE_COLOUR),
)  # fmt: skip
VERTEBRAE, STERNUM, RIBS = (60, 85), 90, (100, 132)
"""Codes of regions.csv, first and last."""
WIDE_WINDOW = (-1000.0, 500.0)
MODEL_MM, PLANE_MM = 1.1, 1.25
BESIDE_LUNGS_MM = 60.0
BACKGROUND = (14, 16, 19)
LIGHT = (-0.35, -0.45, 0.82)
"""From where it comes: to the right of the picture, downwards, towards the viewer."""
AMBIENT, FADE = 0.35, 0.45
SMOOTH_MM = 1.5
LUNG_OPACITY, LUNG_DEPTH_MM = 0.62, 50.0


def found_pictures(report) -> list[Picture]:
    """Two models and three planes through the carina."""
    grid, lungs = report.study.ct.grid, report.lungs
    chest = chest_box(lungs)
    through, middle = planes_meet(report, chest)
    front, side = models(report, chest)
    parts = "both lungs, airway and bones"
    pictures = [
        Picture("found-front", front, f"{parts} as found, modelled and seen from the front"),
        Picture("found-left", side, f"{parts} as found, modelled and seen from the left"),
    ]
    for name, axis in (("coronal", CORONAL), ("sagittal", SAGITTAL), ("axial", AXIAL)):
        view = box_view(grid, axis, float(middle[axis]), chest, PLANE_MM)
        pixels = drawn_parts(report.study.ct, lungs, report.skeleton, view)
        pictures.append(Picture(f"found-{name}", pixels, f"{name} CT through {through} with {parts} drawn as found"))
    return pictures


def planes_meet(report, chest) -> tuple[str, np.ndarray]:
    """Where the three planes meet, in words and as an index (3,) of the CT: the carina, where it was found."""
    carina = report.anatomy.landmarks["carina"]
    if not carina.seen:
        return "the middle of the scanned chest", np.array([(rows.start + rows.stop - 1) / 2 for rows in chest])
    grid = report.study.ct.grid
    return "the carina", np.clip(grid.to_index(carina.point_mm), 0, np.array(grid.shape) - 1)


def chest_box(lungs) -> tuple[slice, slice, slice]:
    """The slices that hold the lungs with BESIDE_LUNGS_MM above and below, and in them the body."""
    steps = int(np.ceil(BESIDE_LUNGS_MM / lungs.grid.spacing_mm[0]))
    held = np.flatnonzero(lungs.hull.any(axis=(1, 2)))
    ends = (int(held[0]) - steps, int(held[-1]) + steps + 1) if held.size else (0, len(lungs.hull))
    rows = slice(max(0, ends[0]), min(len(lungs.hull), ends[1]))
    body = lungs.body[rows][:: max(1, steps // 8)].any(axis=0)
    ends = [np.flatnonzero(body.any(axis=axis)) for axis in (1, 0)]
    return rows, *(slice(int(each[0]), int(each[-1]) + 1) if each.size else slice(0, n) for each, n in zip(ends, body.shape))


def drawn_parts(ct, lungs, skeleton, view: View) -> np.ndarray:
    """One plane of the CT: lungs outlined, airway, bones and what is dense inside a lung's outline tinted."""
    grid = ct.grid
    pixels = grey(seen(ct, view, -1024.0), WIDE_WINDOW)
    right, left, airway, hull = (seen_mask(mask, grid, view) for mask in (lungs.right, lungs.left, lungs.airway, lungs.hull))
    bone = seen_mask(skeleton.labels, grid, view)
    for colour, here in bone_classes(bone):
        pixels = tinted(pixels, here, colour, 0.65)
    pixels = tinted(pixels, (hull > 0) & (right == 0) & (left == 0) & (airway == 0), DENSE_COLOUR, 0.4)
    pixels = tinted(pixels, airway > 0, AIRWAY_COLOUR, 0.5)
    for side, mask, colour in ((RIGHT, right, RIGHT_COLOUR), (LEFT, left, LEFT_COLOUR)):
        pixels = tinted(pixels, (mask > 0) & (hull == side), colour, 0.18)
        pixels = outlined(pixels, mask > 0, colour)
    return pixels


def bone_classes(labels: np.ndarray):
    """(colour, mask) of each class of bone in labels of any shape."""
    ribs, spine = (labels >= RIBS[0]) & (labels <= RIBS[1]), (labels >= VERTEBRAE[0]) & (labels <= VERTEBRAE[1])
    sternum = labels == STERNUM
    yield BONE_COLOUR, (labels > 0) & ~ribs & ~spine & ~sternum
    yield from ((RIB_COLOUR, ribs), (VERTEBRA_COLOUR, spine), (STERNUM_COLOUR, sternum))


def models(report, chest) -> tuple[np.ndarray, np.ndarray]:
    """RGB of the parts from the front and from the left: bones shaded, lungs as coloured glass before them, airway on top."""
    from ..kernels.silhouettes import look_through

    grid, lungs = report.study.ct.grid, report.lungs
    rows, depth, width = chest
    looks = [look_through(mask[rows]) for mask in (report.skeleton.labels, lungs.right, lungs.left, lungs.airway)]
    side_z, side_y, side_x = grid.spacing_mm
    return (
        composed([cut(front, width) for front, _ in looks], (side_z, side_x), side_y),
        composed([cut(side, depth) for _, side in looks], (side_z, side_y), -side_x),
    )


def cut(look, columns: slice):
    """Some columns of a Look."""
    return type(look)(*(each[:, columns] for each in look))


def composed(looks, spacing_mm: tuple[float, float], step_mm: float) -> np.ndarray:
    """One model of the Looks of bones, right lung, left lung and airway.

    spacing_mm   of rows and columns;  step_mm: of an index of `first`, above 0 if it grows away from the viewer
    """
    bone, right, left, airway = looks
    pixels = np.empty((*bone.first.shape, 3), np.float32)
    pixels[:] = BACKGROUND
    colours = np.zeros_like(pixels)
    for colour, here in bone_classes(bone.label):
        colours[here] = colour
    pixels = laid_over(pixels, colours * shade(bone, spacing_mm, step_mm)[..., None], (bone.count > 0).astype(np.float32))
    for look, colour in ((right, RIGHT_COLOUR), (left, LEFT_COLOUR)):
        glass = LUNG_OPACITY * (1.0 - np.exp(-look.count * abs(step_mm) / LUNG_DEPTH_MM))
        pixels = laid_over(pixels, np.array(colour, np.float32) * shade(look, spacing_mm, step_mm)[..., None], glass)
    light = np.array(AIRWAY_COLOUR, np.float32) * shade(airway, spacing_mm, step_mm)[..., None]
    pixels = laid_over(pixels, light, 0.9 * (airway.count > 0))
    shape = [max(1, round(n * side / MODEL_MM)) for n, side in zip(bone.first.shape, spacing_mm)]
    return resized(pixels[::-1], shape)


def laid_over(pixels: np.ndarray, colours: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Colours (rows, columns, 3) over pixels by their opacity (rows, columns)."""
    opacity = opacity[..., None].astype(np.float32)
    return (1 - opacity) * pixels + opacity * colours


def shade(look, spacing_mm: tuple[float, float], step_mm: float) -> np.ndarray:
    """Light (rows, columns) on what is seen first, from 0 to 1: by how it faces the light, and darker farther away."""
    from scipy.ndimage import gaussian_filter

    there = look.count > 0
    if not there.any():
        return np.zeros(there.shape, np.float32)
    away = np.where(there, look.first * step_mm, 0.0).astype(np.float32)
    sigma = [SMOOTH_MM / side for side in spacing_mm]
    # smoothed among what is there: beyond the rim there is nothing to mix with
    weight = gaussian_filter(there.astype(np.float32), sigma)
    smooth = gaussian_filter(away, sigma) / np.maximum(weight, 1e-6)
    smooth = np.where(there, smooth, smooth[there].mean())
    up, across = np.gradient(smooth, *spacing_mm)
    facing = 1.0 / np.sqrt(1.0 + up**2 + across**2)
    # rows go up, the light's second number goes down
    light = facing * (LIGHT[2] + LIGHT[0] * across - LIGHT[1] * up)
    near, far = np.quantile(smooth[there], (0.01, 0.99))
    depth = np.clip((smooth - near) / max(far - near, 1.0), 0.0, 1.0)
    return ((AMBIENT + (1 - AMBIENT) * np.clip(light, 0.0, 1.0)) * (1.0 - FADE * depth) * there).astype(np.float32)


def resized(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """uint8 (*shape, 3) of pixels at the grid's own steps."""
    from PIL import Image

    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
