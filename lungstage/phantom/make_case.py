"""A seed and wishes in, a synthetic patient out: PET/CT with the truth, as records or as a folder of DICOM.

anatomy -> physiology -> disease -> findings -> truth -> scanner -> DICOM, each with random numbers of its own, so that another
disease or another scanner leaves the patient as he is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import ImpossibleRequest
from ..folders import fresh_folder
from ..records import ImageCard, Passport, PatientHeader, SeriesCard, SliceLabel, Study, SuvStep, Volume
from .anatomy import COVERAGE_MM, Anatomy, build_anatomy
from .cases import named_case
from .disease import place_disease
from .findings import place_findings
from .lesion import Lesion
from .lung_weight import weigh_lungs
from .masks import draw_masks, write_masks
from .parameters import PhantomParameters, shipped_parameters
from .physiology import Physiology, draw_physiology
from .scanner import Scan, scan_patient
from .solids import Solids, join
from .streams import stream
from .truth import Truth, find_truth
from .uptake import late_minutes, lesions_late, tissues_late
from .wishes import HEALTHY, lobes_needed, plan_disease

SCANNER_STREAMS = ("protocol", "texture", "ct", "pet", "rare", "motion", "moved")
MARKER = "truth"
"""A folder without this is no case of ours and is never overwritten."""


@dataclass(frozen=True, eq=False)
class Case:
    """One synthetic patient.

    study     CT in HU and PET in SUVbw, as `read_study` would give them
    truth     what is there
    """

    study: Study
    truth: Truth
    key: str
    anatomy: Anatomy = field(repr=False)
    lesions: tuple[Lesion, ...] = field(repr=False)
    scan: Scan = field(repr=False)

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write ct/, pet/ and truth/; the folder is complete or absent. UnwritableOutput if it exists and not `overwrite`."""
        with fresh_folder(folder, MARKER, overwrite) as work:
            self.write(work)
        return Path(folder)

    def write(self, folder: Path) -> None:
        """The files of the case into a folder that exists."""
        from .dicom import write_dicom

        write_dicom(folder, self.key, f"PHANTOM^{self.truth.seed}", self.anatomy.person, self.scan)
        write_masks(
            folder / "truth" / "masks", draw_masks(self.anatomy, list(self.lesions), self.scan.ct_grid), self.scan.ct_grid
        )
        text = json.dumps(self.truth.as_json(), indent=1, ensure_ascii=False)
        (folder / "truth" / "truth.json").write_text(text + "\n", encoding="utf-8")


def make_case(seed: int = 0, t: str | None = None, n: str | None = None, m: str | None = None, edition: int = 9,
              normal: bool = False, coverage: str = "thorax", parameters: PhantomParameters | None = None,
              case: str | None = None) -> Case:  # fmt: skip
    """A patient with the wished T, N and M in the words of `edition`; what is not wished is drawn as in a clinic.

    seed       same seed and wishes, same bytes
    normal     a patient without cancer; then no T, N, M may be wished
    coverage   "thorax" (to the adrenals) or "body" (head to thighs); a named case that needs more has more
    case       a hand-written case of priors/phantom/cases.csv by its name, such as "45"; then no T, N, M may be wished
    raises     ImpossibleRequest, listing what may be wished
    """
    numbers = parameters or shipped_parameters()
    check_request(seed, t, n, m, edition, normal, coverage, case)
    named = None if case is None else named_case(case)
    if named is not None and named.coverage == "body":
        coverage = "body"
    plan = HEALTHY if normal else named.plan if named else plan_disease(seed, t, n, m, edition, coverage)
    anatomy = build_anatomy(seed, coverage, numbers, lobes_needed(plan))
    late = late_minutes(seed)
    physiology = weigh_lungs(seed, anatomy, draw_physiology(seed, anatomy.person, numbers), numbers)
    physiology = tissues_late(physiology, late)
    disease = lesions_late(place_disease(seed, anatomy, physiology, plan), late)
    found = place_findings(seed, anatomy, physiology, disease, (named.also,) if named and named.also else ())
    found = lesions_late(found, late)
    truth, listed = find_truth(seed, anatomy, plan, disease + found, patient_of(anatomy))
    solids, physiology = assemble(anatomy, physiology, disease, found)
    streams = {name: stream(seed, f"scanner {name}") for name in SCANNER_STREAMS}
    scan = scan_patient(anatomy, physiology, solids, numbers, streams, late)
    key = f"{seed} {t} {n} {m} {edition} {normal} {coverage} {numbers}" + (f" case {case}" if case else "")
    return Case(study_of(anatomy, scan, key), truth, key, anatomy, tuple(listed), scan)


def check_request(seed, t, n, m, edition, normal: bool, coverage: str, case: str | None) -> None:
    """What `plan_disease` does not see."""
    if edition not in (7, 8, 9):
        raise ImpossibleRequest(f"edition {edition} is not one of 7, 8, 9")
    if coverage not in COVERAGE_MM:
        raise ImpossibleRequest(f"coverage {coverage!r} is not one of {', '.join(COVERAGE_MM)}")
    if not isinstance(seed, int) or seed < 0:
        raise ImpossibleRequest(f"seed {seed!r} is not a whole number from 0 on")
    if normal and (t or n or m):
        raise ImpossibleRequest(f"a normal patient has no T, N or M: leave out {' '.join(filter(None, (t, n, m)))} or `normal`")
    if case is not None and (t or n or m or normal):
        wished = " ".join(filter(None, (t, n, m, "normal" if normal else None)))
        raise ImpossibleRequest(f"case {case} has a T, N and M of its own: leave out {wished} or the case")


def assemble(anatomy: Anatomy, physiology: Physiology, disease: list[Lesion], found: list[Lesion]) -> tuple[Solids, Physiology]:
    """All solids in painting order, and the physiology with the tissues of each lesion under a name of its own."""
    under, fluid, over = [], [], []
    for index, lesion in enumerate(found + disease):
        own = {name: f"{name} {index}" for name in lesion.worths}
        for name, worth in lesion.worths.items():
            physiology = physiology.with_tissue(own[name], worth)
        painted = replace(lesion.painted, tissue=tuple(own.get(name, name) for name in lesion.painted.tissue))
        home = under if lesion.under else fluid if lesion.kind in ("effusion", "collapse") else over
        home.append(painted)
    return join(anatomy.wall, anatomy.lungs, *under, anatomy.middle, *fluid, *over), physiology


def patient_of(anatomy: Anatomy) -> dict[str, str | float | bool]:
    """Who was scanned, for the truth."""
    person = anatomy.person
    return {
        "age_years": person.age_years, "sex": person.sex, "height_cm": person.height_cm, "weight_kg": person.weight_kg,
        "arms_up": person.arms_up, "contrast": person.contrast, "inspiration": round(person.inspiration, 3),
        "variants": " ".join(sorted(person.variants.names)), "removed": " ".join(sorted(person.variants.removed)),
    }  # fmt: skip


def study_of(anatomy: Anatomy, scan: Scan, key: str) -> Study:
    """The records that a reader of the files would make."""
    from .dicom import slice_uid, uid

    person = anatomy.person
    ct = Volume(scan.ct, scan.ct_grid, "HU")
    pet = Volume(scan.pet_suv(person.weight_kg), scan.pet_grid, "SUVbw")
    series = tuple(
        SeriesCard(uid(key, name, "series"), modality, f"synthetic {modality}", None, grid.shape[0], grid.spacing_mm, 0.0, True)
        for name, modality, grid in (("ct", "CT", scan.ct_grid), ("pet", "PT", scan.pet_grid))
    )
    steps = (SuvStep("SUVbw = Bq/mL * weight / activity at scan start", {"PatientWeight": f"{person.weight_kg:.1f}"}),)
    passport = Passport(
        series, ImageCard(series[0].uid, scan.ct_grid, "HU"), ImageCard(series[1].uid, scan.pet_grid, "SUVbw", "exact", steps),
        {"ct": scan.ct_grid.shape[0] * scan.ct_grid.spacing_mm[0], "pet": scan.pet_grid.shape[0] * scan.pet_grid.spacing_mm[0]},
        (), uid(key, "digest"), origin="phantom",
    )  # fmt: skip
    labels = tuple(SliceLabel(k + 1, slice_uid(key, "ct", k)) for k in range(scan.ct_grid.shape[0]))
    header = PatientHeader(f"PHANTOM-{key.split()[0]}", float(person.age_years), person.sex, person.weight_kg, person.height_cm)
    return Study(ct, pet, passport, slices=labels, patient=header)
