"""Explain: a Report in, files and sentences out."""

from .page import notebook_html
from .sentences import sentences, stage_line, summary
from .words import likelihood_word
from .write_report import write_report

__all__ = ["likelihood_word", "notebook_html", "sentences", "stage_line", "summary", "write_report"]
