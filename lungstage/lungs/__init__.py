"""Study in, Lungs out."""

from .find_lungs import find_lungs
from .parameters import LungParameters, load_lung_parameters

__all__ = ["LungParameters", "find_lungs", "load_lung_parameters"]
