"""The bones: ribs, spine, sternum, skull and the rest."""

from .find_skeleton import find_skeleton
from .parameters import SkeletonParameters, load_skeleton_parameters

__all__ = ["SkeletonParameters", "find_skeleton", "load_skeleton_parameters"]
