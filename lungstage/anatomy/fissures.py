"""Lungs, frame and atlas in, the sheets between the lobes out: told by the mean of many patients, drawn to what the CT shows."""

from __future__ import annotations

import numpy as np

from ..records import Fissures, Landmark, Lungs, PatientFrame, Volume
from ..records.lungs import LEFT, RIGHT
from .atlas import Atlas, FissureRow
from .findings import Clouds
from .fissure_search import Agreement, Sheet, lattice, search_sheet
from .parameters import AnatomyParameters, MapNumbers

LEAST_POINTS = 200
ENDS = (0.002, 0.998)
CHANCE_SD, SOFTNESS = 0.02, 0.4  # chance varies at least so much; trust grows over so many of its standard deviations


def place_fissures(
    ct: Volume, clouds: Clouds, lungs: Lungs, frame: PatientFrame, landmarks: dict[str, Landmark], parameters: AnatomyParameters
) -> Fissures:
    """The three sheets. A lung whose ends the scan cuts off is completed by the landmarks, and its fissures are only told."""
    atlas: Atlas = parameters.atlas
    boxes = {
        side: lung_box(side, frame.to_frame(cloud), landmarks, frame)
        for side, cloud in (("right", clouds.right), ("left", clouds.left))
    }
    sheets: dict[str, Sheet] = {}
    seen = []
    for row in atlas.fissures:
        side = row.name.split("_")[0]
        told = told_sheet(row, *boxes[side])
        trust, sheet = 0.0, told
        if landmarks[f"apex_{side}"].seen and landmarks[f"recess_{side}"].seen:
            floor = sheets.get("right_oblique") if row.name == "right_horizontal" else None
            told = sheet = weighed_by_volume(told, row, boxes[side], frame.to_frame(getattr(clouds, side)), floor)
            hull = (lungs.hull == (RIGHT if side == "right" else LEFT)).view(np.uint8)
            found = search_sheet(told, ct, hull, boxes[side][:2], frame, floor)
            if found is not None:
                trust, sheet = drawn_to_image(told, *found, boxes[side][:2], parameters.numbers)
        sheets[row.name] = sheet
        seen.append(trust >= 0.5)
    parts = list(sheets.values())
    return Fissures(
        tuple(sheets), np.array([sheet.coefficients for sheet in parts]), np.array([sheet.centre for sheet in parts]),
        np.array([sheet.scale for sheet in parts]), np.array([sheet.sd_mm for sheet in parts]), np.array(seen),
    )  # fmt: skip


def told_sheet(row: FissureRow, low: np.ndarray, high: np.ndarray, ends_sd_mm: float) -> Sheet:
    """The mean fissure of many patients in the box of this lung."""
    size = high - low
    coefficients = np.array(row.coefficients) * size[2]
    coefficients[0] += low[2]
    spread = np.sqrt((row.sd_patient**2 + row.sd_surface**2) * size[2] ** 2 + ends_sd_mm**2)
    return Sheet(coefficients, low[:2], size[:2], float(spread))


def weighed_by_volume(told: Sheet, row: FissureRow, box, place: np.ndarray, floor: Sheet | None) -> Sheet:
    """The told sheet moved up or down so far as the volumes of the lobes ask for, and as much surer.

    place   (n, 3) points of the whole lung in the frame, evenly spread
    floor   the sheet above which the lobes lie that this one parts; None: the whole lung
    """
    if floor is not None:
        place = place[place[:, 2] > floor.height(place[:, :2])]
    if len(place) < LEAST_POINTS:
        return told
    height = box[1][2] - box[0][2]
    # the volume knows nothing of what is uneven about one patient's sheet
    even = max(np.sqrt(max(told.sd_mm**2 - (row.sd_surface * height) ** 2, 0.0)), 1.0)
    above = place[:, 2] - told.height(place[:, :2])
    moves = np.arange(-2.5, 2.51, 0.1) * even
    below = np.array([(above < move).mean() for move in moves])
    weight = np.exp(-0.5 * (moves / even) ** 2 - 0.5 * ((below - row.below) / row.sd_below) ** 2)
    weight /= weight.sum()
    move = float(weight @ moves)
    left = float(weight @ (moves - move) ** 2)
    coefficients = told.coefficients + move * np.eye(6)[0]
    return Sheet(coefficients, told.centre, told.scale, float(np.hypot(row.sd_surface * height, np.sqrt(left))))


def drawn_to_image(told: Sheet, found: Agreement, chance: np.ndarray, box, numbers: MapNumbers) -> tuple[float, Sheet]:
    """How far the found sheet is trusted, and the mean of told and found sheet with the spread of their mixture."""
    agreement = (found.share - chance.mean()) / max(chance.std(), CHANCE_SD)
    trust = 1.0 / (1.0 + np.exp(-(agreement - numbers.fissure_trust_sd) / SOFTNESS))
    new = Sheet(found.coefficients, told.centre, told.scale, numbers.fissure_floor_mm)
    xy = lattice(box)
    apart = np.sqrt(np.mean((new.height(xy) - told.height(xy)) ** 2))
    variance = trust * new.sd_mm**2 + (1 - trust) * told.sd_mm**2 + trust * (1 - trust) * apart**2
    mean = trust * found.coefficients + (1 - trust) * told.coefficients
    return float(trust), Sheet(mean, told.centre, told.scale, float(np.sqrt(variance)))


def lung_box(side: str, place: np.ndarray, landmarks: dict[str, Landmark], frame: PatientFrame):
    """Lowest and highest (x, y, z) of a lung in the frame, and how unsure a height half-way between its ends is, in mm."""
    names = {
        "outer": f"lateral_{side}", "front": f"front_{side}", "back": f"back_{side}",
        "top": f"apex_{side}", "bottom": f"recess_{side}",
    }  # fmt: skip
    told = {end: frame.to_frame(landmarks[name].point_mm) for end, name in names.items()}
    inner = 6.0 if side == "left" else -6.0
    xs = sorted((inner, told["outer"][0]))
    low = np.array([xs[0], told["front"][1], told["bottom"][2]])
    high = np.array([xs[1], told["back"][1], told["top"][2]])
    seen = {end: landmarks[name].seen for end, name in names.items()}
    if len(place) >= LEAST_POINTS:
        first, last = np.quantile(place, ENDS, axis=0)
        # the lung reaches at least as far as it was seen; where an end was seen, exactly so far
        low = np.where([False, seen["front"], seen["bottom"]], first, np.minimum(low, first))
        high = np.where([False, seen["back"], seen["top"]], last, np.maximum(high, last))
        low[0], high[0] = first[0], last[0]
    ends = [landmarks[names[end]].covariance_mm2 for end in ("top", "bottom")]
    variance = [frame.axes[2] @ covariance @ frame.axes[2] for covariance in ends]
    return low, np.maximum(high, low + 10.0), 0.5 * float(np.sqrt(sum(variance)))
