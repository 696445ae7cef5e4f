"""An anatomy and a wish for a place in, a point out: in a lobe, beside a structure, at a station, in an organ."""

from __future__ import annotations

import numpy as np

from ..records.names import LOBES
from .anatomy import Anatomy
from .fields import FIELD
from .measure import union_distance
from .solids import Solids, join

TRIES = 400


class NoRoomError(Exception):
    """A lobe that is asked for a place is not there any more."""


def lobe_points(anatomy: Anatomy, lobe: str, rng: np.random.Generator, deep_mm: float, count: int = TRIES) -> np.ndarray:
    """Points (n, 3) of a lobe at least `deep_mm` from its surface (or as deep as it goes), inside the scan, in random order."""
    fields = anatomy.fields
    values = fields.values[FIELD[lobe]]
    z = fields.origin_mm[2] + fields.step_mm * np.arange(values.shape[0])
    if not (values < 0).any():
        raise NoRoomError(lobe)
    seen = (z > anatomy.range_mm[0] + 20) & (z < anatomy.range_mm[1] - 10)
    values = np.where(seen[:, None, None], values, 1e3)
    limit = max(-deep_mm, np.quantile(values[values < 0], 0.05)) if (values < 0).any() else 0.0
    index = np.argwhere(values <= limit)
    chosen = index[rng.permutation(len(index))[:count]]
    return chosen[:, ::-1] * fields.step_mm + fields.origin_mm


def apart_from(points: np.ndarray, others: list[Solids], anatomy: Anatomy, gap_mm: float) -> np.ndarray:
    """Those of the points that keep `gap_mm` from other lesions (all of them where none does)."""
    others = [one for one in others if len(one)]
    if not others or not len(points):
        return points
    free = union_distance(points, join(*others), anatomy.fields) > gap_mm
    return points[free] if free.any() else points


def in_lobe(anatomy: Anatomy, lobe: str, size_mm: float, others: list[Solids], rng: np.random.Generator) -> np.ndarray:
    """A point where a lesion of that size lies inside the lobe, clear of its surface where the lobe allows."""
    points = apart_from(lobe_points(anatomy, lobe, rng, size_mm / 2 + 3.5), others, anatomy, size_mm / 2 + 6)
    if size_mm < 40:  # away from the large hilar vessels, where a small tumour could not be told from them
        clear = union_distance(points, anatomy.structures["great_vessel"], anatomy.fields) > size_mm / 2 + 8
        points = points[clear] if clear.any() else points
    return points[0]


def beside(anatomy: Anatomy, lobe: str, distance, size_mm: float, depth, others: list[Solids], rng: np.random.Generator,
           extra=None) -> np.ndarray:  # fmt: skip
    """A point of the lobe whose `distance(points)` to a structure, as a share of the size, is within `depth`.

    extra   a function of points (n, 3), the larger the better, to choose among them
    """
    points = apart_from(lobe_points(anatomy, lobe, rng, 3.0, 6 * TRIES), others, anatomy, size_mm / 2)
    away = distance(points) / size_mm
    low, high = depth
    fits = (away >= low) & (away <= high)
    points = points[fits] if fits.any() else points[np.argsort(np.abs(away - (low + high) / 2))[:5]]
    return points[0] if extra is None else points[np.argmax(extra(points))]


def other_lobes(lobe: str) -> tuple[list[str], list[str]]:
    """Other lobes of the same side, and lobes of the other side."""
    side = lobe.split("_")[0]
    return [one for one in LOBES if one.startswith(side) and one != lobe], [one for one in LOBES if not one.startswith(side)]


def at_station(anatomy: Anatomy, centre, spread, size_mm: float, others: list[Solids], rng: np.random.Generator) -> np.ndarray:
    """The point near a station's centre that is clearest of vessels, airways and other nodes."""
    size = anatomy.person.size
    points = anatomy.person.place(centre) + rng.normal(size=(80, 3)) * np.asarray(spread) * 0.75 * size
    solid = join(*(anatomy.structures[name] for name in ("great_vessel", "airway", "oesophagus", "heart")), *others)
    clear = np.minimum(union_distance(points, solid, anatomy.fields), size_mm / 2)
    # a little pull to the middle, so that a station's node is that station's
    off = np.linalg.norm((points - anatomy.person.place(centre)) / (np.asarray(spread) * size), axis=1)
    return points[np.argmax(clear - 0.8 * off)]
