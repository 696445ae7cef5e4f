"""Lesions: what does not look healthy, each with shape, size, place, contacts and P(malignant)."""

from .find_lesions import find_lesions
from .parameters import LesionParameters, load_lesion_parameters

__all__ = ["LesionParameters", "find_lesions", "load_lesion_parameters"]
