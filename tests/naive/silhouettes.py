"""One line after the other."""

import numpy as np


def look_through(labels):
    nz, ny, nx = labels.shape
    front = np.array([[look(labels[z, :, x], 1) for x in range(nx)] for z in range(nz)]).reshape(nz, nx, 3)
    side = np.array([[look(labels[z, y], -1) for y in range(ny)] for z in range(nz)]).reshape(nz, ny, 3)
    return [tuple(np.moveaxis(each, -1, 0)) for each in (front, side)]


def look(line, step):
    met = np.flatnonzero(line)[::step]
    return (met[0], line[met[0]], len(met)) if len(met) else (-1, 0, 0)
