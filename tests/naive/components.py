"""Connected pieces by walking from voxel to voxel."""

import numpy as np


def label_components(mask, corners=False):
    labels = np.zeros(mask.shape, np.int32)
    sizes = [int((mask == 0).sum())]
    for start in np.ndindex(*mask.shape):
        if mask[start] and not labels[start]:
            sizes.append(0)
            _walk(mask, labels, start, len(sizes) - 1, sizes, corners)
    return labels, np.array(sizes)


def largest_component(mask, corners=False):
    labels, sizes = label_components(mask, corners)
    best = max(range(1, len(sizes)), key=lambda k: (sizes[k], -k), default=-1)
    return (labels == best).astype(np.uint8)


def touching_components(mask, seeds, corners=False):
    labels, _ = label_components(mask, corners)
    return np.isin(labels, [k for k in set(labels[seeds != 0].tolist()) if k]).astype(np.uint8)


def fill_holes(mask, open_ends=(True, True, True)):
    padded = np.pad(mask, [(int(o), int(o)) for o in open_ends])
    labels, _ = label_components((padded == 0).astype(np.uint8))
    inner = tuple(slice(int(o), n + int(o)) for o, n in zip(open_ends, mask.shape))
    outside = labels[0, 0, 0] if any(open_ends) else -1
    return ((labels != outside) | (padded != 0))[inner].astype(np.uint8)


def _walk(mask, labels, start, label, sizes, corners):
    todo = [start]
    labels[start] = label
    while todo:
        here = todo.pop()
        sizes[label] += 1
        for step in np.ndindex(3, 3, 3):
            step = np.array(step) - 1
            if not corners and abs(step).sum() > 1:
                continue
            there = tuple(np.array(here) + step)
            if all(0 <= i < n for i, n in zip(there, mask.shape)) and mask[there] and not labels[there]:
                labels[there] = label
                todo.append(there)
