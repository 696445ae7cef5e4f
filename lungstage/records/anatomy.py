"""Where is what in this patient, and how sure: landmarks, frame, and probabilities at points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Grid, turned
from .arrays import freeze_on, frozen
from .given import MarkedRegions
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
        return turned(np.asarray(points_mm, float) - self.origin_mm, self.axes)

    def to_mm(self, points_frame) -> np.ndarray:
        """LPS points (..., 3) of points in the patient's frame."""
        return turned(np.asarray(points_frame, float), self.axes.T) + self.origin_mm


@dataclass(frozen=True, eq=False)
class Blobs:
    """Regions as Gaussian-edged ellipsoids in the patient's frame; a bent region has several.

    names       (r) regions
    centres     (b, 3) mm, in the frame
    precisions  (b, 3, 3) 1/mm2: inverse shape covariance; the ellipsoid's surface is at Mahalanobis distance `edges`
    edges       (b) Mahalanobis distance of the surface
    spreads     (b) mm, how uncertain the surface is
    weights     (b) prior weight where several claim a point; 0: the ellipsoid says where the region is, but claims nothing
    columns     (b) which of `names` an ellipsoid belongs to; None: one ellipsoid for each name, in order
    groups      (r) group of each region as in regions.csv, or () where nobody asks
    """

    names: tuple[str, ...]
    centres: np.ndarray
    precisions: np.ndarray
    edges: np.ndarray
    spreads: np.ndarray
    weights: np.ndarray
    columns: np.ndarray | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Compartments:
    """What the image itself says of every place, on coarse blocks: signed distances in mm, negative inside.

    grid       Grid of the blocks
    right_mm, left_mm, airway_mm, bone_mm   float32 (z, y, x): to the surface of right and left hull, airway, any bone
    cavity_mm  the same to the outline that spans both lungs slice by slice; None where one lung is missing
    bone       uint8 (z, y, x), code of the nearest bone
    bone_columns   code -> the columns of Blobs.names it may stand for ("vertebra" for each numbered one)
    spread_mm  standard deviation of the surfaces
    """

    grid: Grid
    right_mm: np.ndarray
    left_mm: np.ndarray
    airway_mm: np.ndarray
    bone_mm: np.ndarray
    cavity_mm: np.ndarray | None
    bone: np.ndarray
    bone_columns: dict[int, tuple[int, ...]]
    spread_mm: float

    def __post_init__(self):
        freeze_on(self, self.grid, "right_mm", "left_mm", "airway_mm", "bone_mm", "cavity_mm", "bone")

    def distances_mm(self, points_mm, names=("right_mm", "left_mm", "airway_mm", "bone_mm", "cavity_mm")) -> tuple:
        """The named distances, each (n), at LPS points (n, 3); None for a field that is None."""
        from ..kernels.sample import sample_linear

        index = self.grid.to_index(points_mm)
        fields = (getattr(self, name) for name in names)
        return tuple(None if field is None else sample_linear(field, index) for field in fields)

    def nearest_bone(self, points_mm) -> np.ndarray:
        """Code (n) of the bone nearest to the block of each LPS point (n, 3)."""
        index = np.clip(np.rint(self.grid.to_index(points_mm)).astype(int), 0, np.array(self.grid.shape) - 1)
        return self.bone[tuple(index.T)]


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
class Borders:
    """Soft oblique borders of stations, one row each: inside is normal . point <= offset.

    stations    (k) int, index into STATIONS
    normals     (k, 3) unit vectors in the frame, pointing out of the station
    offsets_mm  (k)
    spread_mm   (k) standard deviation of the border
    """

    stations: np.ndarray
    normals: np.ndarray
    offsets_mm: np.ndarray
    spread_mm: np.ndarray


@dataclass(frozen=True, eq=False)
class StationLimits:
    """IASLC stations as soft boxes in the patient's frame, one row for each name of STATIONS.

    low, high   (s, 3) mm, borders along x, y, z in the frame (infinite where there is none)
    spread_mm   (s, 3) standard deviation of each border
    centres     (s, 3), covariances (s, 3, 3)   where nodes of that station lie
    weights     (s) prior number of nodes
    borders     oblique borders beside the boxes, or None
    """

    low: np.ndarray
    high: np.ndarray
    spread_mm: np.ndarray
    centres: np.ndarray
    covariances: np.ndarray
    weights: np.ndarray
    borders: Borders | None = None


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The map of one patient.

    landmarks      name -> Landmark (names of priors/atlas/landmarks.csv)
    frame          PatientFrame
    coverage       name of COVERED -> share in [0, 1] inside the CT; also every region name of regions.csv that has a place
    coverage_pet   the same for the PET, or None without PET
    side_border_mm (k, 2) z in the frame and x of the left tracheal wall there: the right/left border of stations 2 and 4
    notes          what is strange
    compartments   what the image itself says of each place; None: regions are told by the atlas alone
    marked         masks of regions from elsewhere, which the probabilities of regions and lobes weigh in; or None
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
    compartments: Compartments | None = None
    marked: MarkedRegions | None = None

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the columns of `region_probability`."""
        return self.blobs.names

    lobe_names = LOBES
    station_names = STATIONS

    def region_probability(self, points_mm) -> np.ndarray:
        """P(region | point): (n, regions), rows sum to 1, columns `region_names`; points (n, 3) LPS mm."""
        from .places import region_probability, seen_region_probability

        points_frame = self.frame.to_frame(points_mm)
        if self.compartments is None:
            return self.weighed(region_probability(self.blobs, points_frame), self.region_names, points_mm)
        seen = seen_region_probability(self.blobs, self.compartments, self.fissures, points_frame, points_mm)
        return self.weighed(seen, self.region_names, points_mm)

    def atlas_probability(self, points_mm) -> np.ndarray:
        """`region_probability` as the atlas and given masks tell it, whatever the image shows at the point."""
        from .places import region_probability

        told = region_probability(self.blobs, self.frame.to_frame(points_mm))
        return self.weighed(told, self.region_names, points_mm)

    def weighed(self, probability: np.ndarray, names: tuple[str, ...], points_mm) -> np.ndarray:
        """Probabilities (n, names) with what given masks say of the points (n, 3)."""
        return probability if self.marked is None else self.marked.weigh(probability, names, points_mm)

    def lobe_probability(self, points_mm) -> np.ndarray:
        """P(lobe | point in a lung): (n, 5), columns LOBES, rows sum to 1; points (n, 3) LPS mm."""
        from .places import lobe_probability, side_by_hulls

        points_frame = self.frame.to_frame(points_mm)
        p_left = None if self.compartments is None else side_by_hulls(self.compartments, points_frame, points_mm)
        return self.weighed(lobe_probability(self.fissures, points_frame, p_left), LOBES, points_mm)

    def station_probability(self, points_mm) -> np.ndarray:
        """P(station | point in a node): (n, 20), columns STATIONS, rows sum to 1; points (n, 3) LPS mm."""
        from .places import station_probability

        return station_probability(self.stations, self.side_border_mm, self.frame.to_frame(points_mm))
