"""Found landmarks and the atlas in, the patient's frame and the atlas's coefficients out, with their joint covariance.

A linear-Gaussian model: a landmark lies at mean + modes . coefficients in the patient's frame, the frame lies somewhere in the
scanner. The most probable frame and coefficients come from a few Gauss-Newton steps; each residual is weighted as in a Student-t
distribution, so that a dome pushed up by an effusion counts for little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .atlas import MODES, Places
from .parameters import MapNumbers

STEPS = 12
FRAME_TERMS = 6  # three turns, three shifts, before the modes


@dataclass(frozen=True, eq=False)
class Finding:
    """A landmark as found: name, LPS point (3), and standard deviation along the patient's x, y, z in mm (inf: not told)."""

    name: str
    point_mm: np.ndarray
    sd_mm: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Fit:
    """Where the mean person's places lie in this patient.

    origin_mm     (3) LPS of the frame's origin
    axes          (3, 3) rows left, back, head
    coefficients  (5) of MODES
    covariance    (11, 11) of turns (rad), shifts (mm) and coefficients
    """

    origin_mm: np.ndarray
    axes: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray

    def to_frame(self, points_mm) -> np.ndarray:
        """Points (..., 3) of the frame from LPS."""
        return (np.asarray(points_mm, float) - self.origin_mm) @ self.axes.T

    def to_mm(self, points_frame) -> np.ndarray:
        """LPS from points (..., 3) of the frame."""
        return np.asarray(points_frame, float) @ self.axes + self.origin_mm

    def places(self, places: Places) -> tuple[np.ndarray, np.ndarray]:
        """Mean (n, 3) and covariance (n, 3, 3) in the frame, the places' own spread included."""
        mean = places.mean + places.modes @ self.coefficients
        slope = slopes(mean, places.modes)
        covariance = slope @ self.covariance @ np.swapaxes(slope, 1, 2)
        return mean, covariance + np.einsum("ni,ij->nij", places.sd**2, np.eye(3))

    @property
    def scales(self) -> np.ndarray:
        """(3) sizes along x, y, z over those of the mean person."""
        return 1.0 + self.coefficients[:3]


def slopes(mean: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """(n, 3, 11): how turns, shifts and coefficients move places (n, 3)."""
    slope = np.zeros((len(mean), 3, FRAME_TERMS + len(MODES)))
    x, y, z = mean.T
    slope[:, 1, 0], slope[:, 2, 0] = -z, y
    slope[:, 0, 1], slope[:, 2, 1] = z, -x
    slope[:, 0, 2], slope[:, 1, 2] = -y, x
    slope[:, :, 3:6] = np.eye(3)
    slope[:, :, FRAME_TERMS:] = modes
    return slope


def fit_atlas(findings: list[Finding], places: Places, start: Fit, numbers: MapNumbers) -> Fit:
    """The most probable fit; without findings the prior around `start`, whose axes and origin are the first guess."""
    prior_mean = np.zeros(FRAME_TERMS + len(MODES))
    prior_mean[FRAME_TERMS + MODES.index("breath")] = numbers.breath_mm
    prior = np.diag(1.0 / prior_sd(numbers) ** 2)
    known = [finding for finding in findings if finding.name in places.names]
    rows = np.array([places.names.index(finding.name) for finding in known], int)
    points = np.array([finding.point_mm for finding in known]).reshape(-1, 3)
    variance = places.sd[rows] ** 2 + np.array([finding.sd_mm for finding in known]).reshape(-1, 3) ** 2
    axes, origin = start.axes, start.origin_mm
    now = prior_mean.copy()
    # turns and shifts are taken up by the frame after every step; what was turned so far counts against the prior
    for _ in range(STEPS):
        mean = places.mean[rows] + places.modes[rows] @ now[FRAME_TERMS:]
        slope = slopes(mean, places.modes[rows])
        residual = (points - origin) @ axes.T - mean
        weight = student_weight(residual, variance, numbers.tail_freedom) / variance
        normal = prior + np.einsum("nik,ni,nil->kl", slope, weight, slope)
        pull = np.einsum("nik,ni,ni->k", slope, weight, residual) + prior @ (prior_mean - now)
        step = np.linalg.solve(normal, pull)
        now = now + step
        axes = turned(axes, step[:3])
        origin = origin + step[3:6] @ axes
    return Fit(origin, axes, now[FRAME_TERMS:], np.linalg.inv(normal))


def prior_sd(numbers: MapNumbers) -> np.ndarray:
    """Standard deviations of turns, shifts and coefficients before anything is found."""
    turn = np.radians(numbers.turn_sd_deg)
    return np.array(
        [turn] * 3 + [numbers.origin_sd_mm] * 3
        + [numbers.width_sd, numbers.depth_sd, numbers.height_sd, numbers.breath_sd_mm, numbers.bend_sd_mm]
    )  # fmt: skip


def student_weight(residual: np.ndarray, variance: np.ndarray, freedom: float) -> np.ndarray:
    """(n, 3): 1 and a little more where a residual is as expected, small where it is not; 0 where the axis was not seen."""
    return np.where(np.isfinite(variance), (freedom + 1) / (freedom + residual**2 / variance), 0.0)


def turned(axes: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Rows of unit vectors turned about themselves, so that a place p of the old frame lies at p + turn x p."""
    angle = np.linalg.norm(turn)
    if angle < 1e-12:
        return axes
    k = turn / angle
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return rotation.T @ axes
