"""What flows between the stages: frozen records that check themselves; the list of all of them."""

from ..geometry import Grid
from .anatomy import Anatomy, Blobs, Borders, Compartments, Fissures, Landmark, PatientFrame, StationLimits
from .facts import Biopsy, Facts
from .given import Given, MarkedRegions, MaskSet
from .lesions import Contact, Lesion, Lesions, Place, Reason, ShapeSamples
from .lungs import LungQuality, Lungs, Skeleton
from .normal import Normal
from .notes import Note
from .spread import Spread
from .staging import Choice, EditionStaging, Effect, RuleMatch, Staging, WouldChange
from .study import ImageCard, Passport, PatientHeader, SeriesCard, SliceLabel, StoredOrder, Study, SuvStep, Volume

__all__ = [
    "Anatomy", "Biopsy", "Blobs", "Borders", "Choice", "Compartments", "Contact", "EditionStaging", "Effect", "Facts",
    "Fissures", "Given", "Grid", "ImageCard", "Landmark", "Lesion", "Lesions", "LungQuality", "Lungs", "MarkedRegions", "MaskSet",
    "Normal", "Note", "Passport", "PatientFrame", "PatientHeader", "Place", "Reason", "RuleMatch", "SeriesCard",
    "ShapeSamples", "Skeleton", "SliceLabel", "Spread", "Staging", "StationLimits", "StoredOrder", "Study", "SuvStep",
    "Volume", "WouldChange",
]  # fmt: skip
