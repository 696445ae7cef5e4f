"""Study and its map in, Lesions out: candidates of every kind with shape, size, place, contacts and P(malignant).

Detectors look on coarse blocks, each for its own kind (nodules and masses, nodes, PET foci); the same thing seen twice is
merged; each candidate that is left is then looked at on its own box. High recall: probability does the rest.
Numbers: priors/parameters/lesions.toml, shape.toml, malignancy.toml, and priors/contacts.csv.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..records import Anatomy, Lesion, Lesions, Lungs, Normal, Skeleton, SliceLabel, Study
from .alternatives import alternative_reasons, alternatives
from .candidate import Candidate
from .contacts import measure_contacts
from .kinds import candidate_of
from .malignancy import judge, p_malignant
from .nodes import find_nodes
from .nodules import find_nodules
from .parameters import LesionParameters, load_lesion_parameters
from .place import place_of
from .search import Search, coarse_search
from .shape import sample_shape
from .spots import Spot
from .traits import Traits, measure_traits
from .uptake import find_foci

POINTS_AT_MOST = 400
DEPTH_MM = 60.0
PET_BLUR_MM, FOCUS_REACH_MM = 6.0, 15.0
IN_LUNG = ("pulmonary", "collapse", "effusion", "pleural")


def find_lesions(
    study: Study, lungs: Lungs, skeleton: Skeleton, anatomy: Anatomy, normal: Normal,
    parameters: LesionParameters | None = None,
) -> Lesions:
    """What does not look healthy, most suspicious (of the lesion alone) first."""  # fmt: skip
    numbers = parameters or load_lesion_parameters()
    search = coarse_search(study, lungs, skeleton, numbers.search_step_mm)
    foci = find_foci(study, normal, search, numbers)
    spots = merged(foci, find_nodules(search, numbers), find_nodes(search, anatomy, numbers), numbers)
    depth = depth_mm(search)
    found = []
    for spot in spots:
        candidate = candidate_of(spot, search, anatomy, hilum_distance(spot.centre_mm, anatomy), numbers)
        if candidate is not None:
            lesion = look_closely(candidate, spot, study, lungs, skeleton, anatomy, normal, search, depth, numbers)
            if lesion is not None:
                found.append(lesion)
    found = without_twins(found)
    found.sort(key=lambda lesion: (-lesion.p_malignant, -lesion.longest_diameter_mm.q50, lesion.centre_mm))
    return Lesions(tuple(replace(lesion, id=f"L{k}") for k, lesion in enumerate(found, start=1)))


def merged(foci: list[Spot], lung: list[Spot], nodes: list[Spot], numbers: LesionParameters) -> list[Spot]:
    """One spot a thing, at most `candidates_at_most`: hot ones first, then masses by volume, nodules and nodes in turn.

    A focus over a spot of the CT becomes that spot, with its uptake; spots of the CT keep the place, because CT is sharper.
    """
    spots: list[Spot] = []
    structures = [*lung, *nodes]
    used: set[int] = set()
    for focus in foci:
        away = [float(np.linalg.norm(one.centre_mm - focus.centre_mm)) for one in structures]
        reach = min(max(focus.radius_mm, PET_BLUR_MM), FOCUS_REACH_MM)
        near = [i for i, one in enumerate(structures) if i not in used and away[i] <= max(one.radius_mm, reach)]
        if near:
            best = min(near, key=away.__getitem__)
            used.add(best)
            spots.append(replace(structures[best], suv=focus.suv))
        else:
            spots.append(focus)
    cold = {
        name: [one for i, one in enumerate(structures) if i not in used and one.found_by == name]
        for name in ("mass", "nodule", "node")
    }
    room = max(0, int(numbers.candidates_at_most) - len(spots))
    thirds = {"mass": room // 3, "nodule": room // 3, "node": room - 2 * (room // 3)}
    chosen = {name: sorted(cold[name], key=lambda one: -one.score)[: thirds[name]] for name in cold}
    for name, ones in cold.items():  # what one detector does not need the others may have
        spare = room - sum(map(len, chosen.values()))
        more = sorted(ones, key=lambda one: -one.score)[len(chosen[name]) :]
        chosen[name] = chosen[name] + more[:spare]
    return [*spots[: int(numbers.candidates_at_most)], *chosen["mass"], *chosen["nodule"], *chosen["node"]]


def look_closely(
    candidate: Candidate, spot: Spot, study, lungs, skeleton, anatomy, normal, search: Search, depth, numbers
) -> Lesion | None:
    """One candidate measured and judged; None where no shape holds."""
    samples = sample_shape(study, normal, candidate)
    probability = samples.probability()
    index = np.argwhere(probability >= 0.5)
    if not len(index):
        return None
    step = max(1, len(index) // POINTS_AT_MOST)
    points = samples.box.to_mm(index[::step])
    centre = samples.box.to_mm(index.mean(axis=0))
    place = place_of(points, candidate.kind, lungs, anatomy, candidate.p_kind.get("node", 0.0))
    traits = with_context(measure_traits(study, normal, candidate, samples), candidate, place, centre, anatomy, search, depth)
    base, reasons = judge(candidate.kind, traits)
    hilum_mm = hilum_distance(centre, anatomy)
    blood = None if normal.blood_suv is None else normal.blood_suv.q50
    deepest = deepest_mm(points, search, depth)
    others = alternatives(
        candidate.kind, spot, study, lungs, search, anatomy, samples, points, hilum_mm, deepest, blood, numbers
    )  # fmt: skip
    reasons = (*reasons, *alternative_reasons(others, base + sum(reason.log_odds for reason in reasons)))
    lobes = place.region if candidate.kind == "pulmonary" else {}
    touching = candidate.kind in IN_LUNG or candidate.p_kind.get("pulmonary", 0.0) >= 0.1
    contacts = measure_contacts(study, lungs, skeleton, anatomy, samples, lobes) if touching else ()
    return Lesion(
        "L0", candidate.kind, candidate.p_kind, tuple(map(float, centre)), slice_at(study, centre), place,
        traits.longest_mm, traits.short_axis_mm, traits.solid_mm, traits.volume_ml, traits.density, traits.hu_mean,
        traits.suv_max, traits.suv_mean, traits.suv_unit, contacts, base, reasons, p_malignant(base, reasons), samples,
        distances_mm=traits.distances_mm,
    )  # fmt: skip


def with_context(traits: Traits, candidate, place, centre, anatomy: Anatomy, search: Search, depth) -> Traits:
    """The traits that need the map of the patient."""
    upper = sum(place.region.get(f"{side}_upper_lobe", 0.0) for side in ("right", "left"))
    block = np.clip(np.rint(search.grid.to_index(centre)).astype(int), 0, np.array(depth.shape) - 1)
    distances = {
        "carina": float(np.linalg.norm(centre - anatomy.landmarks["carina"].point_mm)),
        "hilum": hilum_distance(centre, anatomy),
        "pleura": float(depth[tuple(block)]),
    }
    station = max(place.station, key=place.station.get) if place.station else None
    return replace(
        traits, p_upper_lobe=upper if candidate.kind == "pulmonary" else None,
        distances_mm={**traits.distances_mm, **distances}, station=station,
    )  # fmt: skip


def depth_mm(search: Search) -> np.ndarray:
    """float32 (z, y, x): how far each block of the hull lies from its border, up to DEPTH_MM."""
    from ..kernels.distance import squared_distance_mm2

    return np.sqrt(squared_distance_mm2(search.hull == 0, search.grid.spacing_mm, DEPTH_MM))


def deepest_mm(points: np.ndarray, search: Search, depth: np.ndarray) -> float:
    """How far the deepest of the points lies below the border of the hull."""
    index = np.rint(search.grid.to_index(points)).astype(int).clip(0, np.array(depth.shape) - 1)
    return float(depth[tuple(index.T)].max())


def hilum_distance(point_mm, anatomy: Anatomy) -> float:
    """mm from the nearer hilum, by the stations 10 of each side."""
    from ..records.names import STATIONS

    rows = [STATIONS.index("10R"), STATIONS.index("10L")]
    away = anatomy.stations.centres[rows] - anatomy.frame.to_frame(point_mm)
    return float(np.linalg.norm(away, axis=1).min())


def slice_at(study: Study, centre) -> SliceLabel | None:
    """The CT slice through a point, as the scanner numbered it."""
    row = int(np.rint(study.ct.grid.to_index(centre)[0]))
    return study.slices[row] if 0 <= row < len(study.slices) else None


def without_twins(lesions: list[Lesion]) -> list[Lesion]:
    """Without those whose shape lies mostly inside a larger one's: the same thing seen twice."""
    kept: list[Lesion] = []
    for lesion in sorted(lesions, key=lambda one: -one.volume_ml.q50):
        if not any(overlap(lesion, other) > 0.5 for other in kept):
            kept.append(lesion)
    return kept


def overlap(small: Lesion, large: Lesion) -> float:
    """Share of the small one's median shape that lies in the large one's."""
    points = small.samples.box.to_mm(np.argwhere(small.samples.probability() >= 0.5))
    box = large.samples.box
    index = np.rint(box.to_index(points)).astype(int)
    inside = np.all((index >= 0) & (index < box.shape), axis=1)
    if not inside.any():
        return 0.0
    return float((large.samples.probability()[tuple(index[inside].T)] >= 0.5).sum() / len(points))
