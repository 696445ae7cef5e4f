"""The folder `priors/` in, checked numbers out: where it lies, how it is read, what its digest is."""

from .parameters import read_parameters
from .priors import Priors, priors_at, shipped_priors
from .rows import read_rows

__all__ = ["Priors", "priors_at", "read_parameters", "read_rows", "shipped_priors"]
