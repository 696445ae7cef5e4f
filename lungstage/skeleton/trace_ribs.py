"""Blocks of rib in, single ribs out: the cage is unrolled, and each rib followed from the spine round to the front.

Seen from a line in front of the spine, every block of rib has an angle, 0 at the back and 180 in front, and a height. Drawn
over angle and height the ribs of one side are slanted bands that never cross, half a rib's height apart where they are nearest,
also where two of them touch in the blocks. A band is followed through its peaks of height from angle to angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .coarse import Coarse
from .spine import Canal, from_canal_mm, smooth_along

ORIGIN_AHEAD_MM = 50.0  # of the canal: inside the cage at every height, and near enough that the neck of a rib is aside of it
STEP_DEG = 3.0  # at the wall of a chest, two blocks
BEHIND_DEG, FRONT_DEG = 18.0, 168.0  # nearer the spine lie heads and transverse processes, further in front the sternum
SMOOTH_MM = 3.4  # a rib's upper and lower edge, dense both, make one band
RIB_APART_MM = 9.0  # two ribs are never nearer in height, edge to edge they lie half a rib apart
FAINT_SHARE = 0.25  # of what a rib usually gathers at an angle
FALL_MM_PER_DEG = -1.3  # how a rib usually sinks from angle to angle at the side; behind it is nearly level
OFF_MM = 7.0  # a rib bends no more than this from angle to angle
LOST_DEG = 15.0  # where a rib is thinner than noise it may be lost for this long
JOINED_DEG, JOINED_MM = 18.0, 6.0  # what goes on further off may be the next rib
LEAST_DEG = 24.0  # what is shorter is no rib; the twelfth is about twice as long
LATEST_START_DEG = 45.0  # a rib comes from behind, a clavicle does not
BESIDE_TRACE_MM = 12.0  # half a rib's height and its slant through a block


def fall(angle):
    """mm per degree by which a rib usually sinks at an angle."""
    return FALL_MM_PER_DEG * np.sin(np.radians(np.minimum(angle, 90.0)))


@dataclass(frozen=True, eq=False)
class Trace:
    """One rib along the unrolled cage.

    side       1 right, 2 left
    angles     float (n), degrees from the back, rising
    heights    float (n), mm above the lowest slice of the scan
    """

    side: int
    angles: np.ndarray
    heights: np.ndarray

    def at(self, angle) -> np.ndarray:
        """Height in mm at an angle; carried on as ribs usually run before the beginning, and straight beyond the end."""
        inside = np.interp(angle, self.angles, self.heights)
        slope = np.polyfit(self.angles[-5:], self.heights[-5:], 1)[0]
        before = self.heights[0] + fall(0.5 * (self.angles[0] + np.asarray(angle))) * (np.asarray(angle) - self.angles[0])
        beyond = self.heights[-1] + slope * (np.asarray(angle) - self.angles[-1])
        return np.where(angle < self.angles[0], before, np.where(angle > self.angles[-1], beyond, inside))


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
    index = np.argwhere(mask)
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


def trace_ribs(blocks: Unrolled, slices: int, step_mm: float) -> list[Trace]:
    """The ribs of both sides, each from the head down; slices and their step in mm are those of the scan."""
    return [trace for side in (1, 2) for trace in trace_side(blocks, side, slices, step_mm)]


def trace_side(blocks: Unrolled, side: int, slices: int, step_mm: float) -> list[Trace]:
    """The ribs of one side."""
    from scipy import ndimage

    mine = (blocks.side == side) & (blocks.angle >= BEHIND_DEG) & (blocks.angle < FRONT_DEG)
    bins = int(round((FRONT_DEG - BEHIND_DEG) / STEP_DEG))
    counts = np.zeros((bins, slices), np.float32)
    column = np.minimum(((blocks.angle[mine] - BEHIND_DEG) / STEP_DEG).astype(int), bins - 1)
    np.add.at(counts, (column, blocks.index[mine, 0]), 1.0)
    bands = ndimage.gaussian_filter(counts, (0.8, SMOOTH_MM / step_mm))
    peaks = [peaks_of(band, RIB_APART_MM / step_mm) for band in bands]
    strengths = np.concatenate([bands[k, at] for k, at in enumerate(peaks)])
    if not strengths.size:
        return []
    faint = FAINT_SHARE * np.percentile(strengths, 75)
    tracks = link_peaks([refined(bands[k], at[bands[k, at] > faint]) * step_mm for k, at in enumerate(peaks)])
    traces = [
        Trace(side, np.array([BEHIND_DEG + STEP_DEG * (k + 0.5) for k, _ in track]), np.array([z for _, z in track]))
        for track in join_tracks(tracks)
    ]
    kept = [t for t in traces if t.angles[-1] - t.angles[0] >= LEAST_DEG and t.angles[0] <= LATEST_START_DEG]
    return sorted(kept, key=lambda t: -float(t.at(45.0)))


def peaks_of(band: np.ndarray, apart: float) -> np.ndarray:
    """Where the band is higher than beside it; of peaks nearer than `apart` the highest.

    That is `scipy.signal.find_peaks` with a distance, but for plateaus; its import takes longer than all of the bones.
    """
    padded = np.pad(band, 1)
    peaks = np.flatnonzero((band > padded[:-2]) & (band > padded[2:]))
    kept = np.ones(len(peaks), bool)
    for k in np.argsort(band[peaks])[::-1]:
        if kept[k]:
            kept &= (abs(peaks - peaks[k]) >= apart) | (peaks == peaks[k])
    return peaks[kept]


def refined(band: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Peaks between the samples, by the parabola through each and its neighbours."""
    padded = np.pad(band, 1)
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
    """Height where a track would go on in bin k."""
    last, height = track[-1]
    recent = np.array(track[-6:])
    slope = fall(BEHIND_DEG + STEP_DEG * (last + k + 1) / 2) * STEP_DEG
    if len(recent) > 1:
        trust = len(recent) / (len(recent) + 2.0)
        slope = trust * np.polyfit(recent[:, 0], recent[:, 1], 1)[0] + (1 - trust) * slope
    return height + slope * (k - last)


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
    for k, trace in enumerate(traces):
        held = (blocks.side == trace.side) & (blocks.angle <= trace.angles[-1] + 2 * STEP_DEG)
        away = np.abs(blocks.height[held] - trace.at(blocks.angle[held]))
        where = np.flatnonzero(held)
        closer = away < nearest[where]
        best[where[closer]], nearest[where[closer]] = k, away[closer]
    return best
