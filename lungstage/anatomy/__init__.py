"""Anatomy: where is what in this patient, and how sure."""

from .map_anatomy import map_anatomy
from .parameters import AnatomyParameters, load_anatomy_parameters

__all__ = ["AnatomyParameters", "load_anatomy_parameters", "map_anatomy"]
