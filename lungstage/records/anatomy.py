"""Where is what in this patient, and how sure: landmarks, frame, and probabilities at points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import frozen
from .names import LOBES, STATIONS
from .notes import Note


@dataclass(frozen=True, eq=False)
class Landmark:
    """A point (x, y, z) LPS mm with covariance (3, 3) mm2; seen: found in the image, else told by the atlas."""

    point_mm: np.ndarray
    covariance_mm2: np.ndarray
    seen: bool

    def __post_init__(self):
        object.__setattr__(self, "point_mm", frozen(np.asarray(self.point_mm, float)))
        object.__setattr__(self, "covariance_mm2", frozen(np.asarray(self.covariance_mm2, float)))


@dataclass(frozen=True, eq=False)
class PatientFrame:
    """The patient's own axes: origin at the carina, rows of `axes` = unit vectors left, back, head (LPS), and lengths.

    lengths_mm   (x, y, z): rib-cage width, depth sternum to spine, lung height, in mm
    """

    origin_mm: np.ndarray
    axes: np.ndarray
    lengths_mm: np.ndarray

    def __post_init__(self):
        for name in ("origin_mm", "axes", "lengths_mm"):
            object.__setattr__(self, name, frozen(np.asarray(getattr(self, name), float)))

    def to_frame(self, points_mm) -> np.ndarray:
        """Points (..., 3) in mm along the patient's axes from the carina."""
        return (np.asarray(points_mm, float) - self.origin_mm) @ self.axes.T

    def to_mm(self, points_frame) -> np.ndarray:
        """LPS points (..., 3) of points in the patient's frame."""
        return np.asarray(points_frame, float) @ self.axes + self.origin_mm


@dataclass(frozen=True, eq=False)
class Blobs:
    """Regions as Gaussian-edged ellipsoids in the patient's frame, one row each.

    names       (r)
    centres     (r, 3) mm, in the frame
    precisions  (r, 3, 3) 1/mm2: inverse shape covariance; the ellipsoid's surface is at Mahalanobis distance `edges`
    edges       (r) Mahalanobis distance of the surface
    spreads     (r) mm, how uncertain the surface is
    weights     (r) prior weight of the region where several claim a point
    """

    names: tuple[str, ...]
    centres: np.ndarray
    precisions: np.ndarray
    edges: np.ndarray
    spreads: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Fissures:
    """Lobe borders as sheets z = a0 + au*u + av*v + auu*u2 + auv*u*v + avv*v2 (mm in the frame) over x and y.

    names          "right_oblique", "right_horizontal", "left_oblique"
    coefficients   (3, 6)
    centre_xy, scale_xy   (3, 2) mm: u = (x - centre) / scale, v likewise
    spread_mm      (3) standard deviation of the sheet's height
    seen           (3) bool, fitted to the image rather than told by the atlas
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    centre_xy: np.ndarray
    scale_xy: np.ndarray
    spread_mm: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True, eq=False)
class StationLimits:
    """IASLC stations as soft boxes in the patient's frame, one row for each name of STATIONS.

    low, high   (s, 3) mm, borders along x, y, z in the frame (infinite where there is none)
    spread_mm   (s, 3) standard deviation of each border
    centres     (s, 3), covariances (s, 3, 3)   where nodes of that station lie
    weights     (s) prior number of nodes
    """

    low: np.ndarray
    high: np.ndarray
    spread_mm: np.ndarray
    centres: np.ndarray
    covariances: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The map of one patient.

    landmarks      name -> Landmark (names of priors/atlas/landmarks.csv)
    frame          PatientFrame
    coverage       name of COVERED -> share in [0, 1] inside the CT; also every region name of regions.csv that has a place
    coverage_pet   the same for the PET, or None without PET
    side_border_mm (k, 2) z in the frame and x of the left tracheal wall there: the right/left border of stations 2 and 4
    notes          what is strange
    """

    landmarks: dict[str, Landmark]
    frame: PatientFrame
    blobs: Blobs
    fissures: Fissures
    stations: StationLimits
    coverage: dict[str, float]
    coverage_pet: dict[str, float] | None
    side_border_mm: np.ndarray
    notes: tuple[Note, ...] = ()

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the columns of `region_probability`."""
        return self.blobs.names

    lobe_names = LOBES
    station_names = STATIONS

    def region_probability(self, points_mm) -> np.ndarray:
        """P(region | point): (n, regions), rows sum to 1, columns `region_names`; points (n, 3) LPS mm."""
        from .places import region_probability

        return region_probability(self.blobs, self.frame.to_frame(points_mm))

    def lobe_probability(self, points_mm) -> np.ndarray:
        """P(lobe | point in a lung): (n, 5), columns LOBES, rows sum to 1; points (n, 3) LPS mm."""
        from .places import lobe_probability

        return lobe_probability(self.fissures, self.frame.to_frame(points_mm))

    def station_probability(self, points_mm) -> np.ndarray:
        """P(station | point in a node): (n, 20), columns STATIONS, rows sum to 1; points (n, 3) LPS mm."""
        from .places import station_probability

        return station_probability(self.stations, self.side_border_mm, self.frame.to_frame(points_mm))
