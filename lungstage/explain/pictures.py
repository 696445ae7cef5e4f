"""A Report in, pictures out: the patient in one look, a card a lesion, and this patient if healthy."""

from __future__ import annotations

import numpy as np

from ..records import Lesion, Volume
from ..records.names import LOBES
from .found import found_pictures
from .picture import Picture
from .views import (
    AXIAL,
    CORONAL,
    LUNG_WINDOW,
    SAGITTAL,
    SOFT_WINDOW,
    View,
    close_view,
    grey,
    outlined,
    seen,
    seen_mask,
    tinted,
    whole_view,
)
from .words import percent, stage_word

SUSPECT, HARMLESS = (230, 110, 0), (60, 160, 230)
"""Orange and blue: apart for every kind of colour vision."""
LOBE_TINTS = ((0, 158, 115), (240, 228, 66), (86, 180, 233), (0, 158, 115), (86, 180, 233))
LUNG_LINE = (120, 200, 255)
SUSPICIOUS_FROM, SHOWN_FROM = 0.5, 0.2
CARDS_AT_MOST = 12
PET_WINDOW_SUV = (0.0, 8.0)
LOOK_MM = 0.9
MASKED_FROM = 0.5
LABEL_REACH_MM = 20.0
LEAST_WIDTH = 420
BAND = (0.05, 0.95)


def draw_pictures(report) -> dict[str, Picture]:
    """Every picture of a report by name."""
    if report.anatomy is None:
        return {"coronal": empty_look(report)}
    pictures = [coronal_look(report)]
    if report.study.pet is not None:
        pictures.append(pet_look(report))
    pictures += found_pictures(report)
    pictures.append(healthy_look(report))
    pictures += [lesion_card(lesion, report) for lesion in carded(report)]
    return {picture.name: picture for picture in pictures}


def carded(report) -> list[Lesion]:
    """The lesions that get a picture of their own."""
    return list(report.lesions)[:CARDS_AT_MOST]


def empty_look(report) -> Picture:
    """A scan without lungs, as it is."""
    grid = report.study.ct.grid
    view = whole_view(grid, CORONAL, grid.shape[1] / 2, LOOK_MM)
    return Picture("coronal", grey(seen(report.study.ct, view, -1024.0), SOFT_WINDOW), "coronal CT; no lungs were found in it")


def coronal_look(report) -> Picture:
    """The CT through the most suspicious lesion, lobes tinted, lungs outlined, lesions outlined and named."""
    grid = report.study.ct.grid
    lead = lead_point(report)
    view = whole_view(grid, CORONAL, float(grid.to_index(lead)[1]), LOOK_MM)
    picture = grey(seen(report.study.ct, view, -1024.0), LUNG_WINDOW)
    lung = seen_mask(report.lungs.right, grid, view) + 2 * seen_mask(report.lungs.left, grid, view)
    picture = tint_lobes(picture, lung, view, report)
    picture = outlined(picture, lung > 0, LUNG_LINE)
    shown = [lesion for lesion in report.lesions if lesion.p_malignant >= SHOWN_FROM]
    for lesion in reversed(shown):
        picture = outlined(picture, shadow(lesion, view), colour_of(lesion))
    picture = name_lesions(picture, shown, view)
    return Picture("coronal", picture, f"coronal CT with both lungs outlined and {len(shown)} lesions numbered")


def tint_lobes(picture: np.ndarray, lung: np.ndarray, view: View, report) -> np.ndarray:
    """A thin colour a lobe, where the most probable lobe is that one."""
    where = lung > 0
    if not where.any():
        return picture
    points = view.grid.to_mm(view.index_of_pixels()[where])
    probability = report.anatomy.lobe_probability(points)
    right = np.array([name.startswith("right") for name in LOBES])
    probability = np.where(right == (lung[where] == 1)[:, None], probability, 0.0)
    lobe = np.full(where.shape, -1)
    lobe[where] = probability.argmax(axis=1)
    for number, tint in enumerate(LOBE_TINTS):
        picture = tinted(picture, lobe == number, tint, 0.16)
    return picture


def shadow(lesion: Lesion, view: View) -> np.ndarray:
    """bool (rows, columns): the lesion's shape projected onto the plane."""
    box = lesion.samples.box
    index = np.argwhere(lesion.samples.probability() >= MASKED_FROM)
    shade = np.zeros(view.shape, bool)
    if not len(index):
        return shade
    step = max(max(box.spacing_mm) / view.mm, 1.0)
    points = box.to_mm(index)
    for column, row in np.unique(np.rint(np.stack(view.pixel_of(points), axis=1)), axis=0):
        half = step / 2 + 0.5
        rows = slice(max(0, int(row - half)), max(0, int(row + half) + 1))
        columns = slice(max(0, int(column - half)), max(0, int(column + half) + 1))
        shade[rows, columns] = True
    return shade


def lead_point(report) -> np.ndarray:
    """The centre of the most suspicious lesion, else the carina."""
    for lesion in report.lesions:
        if lesion.p_malignant >= SHOWN_FROM:
            return np.asarray(lesion.centre_mm)
    return report.anatomy.landmarks["carina"].point_mm


def colour_of(lesion: Lesion) -> tuple[int, int, int]:
    """Orange for what is more probably malignant than not."""
    return SUSPECT if lesion.p_malignant >= SUSPICIOUS_FROM else HARMLESS


def name_lesions(pixels: np.ndarray, lesions, view: View) -> np.ndarray:
    """The lesions' names beside them, dark under light so that they read on any grey."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=13)
    taken: list[tuple[float, float]] = []
    for lesion in lesions:
        column, row = map(float, view.pixel_of(lesion.centre_mm))
        reach = min(lesion.longest_diameter_mm.q50 / 2, LABEL_REACH_MM) / view.mm + 3
        column, row = column + reach, row - 8
        while any(abs(column - c) < 22 and abs(row - r) < 14 for c, r in taken):
            row += 14
        taken.append((column, row))
        pen.text((column, row), lesion.id, fill=colour_of(lesion), font=font, stroke_width=2, stroke_fill=(0, 0, 0))
    return np.asarray(image)


def pet_look(report) -> Picture:
    """The PET's brightest voxel along each line from front to back, dark is hot, lesions numbered."""
    pet = report.study.pet
    top = Volume(pet.values.max(axis=1, keepdims=True), flat(pet.grid), pet.unit)
    view = whole_view(top.grid, CORONAL, 0.0, LOOK_MM * 1.6)
    picture = 255 - grey(seen(top, view, 0.0), PET_WINDOW_SUV)
    shown = [lesion for lesion in report.lesions if lesion.p_malignant >= SHOWN_FROM and lesion.suv_max is not None]
    picture = name_lesions(picture, shown, view)
    low, high = PET_WINDOW_SUV
    alt = f"PET maximum projection, {low:g} white to {high:g} black {pet.unit}, {len(shown)} lesions numbered"
    return Picture("pet", picture, alt)


def flat(grid):
    """The grid with its second axis as one voxel, in the middle."""
    return grid.box((0, grid.shape[1] // 2, 0), (grid.shape[0], grid.shape[1] // 2 + 1, grid.shape[2]))


def healthy_look(report) -> Picture:
    """The CT, this patient imagined healthy, and where the two differ."""
    normal, grid = report.normal, report.study.ct.grid
    view = whole_view(grid, CORONAL, float(grid.to_index(lead_point(report))[1]), 1.3)
    measured = grey(seen(report.study.ct, view, -1024.0), LUNG_WINDOW)
    imagined = grey(seen(Volume(normal.expected_hu, normal.grid, "HU"), view, -1024.0), LUNG_WINDOW)
    # nothing is imagined outside the skin
    imagined = np.where(seen_mask(report.lungs.body, grid, view)[..., None] > 0, imagined, measured)
    score = seen(Volume(normal.z_ct, normal.grid, "HU"), view, 0.0)
    difference = grey(np.zeros(score.shape), (-1.0, 1.0))
    difference = heat(difference, score)
    gap = np.full((view.shape[0], 6, 3), 255, np.uint8)
    row = np.concatenate([measured, gap, imagined, gap, difference], axis=1)
    alt = "coronal CT, the same patient imagined healthy, and the difference (orange denser, blue less dense)"
    return Picture("healthy", row, alt)


def heat(picture: np.ndarray, score: np.ndarray, full: float = 6.0) -> np.ndarray:
    """Orange where more than expected, blue where less, by standard deviations up to `full`."""
    painted = picture.astype(np.float32)
    for sign, colour in ((1, SUSPECT), (-1, HARMLESS)):
        strength = np.clip(sign * score / full, 0.0, 1.0)[..., None]
        painted = (1 - strength) * painted + strength * np.array(colour, np.float32)
    return painted.astype(np.uint8)


def lesion_card(lesion: Lesion, report) -> Picture:
    """Three planes and PET through one lesion: its outline, and the band in which the outline may lie."""
    half = float(np.clip(lesion.longest_diameter_mm.q95 * 0.75 + 15.0, 25.0, 90.0))
    size = 170
    mm = 2 * half / size
    window = LUNG_WINDOW if lesion.kind == "pulmonary" else SOFT_WINDOW
    probability = lesion.samples.probability()
    tiles = []
    for axis in (AXIAL, CORONAL, SAGITTAL):
        view = close_view(report.study.ct.grid, axis, lesion.centre_mm, half, mm)
        tile = grey(seen(report.study.ct, view, -1024.0), window)
        share = seen_mask(probability, lesion.samples.box, view)
        tile = tinted(tile, (share > BAND[0]) & (share < BAND[1]), colour_of(lesion), 0.35)
        tiles.append(outlined(tile, share >= MASKED_FROM, colour_of(lesion)))
    if report.study.pet is not None:
        view = close_view(report.study.ct.grid, AXIAL, lesion.centre_mm, half, mm)
        tile = 255 - grey(seen(report.study.pet, view, 0.0), PET_WINDOW_SUV)
        share = seen_mask(probability, lesion.samples.box, view)
        tiles.append(outlined(tile, share >= MASKED_FROM, colour_of(lesion)))
    tiles = [padded(tile, size) for tile in tiles]
    return Picture(
        lesion.id, np.concatenate(tiles, axis=1),
        f"{lesion.id}: axial, coronal and sagittal CT{' and axial PET' if len(tiles) == 4 else ''} with its outline",
    )  # fmt: skip


def padded(tile: np.ndarray, size: int) -> np.ndarray:
    """A tile of exactly size x size with a thin border at the right."""
    fixed = np.zeros((size, size + 4, 3), np.uint8)
    rows, columns = min(size, tile.shape[0]), min(size, tile.shape[1])
    fixed[:rows, :columns] = tile[:rows, :columns]
    fixed[:, size:] = 255
    return fixed


def poster(report, pictures: dict[str, Picture]) -> Picture:
    """The one picture of a report: coronal CT, PET beside it, and the stages as bars below."""
    from PIL import Image, ImageDraw, ImageFont

    left = Image.fromarray(pictures["coronal"].pixels)
    panes = [left]
    if "pet" in pictures:
        right = Image.fromarray(pictures["pet"].pixels)
        scale = left.height / right.height
        panes.append(right.resize((max(1, round(right.width * scale)), left.height), Image.Resampling.BILINEAR))
    width = max(sum(pane.width for pane in panes) + 8 * (len(panes) - 1), LEAST_WIDTH)
    bars = 150 if report.staging else 0
    sheet = Image.new("RGB", (width, left.height + bars), (255, 255, 255))
    at = 0
    for pane in panes:
        sheet.paste(pane, (at, 0))
        at += pane.width + 8
    if report.staging:
        draw_bars(ImageDraw.Draw(sheet), ImageFont.load_default(size=15), report, width, left.height + 10)
    shown = "coronal CT" + (" and PET" if "pet" in pictures else "")
    return Picture("poster", np.asarray(sheet), f"{shown} with lungs, primary and nodes, and the stages as bars")


def draw_bars(pen, font, report, width: int, top: int) -> None:
    """The most probable stages as horizontal bars."""
    edition = report.staging.editions[report.edition]
    pairs = sorted(edition.stage.items(), key=lambda pair: -pair[1])[:5]
    for number, (stage, probability) in enumerate(pairs):
        y = top + 26 * number
        word = stage_word(stage)
        pen.text((10, y), f"{word[0].upper()}{word[1:]}", fill=(20, 20, 20), font=font)
        full = width - 230
        pen.rectangle((150, y + 2, 150 + full, y + 18), fill=(235, 235, 235))
        colour = SUSPECT if number == 0 else (150, 150, 150)
        pen.rectangle((150, y + 2, 150 + max(1, round(full * probability)), y + 18), fill=colour)
        pen.text((160 + full, y), percent(probability), fill=(20, 20, 20), font=font)
