"""The same mixtures in plain NumPy, one point after the other."""

import numpy as np
from scipy.special import expit


def share_regions(claims, seen, columns):
    kinds, within = np.asarray(columns.kinds), seen.within
    out = np.zeros(claims.shape)
    for i, claim in enumerate(np.asarray(claims, float)):
        p_right, p_left, p_airway, p_bone, p_soft = seen.shares[i]
        soft = (kinds > 0) * (claim + 1e-30)
        soft = soft * np.where(kinds == 5, 0.2 * (1 if within is None else within[i]), 1)
        if within is not None:
            soft = soft * np.where(kinds == 2, max(within[i], 1e-3), np.where(kinds == 3, max(1 - within[i], 1e-3), 1))
        if soft.sum() > 0:
            out[i] = soft / soft.sum() * p_soft
        dense_lung = out[i, kinds == 5].sum()
        out[i, kinds == 5] = 0
        for target, kind, share in zip(columns.sheets, (2, 4), seen.sheets[i]):
            if target >= 0:
                givers = (kinds == kind) & (np.arange(len(kinds)) != target)
                out[i, target] += share * out[i, givers].sum()
                out[i, givers] *= 1 - share
        for column, lobe in zip(columns.lobes, seen.lobes[i]):
            if column >= 0:
                out[i, column] += (p_right + p_left + dense_lung) * lobe
        if columns.airway >= 0:
            out[i, columns.airway] += p_airway
        bones = list(columns.bones.get(int(seen.bone[i]), ()))
        if bones:
            out[i, bones] += p_bone * (claim[bones] + 1e-30) / (claim[bones] + 1e-30).sum()
        out[i] = out[i] / out[i].sum() if out[i].sum() > 0 else 1 / len(kinds)
    return out


def share_stations(points, clouds, borders, to_left, sides):
    out = np.zeros((len(points), len(clouds.centres)))
    for i, point in enumerate(points):
        for s, centre in enumerate(clouds.centres):
            square = (point - centre) @ clouds.precisions[s] @ (point - centre)
            density = np.exp(clouds.log_weights[s]) * (1 + square / clouds.freedom) ** (-(clouds.freedom + 3) / 2)
            out[i, s] = density * (expit(1.702 * sides[s] * to_left[i]) if sides[s] else 1)
        for station, normal, offset, spread in zip(*borders):
            out[i, station] *= expit(1.702 * (offset - normal @ point) / spread)
        out[i] /= out[i].sum()
    return out
