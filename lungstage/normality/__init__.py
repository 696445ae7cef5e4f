"""This patient imagined healthy: what CT and PET should show, and how far from it they are."""

from .imagine_normal import imagine_normal
from .parameters import NormalityParameters, load_normality_parameters

__all__ = ["NormalityParameters", "imagine_normal", "load_normality_parameters"]
