"""The fit in, the regions of this patient out: the atlas's ellipsoids moved and scaled, their surfaces as unsure as the fit."""

from __future__ import annotations

import numpy as np

from ..records import Blobs
from .atlas import Atlas
from .fit import Fit

FILLED = np.sqrt(5.0)  # Mahalanobis distance of the surface of a filled ellipsoid from its own volume's covariance


def place_regions(fit: Fit, atlas: Atlas) -> Blobs:
    """Blobs with one column for each region of regions.csv, those without an ellipsoid included."""
    shapes = atlas.shapes
    centres, covariances = fit.places(shapes.places)
    scaled = shapes.covariances * np.outer(fit.scales, fit.scales)
    names = tuple(name for _, name, _ in atlas.regions)
    columns = np.array([names.index(region) for region in shapes.places.names])
    # a surface is as unsure as its shape and its centre together, the centre taken as one number for all directions
    along = np.trace(covariances, axis1=1, axis2=2) / 3
    return Blobs(
        names, centres, np.linalg.inv(scaled), np.full(len(centres), FILLED), np.sqrt(shapes.spreads**2 + along),
        shapes.weights, columns, tuple(group for _, _, group in atlas.regions),
    )  # fmt: skip
