"""What different witnesses say of each point in, one normalised row of probabilities for each point out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from .threads import share_rows

STEEPNESS = 1.702  # the logistic that is nearest to the normal distribution
OTHER, SOFT, CAVITY, WALL, ABDOMEN, LUNG = 0, 1, 2, 3, 4, 5
"""Kinds of columns: no soft tissue; soft; soft in the chest; soft around it; soft below it; lung, soft only where diseased."""
DISEASED = 0.2  # weight of dense lung against a sound organ that claims the same soft place


class Seen(NamedTuple):
    """What the image says of n points.

    shares   (n, 5) P(right lung), P(left lung), P(airway), P(bone), P(soft)
    within   (n) P(inside the outline of the chest), or None where it is not known
    lobes    (n, 5) P(lobe | in a lung)
    sheets   (n, 2) what a wall of the airway takes from CAVITY, and a diaphragm from ABDOMEN
    bone     (n) uint8, code of the nearest bone
    """

    shares: np.ndarray
    within: np.ndarray | None
    lobes: np.ndarray
    sheets: np.ndarray
    bone: np.ndarray


class Columns(NamedTuple):
    """Which of r columns stands for what; -1 for a region that has none.

    kinds    (r) OTHER … LUNG
    lobes    (5) in the order of `Seen.lobes`
    airway   one
    sheets   (2) in the order of `Seen.sheets`
    bones    code of a bone -> the columns of those that may occur there
    """

    kinds: np.ndarray
    lobes: Sequence[int]
    airway: int
    sheets: Sequence[int]
    bones: Mapping[int, Sequence[int]]


def share_regions(claims, seen: Seen, columns: Columns):
    """Probability of each region: of a compartment from the image, and of a region within it from the claims.

    claims    float32 (n, r) >= 0, what the atlas says
    returns   float32 (n, r), rows sum to 1
    cost      three passes over n x r
    """
    claims = np.ascontiguousarray(claims, np.float32)
    out = np.zeros_like(claims)
    starts, bones = np.zeros(257, np.int64), []
    for code in range(256):
        bones.extend(columns.bones.get(code, ()))
        starts[code + 1] = len(bones)
    within = np.full(len(claims), -1.0) if seen.within is None else seen.within
    floats = (np.ascontiguousarray(each, np.float64) for each in (seen.shares, within, seen.lobes, seen.sheets))
    kinds, lobes, sheets = (np.asarray(each, np.int64) for each in (columns.kinds, columns.lobes, columns.sheets))
    seen = Seen(*floats, np.ascontiguousarray(seen.bone, np.uint8))
    columns = Columns(kinds, lobes, int(columns.airway), sheets, np.array(bones, np.int64))
    share_rows(_share, len(claims), 8.0 * claims.size, claims, seen, columns, starts, out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _share(start, stop, claims, seen, columns, starts, out):
    """`starts` (257): the columns of bone c are columns.bones[starts[c]:starts[c + 1]]; `within` is -1 where it is not known."""
    shares, within, lobes, sheets, codes = seen
    kinds, lobe_columns, airway, sheet_columns, bones = columns
    regions = claims.shape[1]
    for i in range(start, stop):  # rows know nothing of each other: same bits on any number of threads
        total = 0.0
        for r in range(regions):
            if kinds[r] == 0:
                continue
            weight = 1.0
            if kinds[r] == 5:
                weight = DISEASED * abs(within[i])
            elif within[i] >= 0.0 and kinds[r] == 2:
                weight = max(within[i], 1e-3)
            elif within[i] >= 0.0 and kinds[r] == 3:
                weight = max(1.0 - within[i], 1e-3)
            out[i, r] = (claims[i, r] + 1e-30) * weight
            total += out[i, r]
        if total > 0.0:
            for r in range(regions):
                out[i, r] *= shares[i, 4] / total
        lung = shares[i, 0] + shares[i, 1]
        for r in range(regions):
            if kinds[r] == 5:  # which lobe is told by the fissures
                lung += out[i, r]
                out[i, r] = 0.0
        for k in range(2):
            target = sheet_columns[k]
            if target >= 0:
                for r in range(regions):
                    if kinds[r] == (2 if k == 0 else 4) and r != target:
                        taken = out[i, r] * sheets[i, k]
                        out[i, r] -= taken
                        out[i, target] += taken
        for k in range(5):
            if lobe_columns[k] >= 0:
                out[i, lobe_columns[k]] += lung * lobes[i, k]
        if airway >= 0:
            out[i, airway] += shares[i, 2]
        first, last = starts[codes[i]], starts[codes[i] + 1]
        named = 0.0
        for k in range(first, last):
            named += claims[i, bones[k]] + 1e-30
        for k in range(first, last):
            out[i, bones[k]] += shares[i, 3] * (claims[i, bones[k]] + 1e-30) / named
        total = 0.0
        for r in range(regions):
            total += out[i, r]
        for r in range(regions):
            out[i, r] = out[i, r] / total if total > 0.0 else 1.0 / regions


class Clouds(NamedTuple):
    """Student-t densities, one for each station: centres (s, 3), precisions (s, 3, 3), log_weights (s) with all constants,
    degrees of freedom > 0."""

    centres: np.ndarray
    precisions: np.ndarray
    log_weights: np.ndarray
    freedom: float


class HalfSpaces(NamedTuple):
    """Soft borders: stations (k) int lie where normals (k, 3) . point <= offsets (k), give or take spreads (k)."""

    stations: np.ndarray
    normals: np.ndarray
    offsets: np.ndarray
    spreads: np.ndarray


def share_stations(points, clouds: Clouds, borders: HalfSpaces, to_left, sides):
    """P(station) at points: Student-t densities cut by soft half-spaces.

    points    (n, 3)
    to_left   (n) how many spreads a point lies to the left of a border, sides (s) -1 right of it, 1 left, 0 either
    returns   float64 (n, s), rows sum to 1
    cost      n x (s + k) logarithms; 0.1 s for 100 000 points, 20 stations and 50 borders
    source    P(inside a border) by the logistic approximation of the normal
    """
    points = np.ascontiguousarray(points, np.float64)
    out = np.zeros((len(points), len(clouds.centres)))
    normals = np.reshape(borders.normals, (-1, 3))
    floats = (np.ascontiguousarray(each, np.float64) for each in (normals, borders.offsets, borders.spreads))
    clouds = Clouds(*(np.ascontiguousarray(each, np.float64) for each in clouds[:3]), float(clouds.freedom))
    borders = HalfSpaces(np.ascontiguousarray(borders.stations, np.int64), *floats)
    to_left, sides = np.ascontiguousarray(to_left, np.float64), np.ascontiguousarray(sides, np.int64)
    cost_ns = 20.0 * len(points) * (len(clouds.centres) + len(borders.stations))
    share_rows(_stations, len(points), cost_ns, points, clouds, borders, to_left, sides, out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _stations(start, stop, points, clouds, borders, to_left, sides, out):
    centres, precisions, log_weights, freedom = clouds
    stations, normals, offsets, spreads = borders
    for i in range(start, stop):
        for s in range(centres.shape[0]):
            x, y, z = points[i, 0] - centres[s, 0], points[i, 1] - centres[s, 1], points[i, 2] - centres[s, 2]
            p = precisions
            square = p[s, 0, 0] * x * x + p[s, 1, 1] * y * y + p[s, 2, 2] * z * z
            square += 2.0 * (p[s, 0, 1] * x * y + p[s, 0, 2] * x * z + p[s, 1, 2] * y * z)
            out[i, s] = log_weights[s] - 0.5 * (freedom + 3.0) * math.log1p(square / freedom)
            if sides[s] != 0:
                out[i, s] += _log_inside(sides[s] * to_left[i])
        for k in range(stations.size):
            along = normals[k, 0] * points[i, 0] + normals[k, 1] * points[i, 1] + normals[k, 2] * points[i, 2]
            out[i, stations[k]] += _log_inside((offsets[k] - along) / spreads[k])
        best, total = out[i, 0], 0.0
        for s in range(1, out.shape[1]):
            best = max(best, out[i, s])
        for s in range(out.shape[1]):
            out[i, s] = math.exp(out[i, s] - best)
            total += out[i, s]
        for s in range(out.shape[1]):
            out[i, s] /= total


@njit(cache=True, nogil=True)
def _log_inside(steps):
    """log of the logistic, without overflow."""
    step = STEEPNESS * min(max(steps, -100.0), 100.0)
    if step > 0.0:
        return -math.log1p(math.exp(-step))
    return step - math.log1p(math.exp(step))
