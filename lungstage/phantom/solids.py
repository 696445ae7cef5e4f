"""Numbers in, solids out: tissue-labelled shapes in the patient's frame, packed for the painter.

A solid is an ellipsoid, a (flat) tube, a cylinder, a bumpy ellipsoid ("blob") or the inside of a sampled field; any of them
may be clipped by a field. Frame: mm, x to the left, y to the back, z to the head, origin at the carina.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .distance import (
    AXES,
    BLOB,
    BUMP_COUNT,
    BUMP_FIRST,
    CENTRE,
    CLIP,
    CLIP_OFFSET,
    COLUMNS,
    CYLINDER,
    ELLIPSOID,
    END,
    EXPONENT,
    FAR_MM,
    FIELD,
    HIDDEN,
    HIDDEN_OFFSET,
    KIND,
    OFFSET,
    RADII,
    SOFT,
    TUBE,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Solids:
    """An ordered list of solids; later ones are painted over earlier ones.

    tissue       (n) names of priors/phantom/tissues.csv, or of a tissue the patient alone has
    rows         (n, COLUMNS) shapes
    low, high    (n, 3) mm, box around each in the frame
    bumps        (b, 5) unit direction, height as a share of the radius, sharpness; BUMP_FIRST of a row points here
    """

    tissue: tuple[str, ...]
    rows: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bumps: np.ndarray = field(default_factory=lambda: np.zeros((0, 5)))

    def __len__(self):
        return len(self.tissue)

    def of(self, *tissues: str) -> Solids:
        """Those of some tissues."""
        return self.keep(np.array([name in tissues for name in self.tissue], bool))

    def keep(self, chosen: np.ndarray) -> Solids:
        """Those where `chosen` (n) is true; bumps stay as they are."""
        names = tuple(name for name, kept in zip(self.tissue, chosen, strict=True) if kept)
        return Solids(names, self.rows[chosen], self.low[chosen], self.high[chosen], self.bumps)

    def clipped(self, where: int, offset_mm: float = 0.0) -> Solids:
        """The same, cut down to where a field lies below `offset_mm`."""
        rows = self.rows.copy()
        rows[:, CLIP], rows[:, CLIP_OFFSET] = where, offset_mm
        return replace(self, rows=rows)

    def hidden(self, where: int, offset_mm: float) -> Solids:
        """The same, not painted where a field lies below `offset_mm` because something later covers it (saves time only)."""
        rows = self.rows.copy()
        rows[:, HIDDEN], rows[:, HIDDEN_OFFSET] = where, offset_mm
        return replace(self, rows=rows)

    def softened(self, edge_mm: float) -> Solids:
        """The same with edges that fade over `edge_mm`."""
        rows = self.rows.copy()
        rows[:, SOFT] = edge_mm
        return replace(self, rows=rows)

    def swollen(self, by_mm: float) -> Solids:
        """The same with every radius larger by `by_mm` (walls around lumina, margins around vessels)."""
        rows = self.rows.copy()
        tube = rows[:, KIND] == TUBE
        rows[tube, RADII : RADII + 2] += by_mm
        other = ~tube & (rows[:, KIND] != FIELD)
        rows[other, RADII : RADII + 3] = np.maximum(rows[other, RADII : RADII + 3] + by_mm, 0.1)
        return replace(self, rows=rows, low=self.low - by_mm, high=self.high + by_mm)

    def named(self, tissue: str) -> Solids:
        """The same shapes of another tissue."""
        return replace(self, tissue=(tissue,) * len(self))


def join(*parts: Solids) -> Solids:
    """All solids of the parts, in that order."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return Solids((), np.zeros((0, COLUMNS)), np.zeros((0, 3)), np.zeros((0, 3)))
    rows, bumps, seen = [], [], 0
    for part in parts:
        moved = part.rows.copy()
        moved[:, BUMP_FIRST] += seen
        rows.append(moved)
        bumps.append(part.bumps)
        seen += len(part.bumps)
    return Solids(
        sum((part.tissue for part in parts), ()), np.concatenate(rows), np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]), np.concatenate(bumps),
    )  # fmt: skip


def tubes(tissue: str, starts, ends, start_radius_mm, end_radius_mm=None, flat: float = 1.0, normals=None) -> Solids:
    """Round or flat tubes with round ends.

    starts, ends   (n, 3) mm;   start_radius_mm, end_radius_mm   (n) or one number (the half width where flat)
    flat           half thickness along `normals` (n, 3) as a share of the half width
    """
    starts, ends = np.atleast_2d(np.asarray(starts, float)), np.atleast_2d(np.asarray(ends, float))
    first = np.broadcast_to(np.asarray(start_radius_mm, float), len(starts))
    last = first if end_radius_mm is None else np.broadcast_to(np.asarray(end_radius_mm, float), len(starts))
    rows = blank_rows(len(starts), TUBE)
    rows[:, CENTRE : CENTRE + 3], rows[:, END : END + 3] = starts, ends
    rows[:, RADII], rows[:, RADII + 1], rows[:, RADII + 2] = first, last, flat
    if normals is not None:
        normals = np.broadcast_to(np.asarray(normals, float), starts.shape)
        rows[:, AXES : AXES + 3] = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    reach = np.maximum(first, last)[:, None]
    if normals is not None:  # a flat tube reaches less far along its normal
        along = np.abs(rows[:, AXES : AXES + 3])
        reach = reach * (np.sqrt(np.maximum(1 - along**2, 0)) + flat * along)
    return Solids((tissue,) * len(starts), rows, np.minimum(starts, ends) - reach, np.maximum(starts, ends) + reach)


def path(tissue: str, points, radii_mm, flat: float = 1.0, normals=None) -> Solids:
    """A chain of tubes through points (n, 3) with radii (n) or one number; normals (n, 3) or one."""
    points = np.asarray(points, float)
    radii = np.broadcast_to(np.asarray(radii_mm, float), len(points))
    if normals is not None:
        normals = np.broadcast_to(np.asarray(normals, float), points.shape)[:-1]
    return tubes(tissue, points[:-1], points[1:], radii[:-1], radii[1:], flat, normals)


def ellipsoid(tissue: str, centre, radii, axes=None, exponent: float = 2.0) -> Solids:
    """One ellipsoid; axes: 3x3, rows are its own axes; exponent above 2 makes it boxy."""
    return oriented(ELLIPSOID, tissue, centre, radii, axes, exponent)


def cylinder(tissue: str, centre, radii, axes=None) -> Solids:
    """One flat-ended elliptic cylinder: half widths along its first two axes, half height along the third."""
    return oriented(CYLINDER, tissue, centre, radii, axes, 2.0)


def blob(tissue: str, centre, radii, bumps, axes=None) -> Solids:
    """One ellipsoid whose radius is raised by `bumps` (b, 5)."""
    made = oriented(BLOB, tissue, centre, radii, axes, 2.0)
    bumps = np.asarray(bumps, float).reshape(-1, 5)
    made.rows[:, BUMP_COUNT] = len(bumps)
    reach = max(radii) * (1.0 + min(np.clip(bumps[:, 3], 0, None).sum(), 0.5))  # bumps overlap little
    centre = np.asarray(centre, float)
    return replace(made, bumps=bumps, low=(centre - reach)[None], high=(centre + reach)[None])


def inside(tissue: str, where: int, offset_mm: float = 0.0) -> Solids:
    """All points where a field lies below `offset_mm`."""
    rows = blank_rows(1, FIELD)
    rows[:, EXPONENT], rows[:, OFFSET] = where, offset_mm
    far = np.full((1, 3), FAR_MM * 1e3)
    return Solids((tissue,), rows, -far, far)


def sheet(tissue: str, where: int, thickness_mm: float, offset_mm: float = 0.0) -> Solids:
    """The thin sheet where a field has the value `offset_mm`."""
    made = inside(tissue, where, offset_mm)
    made.rows[:, RADII] = thickness_mm / 2
    return made


def oriented(kind: int, tissue: str, centre, radii, axes, exponent: float) -> Solids:
    """One solid with axes of its own."""
    axes = np.eye(3) if axes is None else np.asarray(axes, float)
    centre, radii = np.asarray(centre, float), np.asarray(radii, float)
    rows = blank_rows(1, kind)
    rows[:, CENTRE : CENTRE + 3], rows[:, AXES : AXES + 9] = centre, axes.ravel()
    rows[:, RADII : RADII + 3], rows[:, EXPONENT] = radii, exponent
    # half width of the box: of an ellipsoid the norm, of anything boxier the sum
    spans = np.abs(axes.T * radii)
    half = np.linalg.norm(spans, axis=1) if kind == ELLIPSOID and exponent == 2.0 else spans.sum(axis=1)
    return Solids((tissue,), rows, (centre - half)[None], (centre + half)[None])


def blank_rows(count: int, kind: int) -> np.ndarray:
    """Rows of one kind without clip."""
    rows = np.zeros((count, COLUMNS))
    rows[:, KIND], rows[:, CLIP], rows[:, HIDDEN] = kind, -1, -1
    return rows


def turned(x_deg: float = 0.0, y_deg: float = 0.0, z_deg: float = 0.0) -> np.ndarray:
    """3x3 rotation, about x, then y, then z; its rows serve as the axes of a solid turned the other way."""
    cx, cy, cz = np.cos(np.deg2rad([x_deg, y_deg, z_deg]))
    sx, sy, sz = np.sin(np.deg2rad([x_deg, y_deg, z_deg]))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def axes_along(direction) -> np.ndarray:
    """3x3 axes whose first row points along a direction."""
    first = np.asarray(direction, float) / np.linalg.norm(direction)
    other = np.array([0.0, 0.0, 1.0]) if abs(first[2]) < 0.9 else np.array([0.0, 1.0, 0.0])
    second = np.cross(other, first)
    second /= np.linalg.norm(second)
    return np.array([first, second, np.cross(first, second)])
