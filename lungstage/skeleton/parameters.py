"""The numbers of the skeleton, from priors/parameters/skeleton.toml and skeleton_anatomy.toml; their meaning stands there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import ImpossibleRequest
from ..tables import Priors, read_parameters, read_rows, shipped_priors

VERTEBRA_COLUMNS = ("vertebra", "pitch_mm", "rib", "rib_below_mm", "source", "verified")
RIB_COLUMNS = ("rib", "below_first", "reach", "missed", "source", "verified")


@dataclass(frozen=True)
class RibTable:
    """The twelve ribs, from priors/atlas/ribs.csv; what the columns mean stands there."""

    below_first: tuple[float, ...] = ()
    reach: tuple[float, ...] = ()
    missed: tuple[float, ...] = ()


@dataclass(frozen=True)
class VertebraTable:
    """Vertebrae from the head down, from priors/atlas/vertebrae.csv; what the columns mean stands there. rib: 0 of none."""

    names: tuple[str, ...] = ()
    pitch_mm: tuple[float, ...] = ()
    rib: tuple[int, ...] = ()
    rib_below_mm: tuple[float, ...] = ()


@dataclass(frozen=True)
class SkeletonAnatomy:
    """Lengths of the adult, from priors/parameters/skeleton_anatomy.toml; their meaning stands there."""

    canal_ahead_of_lungs_mm: float
    transverse_reach_mm: float
    transverse_behind_arch_mm: float
    rib_neck_ahead_mm: float
    jaw_below_skull_mm: float
    first_rib_above_lungs_mm: float
    first_rib_ahead_mm: float
    first_rib_behind_mm: float
    first_rib_beside_mm: float
    ribs_below_diaphragm_mm: float
    ribs_below_lung_tops_mm: float
    first_head_above_lungs_mm: float
    first_head_sd_mm: float
    least_sternum_mm: float
    manubrium_mm: float
    sternum_body_half_width_mm: float
    skin_mm: float
    windpipe_mm2: float
    rib_thick_mm: float
    rib_slant_mm: float
    arm_beside_mm: float
    rib_end_ml: float
    behind_arch_mm: float
    beside_arch_mm: float
    sternum_joint_mm: float
    spinous_fall: float
    spinous_fall_from_mm: float
    rib_heads_apart_mm: float
    sides_apart_mm: float
    rib_scale: float
    rib_scale_sd: float
    rib_reach_sd: float
    chest_shape_sd: float


@dataclass(frozen=True)
class SkeletonParameters:
    """What bone looks like and where it stands; ribs, vertebrae: what each of them is like.

    anatomy   lengths of the adult; None only until its file is read
    """

    working_mm: float
    body_hu: float
    lung_air_hu: float
    bone_above_soft_hu: float
    marrow_above_soft_hu: float
    body_ahead_mm: float
    arch_behind_mm: float
    vertebra_half_width_mm: float
    vertebra_half_depth_mm: float
    canal_radius_mm: float
    spinous_reach_mm: float
    rib_inside_mm: float
    rib_outside_mm: float
    sternum_half_width_mm: float
    sternum_outside_mm: float
    sternum_depth_mm: float
    least_bone_ml: float
    rib_p_min: float
    ribs: RibTable = RibTable()
    vertebrae: VertebraTable = VertebraTable()
    anatomy: SkeletonAnatomy | None = None


def load_skeleton_parameters(priors: Priors | None = None) -> SkeletonParameters:
    """The numbers of a priors folder, or those that ship with the package."""
    priors = priors or shipped_priors()
    numbers = read_parameters(priors, "parameters/skeleton.toml", SkeletonParameters)
    anatomy = read_parameters(priors, "parameters/skeleton_anatomy.toml", SkeletonAnatomy)
    return replace(numbers, ribs=rib_table(priors), vertebrae=vertebra_table(priors), anatomy=anatomy)


def rib_table(priors: Priors) -> RibTable:
    """The ribs of a priors folder."""
    rows = read_rows(priors, "atlas/ribs.csv", RIB_COLUMNS)
    if [row["rib"] for row in rows] != [str(k) for k in range(1, 13)]:
        raise ImpossibleRequest("priors/atlas/ribs.csv: the ribs must be 1 to 12 in order")
    return RibTable(*(tuple(float(row[name]) for row in rows) for name in RIB_COLUMNS[1:4]))


def vertebra_table(priors: Priors) -> VertebraTable:
    """The vertebrae of a priors folder."""
    rows = read_rows(priors, "atlas/vertebrae.csv", VERTEBRA_COLUMNS)
    ribs = tuple(int(row["rib"] or 0) for row in rows)
    if [rib for rib in ribs if rib] != list(range(1, 13)):
        raise ImpossibleRequest("priors/atlas/vertebrae.csv: the ribs 1 to 12 must each meet one vertebra, in order")
    pitch, below = (tuple(float(row[name] or 0) for row in rows) for name in ("pitch_mm", "rib_below_mm"))
    return VertebraTable(tuple(row["vertebra"] for row in rows), pitch, ribs, below)
