"""What is known of the patient beside the images (patient.toml); None means not known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Biopsy:
    """site: a station, a lesion id or an organ; result: "positive", "negative" or "inadequate"."""

    site: str
    method: str
    result: str


@dataclass(frozen=True)
class Facts:
    """Ordinary evidence. population: "clinic", "surgical" or "screening"; overrides: what-if words by lesion, station, organ."""

    age: float | None = None
    sex: str | None = None
    smoking_pack_years: float | None = None
    cancer_before: bool | None = None
    treated: bool = False
    histology: str | None = None
    weight_kg: float | None = None
    biopsies: tuple[Biopsy, ...] = ()
    brain_mri: str | None = None
    effusion_cytology: str | None = None
    population: str = "clinic"
    overrides: tuple[tuple[str, str], ...] = ()
