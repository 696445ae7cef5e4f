"""Seed and wishes in, a synthetic PET/CT patient with known truth out; knows nothing of the program it tests."""

from .make_case import Case, make_case
from .parameters import PhantomParameters, read_phantom_parameters
from .truth import Truth, TruthLesion

__all__ = ["Case", "PhantomParameters", "Truth", "TruthLesion", "make_case", "read_phantom_parameters"]
