"""Blocks of rib in, single ribs out: the cage is unrolled, and each rib followed from the spine round to the front.

Seen from a line in front of the spine, every block of rib has an angle, 0 at the back and 180 in front, and a height. Drawn
over angle and height the ribs of one side are slanted bands that never cross, half a rib's height apart where they are nearest,
also where two of them touch in the blocks. A band is followed through its peaks of height from angle to angle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .coarse import Coarse
from .parameters import SkeletonAnatomy
from .pieces import places_in
from .spine import Canal, from_canal_mm, smooth_along

ORIGIN_AHEAD_MM = 50.0  # of the canal: inside the cage at every height, and near enough that the neck of a rib is aside of it
STEP_DEG = 3.0  # at the wall of a chest, two blocks
BEHIND_DEG, FRONT_DEG = 18.0, 168.0  # nearer the spine lie heads and transverse processes, further in front the sternum
SMOOTH_MM = 5.0  # a rib's upper and lower edge, dense both, make one band
SMOOTH_FLAT_MM = 2.8  # the first two ribs are flat, and nearer to each other
FIRST_TWO_MM = 10.0  # below the lungs' tops the third rib begins
FAINT_SHARE = 0.2  # of what a rib usually gathers at an angle
FALLS = np.arange(0.0, 1.7, 0.2)  # mm per degree by which the highest rib sinks at the side,
GROWTHS = np.arange(0.0, 0.0125, 0.002)  # and by how much more the others do, per mm that their heads lie lower
FLOW_LAGS = (1, 3, 6)  # steps of angle
THICK = 3.0  # blocks: what is thicker is no rib, and counts no more
SURE_DEG = 110.0  # further in front ribs turn up to the sternum
PITCH_SMOOTH_MM = 12.0  # half of the way from rib to rib: what is smoothed so knows no ribs
OFF_MM = 7.0  # a rib bends no more than this from angle to angle
LOST_DEG = 15.0  # where a rib is thinner than noise it may be lost for this long
JOINED_DEG, JOINED_MM = 30.0, 6.0  # what goes on further off may be the next rib
LEAST_DEG = 24.0  # what is shorter is no rib; the twelfth is about twice as long
LATEST_START_DEG = 45.0  # a rib comes from behind, a clavicle does not
BESIDE_TRACE_MM = 12.0  # half a rib's height and its slant through a block


@dataclass(frozen=True)
class Flow:
    """How the ribs of a cage sink towards the front: nearly level behind, steepest at the side, the lower ribs more.

    fall       mm per degree at the side, of a rib whose head lies at `top_mm`
    growth     per mm that a head lies lower
    top_mm     above the lowest slice
    """

    fall: float
    growth: float
    top_mm: float

    def head(self, height, angle):
        """Height of the head of the rib that has this height at an angle, mm."""
        way = way_deg(angle)
        return (height + (self.fall + self.growth * self.top_mm) * way) / (1 + self.growth * way)

    def height(self, head, angle):
        """Height at an angle of the rib with this head, mm."""
        return head - (self.fall + self.growth * (self.top_mm - head)) * way_deg(angle)


def way_deg(angle):
    """The integral of sin over the angle, from the back to the side; straight on beyond."""
    angle = np.asarray(angle, float)
    return np.degrees(1 - np.cos(np.radians(np.minimum(angle, 90.0)))) + np.maximum(angle - 90.0, 0.0)


@dataclass(frozen=True, eq=False)
class Trace:
    """One rib along the unrolled cage.

    side       1 right, 2 left
    angles     float (n), degrees from the back, rising
    heads      float (n), mm above the lowest slice of the scan: of its head, as its height at each angle tells
    flow       how ribs run here
    """

    side: int
    angles: np.ndarray
    heads: np.ndarray
    flow: Flow

    def at(self, angle) -> np.ndarray:
        """Height in mm at an angle; carried on as ribs run here before the beginning and beyond the end."""
        return self.flow.height(np.interp(angle, self.angles, self.heads), angle)


@dataclass(frozen=True, eq=False)
class Unrolled:
    """Blocks of rib seen from the line in front of the spine.

    index     int (n, 3), z, y, x of each block
    side      int (n), 1 right, 2 left
    angle     float (n), degrees from the back
    height    float (n), mm above the lowest slice
    radius    float (n), mm from the line
    """

    index: np.ndarray
    side: np.ndarray
    angle: np.ndarray
    height: np.ndarray
    radius: np.ndarray


def unroll(mask: np.ndarray, coarse: Coarse, canal: Canal) -> Unrolled:
    """Angle and height of every block of a mask."""
    centres = canal_through(canal, coarse)
    behind, beside = from_canal_mm(coarse, centres)
    index = places_in(mask)
    z, y, x = index.T
    across, back = beside[z, 0, x], behind[z, y, 0] + ORIGIN_AHEAD_MM
    angle = np.degrees(np.arctan2(np.abs(across), back))
    return Unrolled(index, np.where(across < 0, 1, 2), angle, z * coarse.spacing_mm[0], np.hypot(across, back))


def canal_through(canal: Canal, coarse: Coarse) -> np.ndarray:
    """Centres (z, 2) of the canal, smooth, through the slices where it is not seen as well."""
    seen = np.flatnonzero(canal.seen)
    rows = np.arange(len(canal.seen))
    whole = [np.interp(rows, seen, canal.centres[seen, k]) for k in (0, 1)]
    return np.stack([smooth_along(line, 8.0 / coarse.spacing_mm[0]) for line in whole], axis=1)


def trace_ribs(blocks: Unrolled, slices: int, step_mm: float, lung_top_mm: float | None, anatomy: SkeletonAnatomy) -> list[Trace]:
    """The ribs of both sides, each from the head down; slices and their step in mm are those of the scan, as is the height of the
    lungs' tops, None where it ends below them."""
    lowest_mm = -np.inf if lung_top_mm is None else lung_top_mm - anatomy.ribs_below_lung_tops_mm
    flow = find_flow(blocks, slices, step_mm, lowest_mm)
    first_two_mm = np.inf if lung_top_mm is None else lung_top_mm - FIRST_TWO_MM
    bands = ((side, bands_of(blocks, side, flow, slices, step_mm, first_two_mm)) for side in (1, 2))
    return [trace for side, rows in bands for trace in trace_side(rows, side, flow, step_mm, anatomy.rib_heads_apart_mm)]


def find_flow(blocks: Unrolled, slices: int, step_mm: float, lowest_mm: float) -> Flow:
    """The flow along which the bands of neighbouring angles are most alike.

    What lies below `lowest_mm` is hip, not rib. Neighbours lie up to 18 degrees apart: over more, the next rib may lie where this
    one would with another flow.
    """
    top_mm = slices * step_mm
    bands = [gathered(blocks, side, blocks.height / step_mm, slices + 1) for side in (1, 2)]
    rib_high = np.arange(bands[0].shape[1]) * step_mm > lowest_mm
    bands = [contrast(np.minimum(band, THICK) * rib_high, step_mm) for band in bands]
    likeness = likeness_of_flows(bands, step_mm)
    coarse = [Flow(float(fall), float(growth), top_mm) for fall in FALLS for growth in GROWTHS]
    best = max(coarse, key=likeness)
    near = [
        Flow(best.fall + fall, best.growth + growth, top_mm)
        for fall in (-FALLS[1] / 2, 0.0, FALLS[1] / 2) for growth in (-GROWTHS[1] / 2, 0.0, GROWTHS[1] / 2)
    ]  # fmt: skip
    return max(near, key=likeness)


def contrast(bands: np.ndarray, step_mm: float) -> np.ndarray:
    """The bands of the angles up to `SURE_DEG` without what is dense at every height."""
    from scipy import ndimage

    bands = bands[: int((SURE_DEG - BEHIND_DEG) / STEP_DEG)]
    ribs, cage = (ndimage.gaussian_filter(bands, (0.8, sigma / step_mm)) for sigma in (SMOOTH_MM, PITCH_SMOOTH_MM))
    return ribs - cage


def likeness_of_flows(bands: list[np.ndarray], step_mm: float) -> Callable[[Flow], float]:
    """How alike the bands are along a flow: the sum of products of each with those at angles before it, where the flow leads.

    bands   of each side float32 (angles, heights)
    """
    angles = BEHIND_DEG + STEP_DEG * (np.arange(len(bands[0])) + 0.5)
    count = bands[0].shape[1]
    rows = np.arange(count, dtype=np.float32)
    # a band between two heights is `low + part * rise`; a nothing at both ends stands for what lies beyond
    low = [np.pad(band[:, :-1], ((0, 0), (1, 1))) for band in bands]
    rise = [np.pad(np.diff(band), ((0, 0), (1, 1))) for band in bands]

    def likeness(flow: Flow) -> float:
        total = 0.0
        start, end = (flow.head(height, angles) for height in (0.0, step_mm))  # of the lowest row and the next
        for lag in FLOW_LAGS:
            # straight in the row: the first one, and how much each adds
            first, second = (flow.height(head[:-lag], angles[lag:])[:, None] / step_mm for head in (start, end))
            row = (second - first).astype(np.float32) * rows + first.astype(np.float32)
            np.clip(row, -1, count - 1, out=row)
            below = np.floor(row)
            row -= below
            place = below.astype(np.intp)
            place += 1 + (count + 1) * np.arange(lag, len(angles))[:, None]
            for band, lower, more in zip(bands, low, rise):
                ahead = more.take(place)
                ahead *= row
                ahead += lower.take(place)
                total += float(np.vdot(band[:-lag], ahead))
        return total

    return likeness


def gathered(blocks: Unrolled, side: int, row: np.ndarray, rows: int) -> np.ndarray:
    """float32 (angles, rows): how many blocks of one side lie at an angle and a row, float (n), shared by the two nearest."""
    mine = (blocks.side == side) & (blocks.angle >= BEHIND_DEG) & (blocks.angle < FRONT_DEG)
    bins = int(round((FRONT_DEG - BEHIND_DEG) / STEP_DEG))
    column = np.minimum(((blocks.angle[mine] - BEHIND_DEG) / STEP_DEG).astype(int), bins - 1)
    low = np.clip(np.floor(row[mine]).astype(int), 0, rows - 2)
    part, place = row[mine] - low, column * rows + low
    # `np.bincount`, for `np.add.at` takes three times as long
    counts = np.bincount(place, 1.0 - part, bins * rows) + np.bincount(place + 1, part, bins * rows)
    return counts.reshape(bins, rows).astype(np.float32)


def bands_of(blocks: Unrolled, side: int, flow: Flow, slices: int, step_mm: float, first_two_mm: float) -> np.ndarray:
    """float32 (angles, heights): blocks of one side as heights of heads, so that a rib is a level band.

    first_two_mm   heads above this are those of the first two ribs, which lie flat and near to each other
    """
    from scipy import ndimage

    heads = flow.head(blocks.height, blocks.angle) / step_mm
    counts = gathered(blocks, side, heads, int(max(slices, heads.max(initial=0.0) + 2)))
    flat, upright = (ndimage.gaussian_filter(counts, (0.8, sigma / step_mm)) for sigma in (SMOOTH_FLAT_MM, SMOOTH_MM))
    return np.where(np.arange(counts.shape[1]) * step_mm > first_two_mm, flat, upright)


def trace_side(bands: np.ndarray, side: int, flow: Flow, step_mm: float, apart_mm: float) -> list[Trace]:
    """The ribs of one side, from its bands; they are never nearer in height than `apart_mm`."""
    peaks = [peaks_of(band, apart_mm / step_mm) for band in bands]
    strengths = np.concatenate([bands[k, at] for k, at in enumerate(peaks)])
    if not strengths.size:
        return []
    faint = FAINT_SHARE * np.percentile(strengths, 75)
    tracks = link_peaks([refined(bands[k], at[bands[k, at] > faint]) * step_mm for k, at in enumerate(peaks)])
    traces = [
        Trace(side, np.array([BEHIND_DEG + STEP_DEG * (k + 0.5) for k, _ in track]), np.array([z for _, z in track]), flow)
        for track in join_tracks(tracks)
    ]
    kept = [t for t in traces if t.angles[-1] - t.angles[0] >= LEAST_DEG and t.angles[0] <= LATEST_START_DEG]
    return sorted(kept, key=lambda t: -float(t.at(45.0)))


def peaks_of(band: np.ndarray, apart: float) -> np.ndarray:
    """Where the band is higher than beside it; of peaks nearer than `apart` the highest.

    That is `scipy.signal.find_peaks` with a distance, but for plateaus; its import takes longer than all of the bones.
    """
    padded = between_nothing(band)
    rises = padded[1:] > padded[:-1]
    falls = padded[1:] < padded[:-1]
    peaks = np.flatnonzero(rises[:-1] & falls[1:])
    if peaks.size < 2 or np.diff(peaks).min() >= apart:
        return peaks
    kept = np.ones(len(peaks), bool)
    for k in np.argsort(band[peaks])[::-1]:
        if kept[k]:
            kept &= (abs(peaks - peaks[k]) >= apart) | (peaks == peaks[k])
    return peaks[kept]


def between_nothing(band: np.ndarray) -> np.ndarray:
    """The band with a 0 before and after it (`np.pad` takes ten times as long)."""
    padded = np.zeros(len(band) + 2, band.dtype)
    padded[1:-1] = band
    return padded


def refined(band: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Peaks between the samples, by the parabola through each and its neighbours."""
    padded = between_nothing(band)
    low, top, high = padded[peaks], padded[peaks + 1], padded[peaks + 2]
    bend = low - 2 * top + high
    return peaks + np.where(bend < 0, 0.5 * (low - high) / np.where(bend < 0, bend, 1.0), 0.0)


def link_peaks(peaks: list[np.ndarray]) -> list[list[tuple[int, float]]]:
    """Tracks of (bin, height in mm) through the peaks of each bin."""
    from scipy.optimize import linear_sum_assignment

    done, live = [], []
    for k, heights in enumerate(peaks):
        lost = [track for track in live if (k - track[-1][0]) * STEP_DEG > LOST_DEG]
        done += lost
        live = [track for track in live if not any(track is gone for gone in lost)]
        free = set(range(len(heights)))
        if live and len(heights):
            expected = np.array([carried_on(track, k) for track in live])
            away = np.abs(expected[:, None] - heights)
            for row, column in zip(*linear_sum_assignment(np.minimum(away, 2 * OFF_MM))):
                if away[row, column] <= OFF_MM:
                    live[row].append((k, float(heights[column])))
                    free.discard(column)
        live += [[(k, float(heights[column]))] for column in sorted(free)]
    return done + live


def carried_on(track: list[tuple[int, float]], k: int) -> float:
    """Height where a track would go on in bin k: a band is level but for what it did over the last bins."""
    last, height = track[-1]
    recent = track[-6:]
    if len(recent) == 1:
        return height
    trust = len(recent) / (len(recent) + 6.0)
    # the slope of the straight line, of six numbers without an array
    middle = sum(at for at, _ in recent) / len(recent)
    slope = sum((at - middle) * z for at, z in recent) / sum((at - middle) ** 2 for at, _ in recent)
    return height + trust * slope * (k - last)


def join_tracks(tracks: list[list[tuple[int, float]]]) -> list[list[tuple[int, float]]]:
    """Tracks of which one goes on where another ended are one."""
    tracks = sorted((t for t in tracks if len(t) >= 3), key=lambda t: t[0][0])
    joined: list[list[tuple[int, float]]] = []
    for track in tracks:
        first, height = track[0]
        best, best_off = None, JOINED_MM
        for before in joined:
            gap = first - before[-1][0]
            if 0 < gap * STEP_DEG <= JOINED_DEG:
                off = abs(carried_on(before, first) - height)
                if off < best_off:
                    best, best_off = before, off
        if best is None:
            joined.append(list(track))
        else:
            best += track
    return joined


def assign(blocks: Unrolled, traces: list[Trace]) -> np.ndarray:
    """Index of the trace each block belongs to, int (n), -1 for none."""
    best, nearest = np.full(len(blocks.index), -1), np.full(len(blocks.index), BESIDE_TRACE_MM)
    of_side = {side: np.flatnonzero(blocks.side == side) for side in (1, 2)}
    angles = {side: blocks.angle[mine] for side, mine in of_side.items()}
    for k, trace in enumerate(traces):
        held = np.flatnonzero(angles[trace.side] <= trace.angles[-1] + 2 * STEP_DEG)
        where = of_side[trace.side][held]
        away = np.abs(blocks.height[where] - trace.at(angles[trace.side][held]))
        closer = away < nearest[where]
        best[where[closer]], nearest[where[closer]] = k, away[closer]
    return best
