"""What the scanner meant, and what is known beside the images."""

from .check_tables import check_tables
from .facts import facts_of, read_facts
from .inspection import inspect
from .parameters import StudyParameters, load_study_parameters
from .read_masks import read_masks
from .read_pet import Pet, read_pet
from .read_study import read_study
from .wishes import Wishes, merged

__all__ = [
    "Pet", "StudyParameters", "Wishes", "check_tables", "facts_of", "inspect", "load_study_parameters", "merged", "read_facts",
    "read_masks", "read_pet", "read_study",
]  # fmt: skip
