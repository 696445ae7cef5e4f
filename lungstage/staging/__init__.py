"""From lesions to stages: the Bayesian network over primary, nodes and metastases."""

from .infer_staging import infer_staging
from .parameters import StagingParameters, read_staging_parameters, shipped_parameters

__all__ = ["StagingParameters", "infer_staging", "read_staging_parameters", "shipped_parameters"]
