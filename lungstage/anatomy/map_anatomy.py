"""Study, Lungs and Skeleton in, Anatomy out: landmarks, patient frame, and where every region, lobe and station probably is.

Landmarks first (airway, lungs, bones), then one fit of the atlas to all of them gives the patient's frame and sizes; what was
not found is told by the atlas. Regions, fissures and stations follow the fit; the masks say what the image itself shows.
Numbers: priors/parameters/anatomy.toml and priors/atlas.
"""

from __future__ import annotations

import numpy as np

from ..records import Anatomy, Landmark, Lungs, Note, PatientFrame, Skeleton, Study
from ..records.lungs import LEFT, RIGHT
from .airway_tree import AirwayTree, find_airway_tree
from .compartments import find_compartments
from .coverage import measure_coverage
from .findings import Clouds, find_landmarks, gather_clouds
from .fissures import place_fissures
from .fit import FRAME_TERMS, Finding, Fit, fit_atlas, prior_sd
from .given import with_given
from .parameters import AnatomyParameters, MapNumbers, load_anatomy_parameters
from .regions import place_regions
from .stations import place_stations, tracheal_border

ROUNDS = 3  # findings depend on the frame, the frame on the findings: three rounds and they stand still


def map_anatomy(study: Study, lungs: Lungs, skeleton: Skeleton, parameters: AnatomyParameters | None = None) -> Anatomy:
    """The map of one patient whose scan shows lungs; what the scan does not hold is told by the atlas, with wide spread."""
    parameters = parameters or load_anatomy_parameters()
    numbers, atlas = parameters.numbers, parameters.atlas
    tree = find_airway_tree(lungs.airway, lungs.grid, numbers)
    clouds = gather_clouds(lungs, skeleton)
    fit, found = fit_patient(clouds, tree, lungs, parameters)
    landmarks = all_landmarks(fit, found, parameters)
    frame = PatientFrame(fit.origin_mm, fit.axes, lengths_of(fit, landmarks))
    fit, frame = at_carina(fit, frame, landmarks["carina"])
    blobs = place_regions(fit, atlas)
    border = tracheal_border(tree.trachea_mm, frame)
    anatomy = Anatomy(
        landmarks, frame, blobs,
        place_fissures(study.ct, clouds, lungs, frame, landmarks, parameters),
        place_stations(fit, frame, landmarks, tree, atlas, border),
        measure_coverage(blobs, fit, atlas, frame, study.ct.grid, study.outside, lungs),
        None if study.pet is None else measure_coverage(blobs, fit, atlas, frame, study.pet.grid, None, lungs),
        border,
        notes_on(landmarks, lungs),
        find_compartments(lungs, skeleton, atlas, numbers),
    )  # fmt: skip
    return with_given(anatomy, study, parameters)


def fit_patient(clouds: Clouds, tree: AirwayTree, lungs: Lungs, parameters: AnatomyParameters) -> tuple[Fit, list[Finding]]:
    """The fit and the landmarks that it rests on."""
    numbers, atlas = parameters.numbers, parameters.atlas
    fit = first_guess(clouds, tree, lungs, numbers)
    for _ in range(ROUNDS):
        found = find_landmarks(clouds, tree, lungs.grid, fit, numbers)
        start = first_guess(clouds, tree, lungs, numbers)
        fit = fit_atlas(found, atlas.landmarks, start, numbers)
    return (fit if tree.carina_mm is not None else less_sure(fit, numbers)), found


def less_sure(fit: Fit, numbers: MapNumbers) -> Fit:
    """Without a carina: trachea and mediastinum lie a little differently in every chest, all of it together."""
    covariance = fit.covariance.copy()
    covariance[3:FRAME_TERMS, 3:FRAME_TERMS] += np.diag(np.square(numbers.carina_in_chest_sd_mm))
    return Fit(fit.origin_mm, fit.axes, fit.coefficients, covariance)


def first_guess(clouds: Clouds, tree: AirwayTree, lungs: Lungs, numbers: MapNumbers) -> Fit:
    """Upright along the scanner, the origin at the seen carina or where the lungs' middle says."""
    coefficients = np.array([0.0, 0.0, 0.0, numbers.breath_mm, 0.0])
    covariance = np.diag(prior_sd(numbers) ** 2)
    if tree.carina_mm is not None:
        return Fit(tree.carina_mm, np.eye(3), coefficients, covariance)
    return Fit(carina_from_lungs(clouds, lungs), np.eye(3), coefficients, covariance)


def carina_from_lungs(clouds: Clouds, lungs: Lungs) -> np.ndarray:
    """A rough place between the lungs: 90 mm below the apices, or 130 mm above the bases where the apices are missing."""
    both = [cloud for cloud in (clouds.right, clouds.left) if len(cloud)]
    if not both:
        return lungs.grid.to_mm((np.array(lungs.grid.shape) - 1) / 2)
    every = np.concatenate(both)
    middle = np.mean([cloud.mean(axis=0) for cloud in both], axis=0)
    if len(both) == 1:
        middle[0] += 65.0 if len(clouds.right) else -65.0
    top, bottom = every[:, 2].max(), every[:, 2].min()
    middle[2] = bottom + 170.0 if "top" in lungs.quality.cut else top - 89.0
    return middle


def all_landmarks(fit: Fit, found: list[Finding], parameters: AnatomyParameters) -> dict[str, Landmark]:
    """Every landmark of the atlas: told by the fit, and where one was found, drawn to the finding."""
    places = parameters.atlas.landmarks
    mean, covariance = fit.places(places)
    seen = {finding.name: finding for finding in found}
    landmarks = {}
    for name, place, spread in zip(places.names, mean, covariance):
        if name in seen:
            place, spread = drawn_to(place, spread, fit.to_frame(seen[name].point_mm), np.asarray(seen[name].sd_mm))
        landmarks[name] = Landmark(fit.to_mm(place), fit.axes.T @ spread @ fit.axes, name in seen)
    if "carina" in seen:  # the origin: the finding itself
        variance = fit.axes.T @ np.diag(np.square(seen["carina"].sd_mm)) @ fit.axes
        landmarks["carina"] = Landmark(seen["carina"].point_mm, variance, True)
    return landmarks


def drawn_to(place, spread, point, sd) -> tuple[np.ndarray, np.ndarray]:
    """Normal distribution of a place after those of its coordinates that a finding tells."""
    told = np.isfinite(sd)
    pick = np.eye(3)[told]
    gain = spread @ pick.T @ np.linalg.inv(pick @ spread @ pick.T + np.diag(sd[told] ** 2))
    return place + gain @ (point - place)[told], spread - gain @ pick @ spread


def lengths_of(fit: Fit, landmarks: dict[str, Landmark]) -> np.ndarray:
    """(x, y, z): inner width of the rib cage, sternum to spine, apex to recess, in mm."""
    at = {name: fit.to_frame(landmark.point_mm) for name, landmark in landmarks.items()}
    width = at["lateral_left"][0] - at["lateral_right"][0]
    depth = at["spine_m40"][1] - at["sternum_m40"][1]
    tops, ends = ([at[f"{name}_{side}"][2] for side in ("right", "left")] for name in ("apex", "recess"))
    return np.maximum([width, depth, np.mean(tops) - np.mean(ends)], 30.0)


def at_carina(fit: Fit, frame: PatientFrame, carina: Landmark) -> tuple[Fit, PatientFrame]:
    """The same with the origin moved to the carina."""
    if not carina.seen:
        return fit, PatientFrame(fit.origin_mm, fit.axes, frame.lengths_mm)
    covariance = fit.covariance.copy()
    shifts = slice(3, FRAME_TERMS)
    covariance[shifts, :] = covariance[:, shifts] = 0.0
    covariance[shifts, shifts] = fit.axes @ carina.covariance_mm2 @ fit.axes.T
    return Fit(carina.point_mm, fit.axes, fit.coefficients, covariance), PatientFrame(carina.point_mm, fit.axes, frame.lengths_mm)


def notes_on(landmarks: dict[str, Landmark], lungs: Lungs) -> tuple[Note, ...]:
    """What is strange about the map."""
    notes = []
    if not landmarks["carina"].seen:
        notes.append(
            Note(
                "carina_not_seen", "The carina was not found in the airway; the atlas tells where it probably is.",
                "places of nodal stations and lobes are wider spread",
            )
        )  # fmt: skip
    for side, name in ((RIGHT, "right"), (LEFT, "left")):
        if not (lungs.hull == side).any():
            notes.append(
                Note(
                    f"no_{name}_lung", f"The {name} lung was not found.", f"the {name} side is mapped by the other and the atlas"
                )
            )
    return tuple(notes)
