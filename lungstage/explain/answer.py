"""A Report in, the content of staging.json out (contract sections 3 and 8): plain dicts, lists, numbers and words."""

from __future__ import annotations

from dataclasses import asdict

from ..records import Choice, Contact, EditionStaging, Lesion, Note, RuleMatch, Spread

SCHEMA = "lungstage/staging/1"
PLACES_FROM = 0.005
"""Places less probable than this are left out."""


def answer(report) -> dict:
    """The whole of staging.json; no identity, date or free header text enters it."""
    staging, anatomy = report.staging, report.anatomy
    return {
        "schema": SCHEMA,
        "outcome": report.outcome,
        "notes": [note_entry(note) for note in report.notes],
        "coverage": covered(anatomy.coverage if anatomy else None),
        "coverage_pet": covered(anatomy.coverage_pet) if anatomy and anatomy.coverage_pet is not None else None,
        "lesions": [lesion_entry(lesion) for lesion in report.lesions],
        "primary": dict(staging.primary) if staging else {},
        "editions": {str(edition): edition_entry(one) for edition, one in staging.editions.items()} if staging else {},
        "effects": [
            {"without": effect.without, "edition": str(effect.edition), "stage": dict(effect.stage)}
            for effect in (staging.effects if staging else ())
        ],
        "would_change": [
            {"fact": one.fact, "if": one.answer, "probability": one.probability, "stage": one.stage, "value": one.value}
            for one in (staging.would_change if staging else ())
        ],
        "text": list(report.text),
        "provenance": provenance(report),
    }


def covered(coverage: dict[str, float] | None) -> dict[str, float]:
    """The shares of the regions that are reported; all 0 where there is no anatomy."""
    from ..records.names import COVERED

    return {name: float(coverage[name]) if coverage else 0.0 for name in COVERED}


def note_entry(note: Note) -> dict:
    """One note."""
    return {"code": note.code, "text": note.text, "effect": note.effect}


def lesion_entry(lesion: Lesion) -> dict:
    """One lesion."""
    return {
        "id": lesion.id,
        "kind": lesion.kind,
        "centre_mm": [float(value) for value in lesion.centre_mm],
        "slice": None if lesion.slice is None else asdict(lesion.slice),
        "place": {
            "side": dict(lesion.place.side),
            "region": likely(lesion.place.region),
            "station": None if lesion.place.station is None else likely(lesion.place.station),
        },
        "longest_diameter_mm": spread_entry(lesion.longest_diameter_mm),
        "short_axis_mm": spread_entry(lesion.short_axis_mm),
        "solid_diameter_mm": spread_entry(lesion.solid_diameter_mm),
        "volume_ml": spread_entry(lesion.volume_ml),
        "density": dict(lesion.density),
        "suv_max": lesion.suv_max,
        "suv_mean": lesion.suv_mean,
        "suv_unit": lesion.suv_unit,
        "hu_mean": lesion.hu_mean,
        "contacts": [contact_entry(contact) for contact in lesion.contacts],
        "p_malignant": lesion.p_malignant,
        "role": dict(lesion.role),
        "reasons": [
            {"term": f"any {lesion.kind} lesion", "value": None, "log_odds": lesion.base_log_odds},
            *({"term": one.term, "value": one.value, "log_odds": one.log_odds} for one in lesion.reasons),
        ],
    }


def contact_entry(contact: Contact) -> dict:
    """One structure a lesion touches."""
    return {
        "structure": contact.structure,
        "p_invaded": contact.p_invaded,
        "contact_mm": contact.contact_mm,
        "angle_deg": contact.angle_deg,
        "fat_plane_lost": contact.fat_plane_lost,
    }


def spread_entry(spread: Spread) -> dict:
    """A distribution, unrounded: sizes are compared unrounded, only print rounds."""
    return asdict(spread)


def likely(distribution: dict[str, float]) -> dict[str, float]:
    """The names that matter, most probable first."""
    pairs = sorted(distribution.items(), key=lambda pair: -pair[1])
    return {name: value for rank, (name, value) in enumerate(pairs) if rank == 0 or value >= PLACES_FROM}


def edition_entry(edition: EditionStaging) -> dict:
    """One edition's posterior."""
    return {
        "t": dict(edition.t),
        "n": dict(edition.n),
        "m": dict(edition.m),
        "stage": dict(edition.stage),
        "most_likely": choice_entry(edition.most_likely),
        "least_cost": choice_entry(edition.least_cost),
        "rules": [rule_entry(rule) for rule in edition.rules],
    }


def rule_entry(rule: RuleMatch) -> dict:
    """One row of the edition's tables."""
    return {**asdict(rule), "because": list(rule.because)}


def choice_entry(choice: Choice) -> dict:
    """A stage with the T N M that goes with it."""
    entry = asdict(choice)
    if choice.expected_cost is None:
        del entry["expected_cost"]
    return entry


def provenance(report) -> dict:
    """What the answer rests on."""
    from .. import __version__

    return {
        "lungstage": __version__,
        "priors_digest": report.priors.digest(),
        "input_digest": report.study.passport.input_digest,
    }
