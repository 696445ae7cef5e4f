"""Evaluation: truths and results of many patients in, scores with intervals out."""

from .evaluate import evaluate
from .folds import fold_of
from .parameters import EvaluationParameters, read_yardstick
from .scores import Scores

__all__ = ["EvaluationParameters", "Scores", "evaluate", "fold_of", "read_yardstick"]
