"""One node, one chain, one Python number at a time; and for few nodes the exact probabilities by listing all labellings."""

from itertools import product

import numpy as np

MASK = 2**64 - 1


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def sample_labels(log_odds, neighbours, weights, colours, start, temperatures, seed):
    labels = np.array(start, np.uint8)
    for sweep, heat in enumerate(temperatures):
        for node in range(len(labels)):  # nodes lie in the order of their colours
            for chain in range(labels.shape[1]):
                field = np.float32(log_odds[node, chain])
                for other, weight in zip(neighbours[node], weights[node]):
                    if other >= 0:
                        field += np.float32(weight) * np.float32(2 * int(labels[other, chain]) - 1)
                key = mix(seed ^ mix(sweep)) ^ mix(node)
                step = mix((key + chain) & MASK) >> 52
                p = (step + 0.5) / 4096
                if heat > 0:
                    labels[node, chain] = field > np.float32(heat) * np.float32(np.log(p / (1 - p)))
                elif field != 0:
                    labels[node, chain] = field > 0
    return labels


def probabilities(log_odds, neighbours, weights):
    """P(label 1) of each node of one chain, from all labellings; log_odds (n)."""
    total, ones = 0.0, np.zeros(len(log_odds))
    for labelling in product((0, 1), repeat=len(log_odds)):
        score = sum(h for h, label in zip(log_odds, labelling) if label)
        for i, row in enumerate(neighbours):
            score -= sum(w / 2 for j, w in zip(row, weights[i]) if j >= 0 and labelling[i] != labelling[j])
        total += np.exp(score)
        ones += np.exp(score) * np.array(labelling)
    return ones / total


def keep_anchored(labels, neighbours, anchored):
    kept = (labels != 0) & (np.asarray(anchored) != 0)[:, None]
    while True:
        grown = kept.copy()
        for i, row in enumerate(neighbours):
            for j in row[row >= 0]:
                grown[i] |= kept[j] & (labels[i] != 0)
        if (grown == kept).all():
            return kept.astype(np.uint8)
        kept = grown


def prices(image, spacing_mm, surface, edge, contrast):
    """{(voxel, voxel): price} over all pairs of touching voxels, both ways."""
    spacing = np.asarray(spacing_mm, float)
    offsets = [np.array(d) - 1 for d in np.ndindex(3, 3, 3) if d != (1, 1, 1)]
    length = {tuple(d): np.linalg.norm(d * spacing) for d in offsets}
    cut = sum(1 / length[tuple(d)] for axis in range(3) for d in offsets if d[axis] == 1)
    area = sum(spacing.prod() / spacing)
    found = {}
    for voxel in np.ndindex(image.shape):
        for d in offsets:
            other = tuple(np.array(voxel) + d)
            if all(0 <= k < n for k, n in zip(other, image.shape)):
                change = (float(image[voxel]) - float(image[other])) / contrast
                found[voxel, other] = area / cut / length[tuple(d)] * (surface + edge * np.exp(-change * change / 2))
    return found
