"""From lesions to stages: the Bayesian network over primary, nodes and metastases."""

from .infer_staging import infer_staging
from .parameters import StagingParameters, read_staging_parameters, shipped_parameters
from .pgmpy_model import observed, to_pgmpy

__all__ = ["StagingParameters", "infer_staging", "observed", "read_staging_parameters", "shipped_parameters", "to_pgmpy"]
