"""The tables of priors/atlas in, the Atlas out: a mean person, and how places move when a person is wider, deeper or longer.

Every place is linear in a few coefficients: the three scales of the chest, how far breath lowers the domes, how far the lower
spine bends back. What these do not explain is each place's own spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ImpossibleRequest
from ..records.names import STATIONS
from ..tables import Priors, read_rows

MODES = ("width", "depth", "height", "breath", "bend")
PLACE_COLUMNS = ("x", "y", "z", "sd_x", "sd_y", "sd_z", "breath", "bend")
LANDMARK_COLUMNS = ("landmark", *PLACE_COLUMNS, "source", "verified", "text")
SHAPE_COLUMNS = ("region", *PLACE_COLUMNS, "xx", "yy", "zz", "xy", "xz", "yz", "spread_mm", "weight", "source", "verified")
STATION_COLUMNS = ("station", "nodes", *PLACE_COLUMNS, "source", "verified")
BORDER_COLUMNS = ("station", "along", "side", "landmark", "offset_mm", "spread_mm", "source", "verified")
BONE_COLUMNS = ("bone", "volume_ml", "source")
FISSURE_TERMS = ("a0", "a_u", "a_v", "a_uu", "a_uv", "a_vv")
FISSURE_SPREADS = ("sd_patient", "sd_surface", "below", "sd_below")
FISSURE_COLUMNS = ("fissure", *FISSURE_TERMS, *FISSURE_SPREADS, "source")
DIRECTIONS = ("x", "y", "z", "right_bronchus", "left_bronchus")


@dataclass(frozen=True, eq=False)
class Places:
    """Named places of the mean person.

    names   (n)
    mean    (n, 3) mm from the carina
    sd      (n, 3) mm between patients, beside the modes
    modes   (n, 3, 5) what one unit of each of MODES moves: scales as shares, breath and bend in mm
    """

    names: tuple[str, ...]
    mean: np.ndarray
    sd: np.ndarray
    modes: np.ndarray


@dataclass(frozen=True, eq=False)
class Shapes:
    """Ellipsoids: places (region names repeat), covariances (b, 3, 3) mm2, spreads (b) mm, weights (b)."""

    places: Places
    covariances: np.ndarray
    spreads: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class BorderRow:
    """One border of a station, as in borders.csv."""

    station: str
    along: str
    above: bool
    landmark: str
    offset_mm: float
    spread_mm: float


@dataclass(frozen=True)
class FissureRow:
    """One fissure as a share of the lung's box: coefficients as FISSURE_TERMS, spreads of its height, volume under it."""

    name: str
    coefficients: tuple[float, ...]
    sd_patient: float
    sd_surface: float
    below: float
    sd_below: float


@dataclass(frozen=True, eq=False)
class Atlas:
    """Everything priors/atlas says.

    regions   (code, name, group) in the order of regions.csv
    nodes     (stations) how many nodes each shows in health
    bones     beginning of a bone's name, and what the bones so called weigh in the coverage of the skeleton
    """

    regions: tuple[tuple[int, str, str], ...]
    landmarks: Places
    shapes: Shapes
    stations: Places
    nodes: np.ndarray
    borders: tuple[BorderRow, ...]
    fissures: tuple[FissureRow, ...]
    bones: tuple[tuple[str, float], ...]


def read_atlas(priors: Priors) -> Atlas:
    """The atlas of these priors; ImpossibleRequest naming the table if one does not fit the others."""
    regions = tuple(
        (int(row["code"]), row["name"], row["group"])
        for row in read_rows(priors, "atlas/regions.csv", ("code", "name", "group", "text"))
    )
    landmarks = places_of(read_rows(priors, "atlas/landmarks.csv", LANDMARK_COLUMNS), "landmark")
    shape_rows = read_rows(priors, "atlas/shapes.csv", SHAPE_COLUMNS)
    station_rows = read_rows(priors, "atlas/stations.csv", STATION_COLUMNS)
    borders = tuple(border_of(row) for row in read_rows(priors, "atlas/borders.csv", BORDER_COLUMNS))
    fissures = tuple(
        FissureRow(row["fissure"], tuple(float(row[term]) for term in FISSURE_TERMS), *numbers(row, *FISSURE_SPREADS))
        for row in read_rows(priors, "atlas/fissures.csv", FISSURE_COLUMNS)
    )
    bones = tuple((row["bone"], float(row["volume_ml"])) for row in read_rows(priors, "atlas/skeleton.csv", BONE_COLUMNS))
    check_names(regions, landmarks, shape_rows, station_rows, borders, f"{priors.name}/atlas")
    return Atlas(
        regions, landmarks, shapes_of(shape_rows), places_of(station_rows, "station"),
        np.array([float(row["nodes"]) for row in station_rows]), borders, fissures, bones,
    )  # fmt: skip


def places_of(rows, key: str) -> Places:
    """Rows of a table as Places."""
    mean = np.array([numbers(row, "x", "y", "z") for row in rows])
    modes = np.zeros((len(rows), 3, len(MODES)))
    for axis in range(3):
        modes[:, axis, axis] = mean[:, axis]
    modes[:, 2, 3] = [-float(row["breath"]) for row in rows]
    modes[:, 1, 4] = [float(row["bend"]) for row in rows]
    return Places(tuple(row[key] for row in rows), mean, np.array([numbers(row, "sd_x", "sd_y", "sd_z") for row in rows]), modes)


def shapes_of(rows) -> Shapes:
    """Rows of shapes.csv."""
    covariances = np.array(
        [
            [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
            for xx, yy, zz, xy, xz, yz in (numbers(row, "xx", "yy", "zz", "xy", "xz", "yz") for row in rows)
        ]
    )
    spreads, weights = np.array([numbers(row, "spread_mm", "weight") for row in rows]).T
    return Shapes(places_of(rows, "region"), covariances, spreads, weights)


def border_of(row: dict[str, str]) -> BorderRow:
    """One row of borders.csv."""
    if row["side"] not in ("above", "below") or row["along"] not in DIRECTIONS:
        raise ImpossibleRequest(f"atlas/borders.csv: {row['side']} along {row['along']}; above or below, along {DIRECTIONS}")
    return BorderRow(
        row["station"], row["along"], row["side"] == "above", row["landmark"], *numbers(row, "offset_mm", "spread_mm")
    )


def check_names(regions, landmarks: Places, shape_rows, station_rows, borders, where: str) -> None:
    """Every name a table uses is known, and every station has its row."""
    known = {name for _, name, _ in regions}
    for row in shape_rows:
        if row["region"] not in known:
            raise ImpossibleRequest(f"{where}/shapes.csv: {row['region']} is no region of regions.csv")
    if tuple(row["station"] for row in station_rows) != STATIONS:
        raise ImpossibleRequest(f"{where}/stations.csv: the stations must be {', '.join(STATIONS)}, in this order")
    for border in borders:
        if border.landmark not in landmarks.names or border.station not in STATIONS:
            raise ImpossibleRequest(f"{where}/borders.csv: no such station or landmark: {border.station}, {border.landmark}")


def numbers(row: dict[str, str], *keys: str) -> tuple[float, ...]:
    """Cells as floats."""
    return tuple(float(row[key]) for key in keys)
