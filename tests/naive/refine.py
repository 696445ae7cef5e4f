"""The border refined by interpolating the distance at every voxel of the volume."""

import numpy as np


def refine_border(volume, signed_mm, rival_mm, factors, band_mm, edge_hu):
    depth = _interpolated(signed_mm, volume.shape, factors)
    inside = np.where(depth >= band_mm, depth > 0, (depth > -band_mm) & (volume < edge_hu))
    return (inside & (_interpolated(rival_mm, volume.shape, factors) >= 0)).astype(np.uint8)


def _interpolated(field, shape, factors):
    field = field.astype(float)
    for axis, (n, factor) in enumerate(zip(shape, factors)):
        places = (np.arange(n) + 0.5) / factor - 0.5
        field = np.apply_along_axis(lambda line: np.interp(places, np.arange(len(line)), line), axis, field)  # noqa: B023
    return field
