"""What different witnesses say of each point in, one normalised row of probabilities for each point out."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

STEEPNESS = 1.702  # the logistic that is nearest to the normal distribution
OTHER, SOFT, CAVITY, WALL, ABDOMEN, LUNG = 0, 1, 2, 3, 4, 5
"""Kinds of columns: no soft tissue; soft; soft in the chest; soft around it; soft below it; lung, soft only where diseased."""
DISEASED = 0.2  # weight of dense lung against a sound organ that claims the same soft place


def share_regions(claims, kinds, shares, within, lobes, lobe_columns, airway_column, sheets, sheet_columns, codes, bones):
    """Probability of each region: of a compartment from the image, and of a region within it from the claims.

    claims         float32 (n, r) >= 0, what the atlas says       kinds          (r) OTHER … LUNG
    shares         (n, 5) P(right lung), P(left lung), P(airway), P(bone), P(soft)
    within         (n) P(inside the outline of the chest), or None where it is not known
    lobes          (n, 5) P(lobe | in a lung)                      lobe_columns   (5) ints, or -1
    airway_column  int, or -1
    sheets         (n, 2) what a wall of the airway takes from CAVITY, and a diaphragm from ABDOMEN
    sheet_columns  (2) ints, or -1
    codes          (n) uint8, code of the nearest bone             bones          code -> columns, for those that may occur
    returns        float32 (n, r), rows sum to 1
    cost           three passes over n x r
    """
    claims = np.ascontiguousarray(claims, np.float32)
    out = np.zeros_like(claims)
    starts, columns = np.zeros(257, np.int64), []
    for code in range(256):
        columns.extend(bones.get(code, ()))
        starts[code + 1] = len(columns)
    inside = np.full(len(claims), -1.0) if within is None else np.ascontiguousarray(within, np.float64)
    _share(
        claims, np.asarray(kinds, np.int64), np.ascontiguousarray(shares, np.float64), inside,
        np.ascontiguousarray(lobes, np.float64), np.asarray(lobe_columns, np.int64), int(airway_column),
        np.ascontiguousarray(sheets, np.float64), np.asarray(sheet_columns, np.int64), np.ascontiguousarray(codes, np.uint8),
        starts, np.array(columns, np.int64), out,
    )  # fmt: skip
    return out


@njit(cache=True, parallel=True)
def _share(claims, kinds, shares, within, lobes, lobe_columns, airway, sheets, sheet_columns, codes, starts, columns, out):
    regions = claims.shape[1]
    for i in prange(claims.shape[0]):  # rows know nothing of each other: same bits on any number of threads
        claim, row = claims[i], out[i]
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
            row[r] = (claim[r] + 1e-30) * weight
            total += row[r]
        if total > 0.0:
            for r in range(regions):
                row[r] *= shares[i, 4] / total
        lung = shares[i, 0] + shares[i, 1]
        for r in range(regions):
            if kinds[r] == 5:  # which lobe is told by the fissures
                lung += row[r]
                row[r] = 0.0
        for k in range(2):
            target = sheet_columns[k]
            if target >= 0:
                for r in range(regions):
                    if kinds[r] == (2 if k == 0 else 4) and r != target:
                        taken = row[r] * sheets[i, k]
                        row[r] -= taken
                        row[target] += taken
        for k in range(5):
            if lobe_columns[k] >= 0:
                row[lobe_columns[k]] += lung * lobes[i, k]
        if airway >= 0:
            row[airway] += shares[i, 2]
        first, last = starts[codes[i]], starts[codes[i] + 1]
        named = 0.0
        for k in range(first, last):
            named += claim[columns[k]] + 1e-30
        for k in range(first, last):
            row[columns[k]] += shares[i, 3] * (claim[columns[k]] + 1e-30) / named
        total = 0.0
        for r in range(regions):
            total += row[r]
        for r in range(regions):
            row[r] = row[r] / total if total > 0.0 else 1.0 / regions


def share_stations(points, centres, precisions, log_weights, freedom, stations, normals, offsets, spreads, to_left, sides):
    """P(station) at points: Student-t densities cut by soft half-spaces.

    points       (n, 3)                    centres      (s, 3), precisions (s, 3, 3), log_weights (s) with all constants
    freedom      of the Student-t, > 0
    stations     (k) int, normals (k, 3), offsets (k), spreads (k): station is where normal . point <= offset
    to_left      (n) how many spreads a point lies to the left of a border, sides (s) -1 right of it, 1 left, 0 either
    returns      float64 (n, s), rows sum to 1
    cost         n x (s + k) logarithms; 0.1 s for 100 000 points, 20 stations and 50 borders
    source       P(inside a border) by the logistic approximation of the normal
    """
    points = np.ascontiguousarray(points, np.float64)
    out = np.zeros((len(points), len(centres)))
    arrays = [np.ascontiguousarray(each, np.float64) for each in (centres, precisions, log_weights)]
    borders = [np.ascontiguousarray(each, np.float64) for each in (np.reshape(normals, (-1, 3)), offsets, spreads)]
    _stations(
        points, *arrays, float(freedom), np.ascontiguousarray(stations, np.int64), *borders,
        np.ascontiguousarray(to_left, np.float64), np.ascontiguousarray(sides, np.int64), out,
    )  # fmt: skip
    return out


@njit(cache=True, parallel=True)
def _stations(points, centres, precisions, log_weights, freedom, stations, normals, offsets, spreads, to_left, sides, out):
    for i in prange(points.shape[0]):
        row = out[i]
        for s in range(centres.shape[0]):
            x, y, z = points[i, 0] - centres[s, 0], points[i, 1] - centres[s, 1], points[i, 2] - centres[s, 2]
            p = precisions[s]
            square = p[0, 0] * x * x + p[1, 1] * y * y + p[2, 2] * z * z
            square += 2.0 * (p[0, 1] * x * y + p[0, 2] * x * z + p[1, 2] * y * z)
            row[s] = log_weights[s] - 0.5 * (freedom + 3.0) * math.log1p(square / freedom)
            if sides[s] != 0:
                row[s] += _log_inside(sides[s] * to_left[i])
        for k in range(stations.size):
            along = normals[k, 0] * points[i, 0] + normals[k, 1] * points[i, 1] + normals[k, 2] * points[i, 2]
            row[stations[k]] += _log_inside((offsets[k] - along) / spreads[k])
        best, total = row.max(), 0.0
        for s in range(row.size):
            row[s] = math.exp(row[s] - best)
            total += row[s]
        for s in range(row.size):
            row[s] /= total


@njit(cache=True)
def _log_inside(steps):
    """log of the logistic, without overflow."""
    step = STEEPNESS * min(max(steps, -100.0), 100.0)
    if step > 0.0:
        return -math.log1p(math.exp(-step))
    return step - math.log1p(math.exp(step))
