"""Anatomy, disease and findings in, the truth out: every lesion measured on its geometry, T, N, M and stage of three editions.

Nothing here has seen a scanner. The form is that of truth.json (docs: contract, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..tnm import EDITIONS, describe_tnm
from .anatomy import Anatomy
from .distance import RADII
from .fields import FIELD
from .findings import INVISIBLE, NOTED_NODE_MM
from .lesion import Lesion
from .measure import TOUCH_MM, Size, measure_shape, surface_points, union_distance
from .solids import Solids, join
from .wishes import Plan

SCHEMA = "lungstage/truth/1"
REGIONS = {"lungs": None, "mediastinum": (-95, 75), "hila": (-45, 5), "liver": (-262, -100), "adrenals": (-192, -160),
           "brain": (235, 380), "skeleton": (-540, 390)}  # fmt: skip
"""z of the reference man over which a region reaches (anatomy.md 5.2, 7.2), for its covered share."""
SMALLEST_MM = 2.5


@dataclass(frozen=True)
class TruthContact:
    """A structure a lesion touches, and whether it grows into it."""

    structure: str
    invaded: bool


@dataclass(frozen=True)
class TruthLesion:
    """One lesion as it is. Positions LPS mm; solid_diameter_mm equals the longest one where all of it is solid; suv: true
    uptake without blur; role: a ROLE of the records; label: its value in masks/lesions.nii.gz."""

    id: str
    label: int
    name: str
    kind: str
    malignant: bool
    role: str
    density: str
    centre_mm: tuple[float, float, float]
    longest_diameter_mm: float
    solid_diameter_mm: float
    short_axis_mm: float
    volume_ml: float
    side: str | None
    lobe: str | None
    station: str | None
    organ: str | None
    contacts: tuple[TruthContact, ...]
    suv: float
    hu: float


@dataclass(frozen=True)
class TruthStage:
    """T, N, M and stage in one edition."""

    t: str
    n: str
    m: str
    stage: str


@dataclass(frozen=True)
class Truth:
    """truth.json as a record. landmarks: name -> LPS mm; coverage: name of COVERED -> share inside the CT."""

    seed: int
    lesions: tuple[TruthLesion, ...]
    landmarks: dict[str, tuple[float, float, float]]
    editions: dict[str, TruthStage]
    coverage: dict[str, float]
    features: tuple[str, ...]
    stations: tuple[str, ...]
    side: str | None
    patient: dict[str, str | float | bool]

    def as_json(self) -> dict:
        """What stands in truth.json."""
        from dataclasses import asdict

        return {"schema": SCHEMA, **asdict(self)}


def find_truth(seed: int, anatomy: Anatomy, plan: Plan, lesions: list[Lesion], patient: dict) -> tuple[Truth, list[Lesion]]:
    """The truth of one patient, and the lesions it lists in the order of their labels."""
    listed, measured = [], []
    for lesion in lesions:
        size = measure_lesion(lesion, anatomy) if may_be_told(lesion) else None
        if worth_telling(lesion, size):
            listed.append(lesion)
            measured.append(size)
    told = tuple(
        tell(index, lesion, size, anatomy) for index, (lesion, size) in enumerate(zip(listed, measured, strict=True), start=1)
    )
    primary = next((one for one in told if one.role == "primary"), None)
    features = plan.told
    truth = Truth(
        seed=seed, lesions=told,
        landmarks={name: rounded(anatomy.person.to_lps(point[None])[0]) for name, point in anatomy.landmarks.items()},
        editions={str(edition): stage_of(primary, features, plan, told, edition) for edition in EDITIONS},
        coverage=coverage_of(anatomy), features=features, stations=plan.stations, side=plan.side, patient=patient,
    )  # fmt: skip
    return truth, listed


def hidden_by(lesion: Lesion, anatomy: Anatomy) -> Solids | None:
    """What stands out of a lesion that is drawn under the mediastinum."""
    if not lesion.under:
        return None
    return join(*(anatomy.structures[name] for name in ("great_vessel", "airway", "oesophagus", "heart")))


def measure_lesion(lesion: Lesion, anatomy: Anatomy) -> Size | None:
    """Sizes of what is visible of a lesion."""
    return measure_shape(lesion.shape, hidden_by(lesion, anatomy), anatomy.fields)


def may_be_told(lesion: Lesion) -> bool:
    """False where measuring is not needed: texture, and nodes that were drawn too small."""
    if lesion.name == "normal node":
        return 2 * lesion.shape.rows[0, RADII : RADII + 3].min() >= NOTED_NODE_MM
    return lesion.name not in INVISIBLE


def worth_telling(lesion: Lesion, size: Size | None) -> bool:
    """Whether a lesion is written down: all malignant ones, benign ones that a reader would see."""
    if size is None:
        return False
    if lesion.name == "normal node":
        return size.short_axis_mm >= NOTED_NODE_MM
    return lesion.malignant or size.longest_mm >= SMALLEST_MM


def tell(index: int, lesion: Lesion, size: Size, anatomy: Anatomy) -> TruthLesion:
    """One lesion of the truth."""
    solid = size.longest_mm
    if lesion.solid is not None:
        inner = measure_shape(lesion.solid, None, anatomy.fields) if len(lesion.solid) else None
        solid = inner.longest_mm if inner else 0.0
    main = list(lesion.worths.values())[-1] if lesion.worths else None
    uptake = [worth.suv for name, worth in lesion.worths.items() if name not in ("necrosis", "cavity")]
    return TruthLesion(
        id=f"P{index}", label=index, name=lesion.name, kind=lesion.kind, malignant=lesion.malignant, role=lesion.role,
        density=lesion.density, centre_mm=rounded(anatomy.person.to_lps(np.array([size.centre_mm]))[0]),
        longest_diameter_mm=round(size.longest_mm, 2), solid_diameter_mm=round(solid, 2),

        short_axis_mm=round(size.short_axis_mm, 2), volume_ml=round(size.volume_ml, 4),
        side=lesion.side, lobe=lesion.lobe, station=lesion.station, organ=lesion.organ,
        contacts=contacts_of(lesion, anatomy), suv=round(max(uptake, default=1.4), 3), hu=round(main.hu if main else 35.0, 1),
    )  # fmt: skip


def contacts_of(lesion: Lesion, anatomy: Anatomy) -> tuple[TruthContact, ...]:
    """Structures a pulmonary lesion touches: from the distance of its surface to each."""
    if lesion.kind != "pulmonary":
        return ()
    points, fields = surface_points(lesion.shape, None, anatomy.fields), anatomy.fields
    if not len(points):
        return ()
    lung = fields.at("lungs", points)
    cage, below = fields.at("cage", points), fields.at("below", points)
    near = {
        "visceral_pleura": (lung > -TOUCH_MM).any(),
        "chest_wall": ((cage > -TOUCH_MM) & (lung > -TOUCH_MM)).any(),
        "diaphragm": (below < TOUCH_MM).any(),
        "mediastinum": ((cage < -12) & (below > 8) & (lung > -TOUCH_MM)).any(),
        "adjacent_lobe": lesion.lobe is not None and "adjacent_lobe" in lesion.invades,
        "main_bronchus": "main_bronchus" in lesion.invades,
    }
    for name in ("great_vessel", "heart", "oesophagus", "trachea", "carina"):
        near[name] = (union_distance(points, anatomy.structures[name], fields) < TOUCH_MM).any()
    near["vertebral_body"] = "vertebral_body" in lesion.invades
    touched = [name for name, touches in near.items() if touches or name in lesion.invades]
    return tuple(TruthContact(name, name in lesion.invades) for name in touched)


def stage_of(primary: TruthLesion | None, features, plan: Plan, told, edition: int) -> TruthStage:
    """T, N, M and stage by the rules of an edition, from what is measured and what was planned."""
    said = describe_tnm(
        size_mm=primary.longest_diameter_mm if primary else None, solid_mm=primary.solid_diameter_mm if primary else None,
        features=features, stations=sorted({one.station for one in told if one.malignant and one.station}), side=plan.side,
        metastases=site_counts(told), edition=edition,
    )  # fmt: skip
    return TruthStage(said.t, said.n, said.m, said.stage)


def site_counts(told) -> dict[str, int]:
    """Metastases by the site names of the rules."""
    counts: dict[str, int] = {}
    for one in told:
        if one.role == "metastasis":
            site = one.name.rsplit(" ", 1)[0]
            counts[site] = counts.get(site, 0) + 1
    return counts


def coverage_of(anatomy: Anatomy) -> dict[str, float]:
    """Share of each region between the scan's ends."""
    low, high = anatomy.range_mm
    found = {"lungs": lung_coverage(anatomy)}
    for name, span in REGIONS.items():
        if span is not None:
            bottom, top = (z * anatomy.person.scale[2] for z in span)
            found[name] = round(float(np.clip((min(high, top) - max(low, bottom)) / (top - bottom), 0, 1)), 3)
    return found


def lung_coverage(anatomy: Anatomy) -> float:
    """Share of the lungs' volume between the scan's ends."""
    fields = anatomy.fields
    inside = (fields.values[FIELD["lungs"]] < 0).sum(axis=(1, 2))
    z = fields.origin_mm[2] + fields.step_mm * np.arange(len(inside))
    seen = (z >= anatomy.range_mm[0]) & (z <= anatomy.range_mm[1])
    return round(float(inside[seen].sum() / max(inside.sum(), 1)), 3)


def rounded(point) -> tuple[float, float, float]:
    """Hundredths of a millimetre are enough."""
    return tuple(round(float(c), 2) for c in point)
