"""CT and a told sheet in, the sheet that the image shows out, and how much more it shows there than anywhere else.

A fissure is a thin bright plate in dark lung. Along the normal of the told sheet, at many of its points, the plate's likeness is
measured on small discs that lie in the sheet: a vessel crosses a disc, a fissure fills it. The smooth sheet that most of the
spots agree on is found by expectation-maximisation with a shrinking spread, held by the atlas. The same spots, patch by patch
moved along the normal, show how much agreement chance alone reaches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records import PatientFrame, Volume

LATTICE_MM = 6.0
ALONG_MM = 1.0
RINGS_MM = ((3.5, 6), (7.0, 8))
LUNG_HU = (-1000.0, -400.0)  # brighter is vessel or tumour, and counts no more than this
SEEN_SHARE, BRIGHT_SHARE = 0.4, 0.85  # of a disc, from the dark side: what makes the profile, and what shows a vessel
VESSEL_HU, EVEN_HU = -600.0, 150.0  # a vessel is bright in part of a disc only
STRONGEST = 5.0  # noise units beyond which a spot tells no more: it may be a vessel
EDGE_WEIGHT = 0.6  # vessels and scars make edges, too
PATCH_MM, SCRAMBLES = 20.0, 8
SPREADS_MM = (14.0, 10.0, 7.0, 5.0, 3.5)
LEAST_COLUMNS = 40
SLOPE_SD, CURVE_SD = 0.07, 0.07  # how far slopes and curves differ between patients, as shares of the lung's height
MIDDLE = 0.5  # u, v about which they do
MARGIN_MM = 9.0  # from the ends of the scan, where discs would leave it


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet as in Fissures: six coefficients (mm) over u, v; centre and scale (2) of u, v in mm; sd of its height in mm."""

    coefficients: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    sd_mm: float

    def height(self, xy: np.ndarray) -> np.ndarray:
        """z (n) over x, y (n, 2)."""
        return terms(self.uv(xy)) @ self.coefficients

    def uv(self, xy: np.ndarray) -> np.ndarray:
        """u, v (n, 2) of x, y."""
        return (xy - self.centre) / self.scale

    def normals(self, xy: np.ndarray) -> np.ndarray:
        """Unit normals (n, 3), upwards."""
        u, v = self.uv(xy).T
        _, au, av, auu, auv, avv = self.coefficients
        slope = np.stack([(au + 2 * auu * u + auv * v) / self.scale[0], (av + auv * u + 2 * avv * v) / self.scale[1]], axis=1)
        normal = np.concatenate([-slope, np.ones((len(slope), 1))], axis=1)
        return normal / np.linalg.norm(normal, axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Agreement:
    """A sheet that spots agree on: its coefficients, and the share of columns that hold a spot of it."""

    coefficients: np.ndarray
    share: float


def terms(uv: np.ndarray) -> np.ndarray:
    """(n, 6): 1, u, v, u2, uv, v2."""
    u, v = uv.T
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def search_sheet(
    told: Sheet, ct: Volume, air: np.ndarray, box: tuple[np.ndarray, np.ndarray], frame: PatientFrame, floor: Sheet | None = None
) -> tuple[Agreement, np.ndarray] | None:
    """What spots agree on, and the shares of scrambled ones; None where the lung holds too little of the told sheet.

    air   uint8 on the CT's grid, 1 in the lung whose fissure it is
    box   lowest and highest x, y, z of that lung in the frame
    floor a sheet below which this one does not go
    """
    xy = lattice(box)
    foot = np.column_stack([xy, told.height(xy)])
    normals = told.normals(xy)
    reach = min(40.0, 2.2 * told.sd_mm * float(np.median(normals[:, 2])))
    steps = np.arange(-reach, reach + 0.5 * ALONG_MM, ALONG_MM)
    points = foot[:, None] + steps[:, None] * normals[:, None]
    inside = in_mask(air, ct, frame.to_mm(points))
    if floor is not None:
        inside &= points[..., 2] > floor.height(points[..., :2].reshape(-1, 2)).reshape(inside.shape)
    column = inside.mean(axis=1) > 0.3
    if column.sum() < LEAST_COLUMNS:
        return None
    points, normals, inside = points[column], normals[column], inside[column]
    profile, bright = disc_profiles(ct, points, normals, frame)
    width = plate_half_width(ct, frame, normals)
    strength = spots(profile, inside & ((bright < VESSEL_HU) | (bright - profile < EVEN_HU)), width)
    height = box[1][2] - box[0][2]
    found = agree(told, points, normals[:, 2], strength, height, reach)
    chance = (scrambled(strength, xy[column], seed) for seed in range(SCRAMBLES))
    return found, np.array([agree(told, points, normals[:, 2], spot, height, reach).share for spot in chance])


def lattice(box) -> np.ndarray:
    """x, y (n, 2) over a lung's box."""
    low, high = box
    x, y = (np.arange(low[k] + 0.5 * LATTICE_MM, high[k], LATTICE_MM) for k in (0, 1))
    return np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)


def in_mask(mask: np.ndarray, ct: Volume, points_mm: np.ndarray) -> np.ndarray:
    """bool (...): whether LPS points (..., 3) lie in a mask on the CT's grid, well inside the scan."""
    index = np.rint(ct.grid.to_index(points_mm)).astype(int)
    margin = np.ceil(MARGIN_MM / np.asarray(ct.grid.spacing_mm))
    held = np.all((index >= margin) & (index < ct.grid.shape - margin), axis=-1)
    index = np.where(held[..., None], index, 0)
    return held & (mask[tuple(np.moveaxis(index, -1, 0))] > 0)


def disc_profiles(ct: Volume, points: np.ndarray, normals: np.ndarray, frame: PatientFrame) -> tuple[np.ndarray, np.ndarray]:
    """HU (columns, steps) that most of a disc across each normal reaches, and that only its brightest part does."""
    from ..kernels.sample import sample_linear

    first = np.cross(normals, [1.0, 0.0, 0.0])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(normals, first)
    offsets = [np.zeros_like(normals)]
    for radius, count in RINGS_MM:
        for turn in np.arange(count) * 2 * np.pi / count:
            offsets.append(radius * (np.cos(turn) * first + np.sin(turn) * second))
    hu = np.empty((len(offsets), *points.shape[:2]), np.float32)
    for k, offset in enumerate(offsets):
        index = ct.grid.to_index(frame.to_mm(points + offset[:, None]))
        hu[k] = sample_linear(ct.values, index.reshape(-1, 3)).reshape(points.shape[:2])
    np.clip(hu, *LUNG_HU, out=hu)
    low, high = (int(share * (len(offsets) - 1)) for share in (SEEN_SHARE, BRIGHT_SHARE))
    hu.partition((low, high), axis=0)
    return hu[low], hu[high]


def plate_half_width(ct: Volume, frame: PatientFrame, normals: np.ndarray) -> int:
    """Steps from the middle of a plate to where it has ended: 3 mm, or as thick as slices blur it."""
    slices = np.asarray(ct.grid.axes)[:, 2] @ frame.axes.T
    blur = ct.grid.spacing_mm[0] * float(np.median(np.abs(normals @ slices)))
    return int(np.ceil(max(3.0, blur) / ALONG_MM))


def spots(profile: np.ndarray, inside: np.ndarray, width: int) -> np.ndarray:
    """Likelihood ratio (columns, steps) of a fissure at the tops of plates and edges, 0 where there is no top.

    A plate rises above both of its sides. Where two lobes hold different amounts of air, the border is an edge instead.
    """
    smooth = mean_along(profile, 1)
    below, above = shifted(smooth, width), shifted(smooth, -width)
    rise = smooth - np.maximum(below, above)
    edge = np.abs(shifted(mean_along(profile, 2), width) - shifted(mean_along(profile, 2), -width))
    strength = np.maximum(in_noise_units(rise, inside), EDGE_WEIGHT * in_noise_units(edge, inside))
    top = np.ones_like(inside)
    top[:, 1:] &= strength[:, 1:] >= strength[:, :-1]
    top[:, :-1] &= strength[:, :-1] > strength[:, 1:]
    whole = inside & shifted(inside, width) & shifted(inside, -width)
    return np.where(top & whole & (strength > 1.0), np.exp(np.minimum(strength, STRONGEST)), 0.0)


def mean_along(profile: np.ndarray, reach: int) -> np.ndarray:
    """Running mean over 2 reach + 1 steps."""
    return sum(shifted(profile, k) for k in range(-reach, reach + 1)) / (2 * reach + 1)


def shifted(values: np.ndarray, steps: int) -> np.ndarray:
    """values (columns, steps) looked up so many steps further along, the ends repeated."""
    index = np.clip(np.arange(values.shape[1]) + steps, 0, values.shape[1] - 1)
    return values[:, index]


def in_noise_units(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Values over their median, in robust standard deviations."""
    middle = np.median(values[inside])
    return (values - middle) / (1.4826 * np.median(np.abs(values[inside] - middle)) + 1e-3)


def scrambled(strength: np.ndarray, xy: np.ndarray, seed: int) -> np.ndarray:
    """Spots of each patch of columns moved along by another amount: what patches share by chance is left."""
    patch = np.unique(np.floor(xy / PATCH_MM).astype(int), axis=0, return_inverse=True)[1].ravel()
    shift = np.random.default_rng(seed).integers(0, strength.shape[1], patch.max() + 1)[patch]
    index = (np.arange(strength.shape[1]) + shift[:, None]) % strength.shape[1]
    return np.take_along_axis(strength, index, axis=1)


def agree(told: Sheet, points, upright, strength, height_mm: float, reach: float) -> Agreement:
    """The sheet that most spots agree on, from three starts across the atlas's spread.

    points     (columns, steps, 3) in the frame      upright   (columns) z of the unit normals
    strength   (columns, steps) of spots, 0 elsewhere
    """
    column, step = np.nonzero(strength)
    if not len(column):
        return Agreement(told.coefficients, 0.0)
    spot = (column, points[column, step], strength[column, step], upright, len(points), reach)
    prior = np.array([told.sd_mm, *[SLOPE_SD * height_mm] * 2, *[CURVE_SD * height_mm] * 3]) ** -2.0
    starts = (np.eye(6)[0] * shift * told.sd_mm for shift in (0.0, -1.2, 1.2))
    moved, share = max((climb(told, start, prior, *spot) for start in starts), key=lambda reached: reached[1])
    return Agreement(told.coefficients + about_corner(moved), share)


def climb(told: Sheet, start, prior, column, place, weight, upright, columns: int, reach: float) -> tuple[np.ndarray, float]:
    """Expectation-maximisation of one sheet among spots (n): how far (6) it moves about the middle, and the share it has.

    column, place, weight   of each spot: its column, point (n, 3) and likelihood ratio
    """
    design = terms(told.uv(place[:, :2]) - MIDDLE)
    above = place[:, 2] - told.height(place[:, :2])
    now, owner = start, np.zeros(len(weight))
    # a stray spot may lie anywhere along its column, and may be as strong as any
    stray = (np.bincount(column, weight, columns) / (2 * reach) + 1e-9)[column]
    upright = upright[column]
    for spread in SPREADS_MM:
        for _ in range(4):
            away = (above - design @ now) * upright
            likely = weight * np.exp(-0.5 * (away / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
            owner = likely / (np.bincount(column, likely, columns)[column] + stray)
            # neighbouring columns share their discs, so four of them tell about as much as one
            pull = 0.25 * owner * upright**2 / spread**2
            pulled = (design * pull[:, None]).T
            now = np.linalg.solve(np.diag(prior) + pulled @ design, pulled @ above)
    return now, float(np.bincount(column, owner, columns).mean())


def about_corner(moved: np.ndarray) -> np.ndarray:
    """Coefficients over u, v of a polynomial given over u - MIDDLE, v - MIDDLE."""
    c0, cu, cv, cuu, cuv, cvv = moved
    m = MIDDLE
    return np.array(
        [
            c0 - m * (cu + cv) + m * m * (cuu + cuv + cvv),
            cu - 2 * m * cuu - m * cuv, cv - 2 * m * cvv - m * cuv, cuu, cuv, cvv,
        ]
    )  # fmt: skip
