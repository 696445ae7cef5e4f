"""What a lesion of the phantom is: its shape and what is painted for it, with what is known of it before any scanner."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .physiology import Worth
from .solids import Solids, blob, ellipsoid, tubes


@dataclass(frozen=True, eq=False)
class Lesion:
    """One lesion, malignant or not.

    kind       a KIND of the records
    shape      what counts as the lesion: its mask and sizes
    solid      the solid part of a subsolid lesion (None: all of it)
    painted    what is drawn for it, in order
    under      drawn before mediastinum and organs, which then stand out of it (nodes between vessels)
    worths     tissue of `painted` -> Worth
    invades    STRUCTURES it grows into by design
    density    solid, part_solid, ground_glass, cavitating
    """

    name: str
    kind: str
    malignant: bool
    shape: Solids
    painted: Solids
    worths: dict[str, Worth]
    solid: Solids | None = None
    under: bool = False
    side: str | None = None
    lobe: str | None = None
    station: str | None = None
    organ: str | None = None
    role: str = "benign"
    density: str = "solid"
    invades: tuple[str, ...] = field(default=())


def random_axes(rng: np.random.Generator) -> np.ndarray:
    """A random rotation (3, 3)."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def lumpy(tissue: str, centre, longest_mm: float, rng: np.random.Generator, lumps: int = 11, height: float = 0.17) -> Solids:
    """A tumour-like bumpy ellipsoid whose longest diameter is about `longest_mm`."""
    ratios = np.array([1.0, np.clip(rng.normal(0.84, 0.08), 0.65, 1), np.clip(rng.normal(0.76, 0.09), 0.55, 0.95)])
    directions = rng.normal(size=(lumps, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    bumps = np.column_stack([directions, rng.uniform(-0.6, 1.0, lumps) * height, rng.uniform(5, 16, lumps)])
    return blob(tissue, centre, ratios * longest_mm / 2, bumps, random_axes(rng))


def egg(tissue: str, centre, short_mm: float, ratio: float, rng: np.random.Generator, upright: float = 0.7) -> Solids:
    """A node-like ellipsoid: two short axes, one `ratio` times longer, mostly along the body."""
    if rng.random() < upright:
        tilt = rng.normal(0, 0.25, 2)
        long_axis = np.array([tilt[0], tilt[1], 1.0])
    else:
        long_axis = rng.normal(size=3)
    from .solids import axes_along

    radii = np.array([ratio * short_mm, short_mm, short_mm * rng.uniform(1.0, 1.12)]) / 2
    return ellipsoid(tissue, centre, radii, axes_along(long_axis))


def spikes(tissue: str, centre, longest_mm: float, count: int, rng: np.random.Generator) -> Solids:
    """Fine strands that radiate from a lesion's surface."""
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    centre = np.asarray(centre, float)
    start = centre + directions * longest_mm * 0.30
    end = centre + directions * (longest_mm * 0.45 + rng.uniform(3.0, 9.0, (count, 1)))
    end += rng.normal(0, 1.0, end.shape)
    return tubes(tissue, start, end, rng.uniform(1.3, 2.4, count), 0.35)


def resized(shape: Solids, factor: float) -> Solids:
    """A single blob or ellipsoid with its radii multiplied."""
    from dataclasses import replace

    from .distance import RADII

    rows = shape.rows.copy()
    rows[:, RADII : RADII + 3] *= factor
    middle = (shape.low + shape.high) / 2
    return replace(shape, rows=rows, low=middle + (shape.low - middle) * factor, high=middle + (shape.high - middle) * factor)
