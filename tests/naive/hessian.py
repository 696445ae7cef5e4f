"""Second differences of a padded volume and LAPACK's eigenvalues."""

import numpy as np


def hessian_eigenvalues(smooth, mask, spacing_mm):
    padded = np.pad(smooth.astype(float), 1, mode="edge")
    rows = []
    for index in np.argwhere(mask):
        cube = padded[tuple(slice(i, i + 3) for i in index)]
        matrix = np.empty((3, 3))
        for a in range(3):
            for b in range(3):
                matrix[a, b] = _second_difference(cube, a, b) / (spacing_mm[a] * spacing_mm[b])
        rows.append(np.linalg.eigvalsh(matrix))
    return np.array(rows, np.float32).reshape(-1, 3)


def _second_difference(cube, a, b):
    step_a, step_b = np.eye(3, dtype=int)[a], np.eye(3, dtype=int)[b]
    middle = np.ones(3, int)
    if a == b:
        return cube[tuple(middle + step_a)] + cube[tuple(middle - step_a)] - 2 * cube[1, 1, 1]
    corners = [sa * sb * cube[tuple(middle + sa * step_a + sb * step_b)] for sa in (-1, 1) for sb in (-1, 1)]
    return sum(corners) / 4
