"""A folder in, a Report out: the order of the stages. Who reads `stage` knows the program."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from .records import Anatomy, Facts, Lesions, Lungs, Normal, Note, Skeleton, Staging, Study
from .tables import Priors, priors_at, read_parameters

EDITIONS = (7, 8, 9)


@dataclass(frozen=True)
class StageRun:
    """One stage as it ran: seconds, and the highest memory of the process until its end."""

    name: str
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Outcome:
    """When an answer is called whole (contract section 8)."""

    lungs_covered_min: float
    mediastinum_covered_min: float


@dataclass(frozen=True, eq=False)
class Numbers:
    """What every stage rests on, read from one folder of priors; each is that stage's own record."""

    study: object
    lungs: object
    skeleton: object
    anatomy: object
    normality: object
    lesions: object
    staging: object
    outcome: Outcome


@cache
def read_numbers(priors: Priors) -> Numbers:
    """Every stage's numbers; ImpossibleRequest names the first that cannot be."""
    from .anatomy import load_anatomy_parameters
    from .lesions import load_lesion_parameters
    from .lungs import load_lung_parameters
    from .normality import load_normality_parameters
    from .skeleton import load_skeleton_parameters
    from .staging import read_staging_parameters
    from .study import load_study_parameters

    return Numbers(
        load_study_parameters(priors), load_lung_parameters(priors), load_skeleton_parameters(priors),
        load_anatomy_parameters(priors), load_normality_parameters(priors), load_lesion_parameters(priors),
        read_staging_parameters(priors), read_parameters(priors, "parameters/answer.toml", Outcome),
    )  # fmt: skip


def check_priors(priors: Priors) -> None:
    """Read every number of a folder as the program would, the rule tables too; ImpossibleRequest if one is wrong."""
    from .evaluation import read_yardstick
    from .explain import likelihood_word
    from .study import check_tables
    from .tnm import read_edition

    read_numbers(priors)
    check_tables(priors)
    read_yardstick(priors)
    for edition in EDITIONS:
        read_edition(edition, priors)
    likelihood_word(0.5, priors)


@dataclass(frozen=True, eq=False)
class Report:
    """The answer for one patient, with everything it rests on.

    outcome   "staged", "partial" (part of the lungs, mediastinum or hila lies outside the scan) or "no_lungs"
    edition   the TNM edition shown first, 7, 8 or 9; all three are in `staging`
    runs      seconds and memory of each stage
    anatomy, skeleton, normal   None where outcome is "no_lungs"
    """

    outcome: str
    study: Study
    lungs: Lungs
    lesions: Lesions
    staging: Staging | None
    notes: tuple[Note, ...]
    facts: Facts
    edition: int
    priors: Priors
    runs: tuple[StageRun, ...]
    anatomy: Anatomy | None = None
    skeleton: Skeleton | None = None
    normal: Normal | None = None

    @cached_property
    def text(self) -> tuple[str, ...]:
        """The sentences of report.txt."""
        from .explain import sentences

        return sentences(self)

    @property
    def seconds(self) -> float:
        """How long the stages took together."""
        return sum(run.seconds for run in self.runs)

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write the output folder of the contract; UnwritableOutput if it cannot be, and then nothing is left behind."""
        from .explain import write_report

        return write_report(self, folder, overwrite=overwrite)

    def __repr__(self):
        if self.staging is None:
            return f"Report({self.outcome}, {self.seconds:.1f} s)"
        best = self.staging.editions[self.edition].most_likely
        return (
            f"Stage {best.stage} {best.probability:.0%} ({best.t} {best.n} {best.m}, {self.edition}th edition, {self.outcome}), "
            f"{len(self.lesions)} candidates, {self.seconds:.1f} s"
        )

    def _repr_html_(self) -> str:
        from .explain import notebook_html

        return notebook_html(self)


Watch = Callable[[str], AbstractContextManager]


@contextmanager
def unwatched(name: str):
    """Nobody looks: the default of `stage`."""
    yield lambda record: None


def stage(
    path: str | Path,
    *,
    facts: Facts | None = None,
    wishes=None,
    edition: int = 9,
    priors: str | Path | None = None,
    watch: Watch = unwatched,
    files: Callable[[int, int], None] | None = None,
    **named,
) -> Report:
    """Stage one patient.

    path     folder, file, zip or DICOMDIR
    facts    what is known beside the images (`read_facts` reads a patient.toml); none by default
    wishes   study.Wishes: which series to use, values that correct the headers
    edition  shown first; all are computed
    priors   a folder of numbers instead of the shipped ones
    watch    `with watch("lungs") as done: ...; done(record)` surrounds every stage, for progress
    files    called now and then with (files sorted, files in all) while the folder is read
    named    fields of study.Wishes by their names, such as `lesions="gtv.nii.gz"` or `weight_kg=80`; they win over `wishes`
    raises   a LungstageError that says in one line what is wrong with the input
    """
    from .anatomy import map_anatomy
    from .lesions import find_lesions
    from .lungs import find_lungs
    from .normality import imagine_normal
    from .skeleton import find_skeleton
    from .staging import infer_staging
    from .study import merged, read_study

    wishes = merged(wishes, **named)
    priors = priors_at(priors)
    numbers = read_numbers(priors)
    facts = facts or Facts()
    clock = Clock(watch)
    study = clock("reading", read_study, path, wishes=wishes, parameters=numbers.study, files=files)
    lungs = clock("lungs", find_lungs, study, parameters=numbers.lungs)
    if not (lungs.right.any() or lungs.left.any()):
        notes = (*study.passport.notes, *lungs.quality.notes)
        return Report("no_lungs", study, lungs, Lesions(()), None, notes, facts, edition, priors, clock.runs)
    skeleton = clock("skeleton", find_skeleton, study, parameters=numbers.skeleton)
    anatomy = clock("anatomy", map_anatomy, study, lungs, skeleton, parameters=numbers.anatomy)
    normal = clock("normal", imagine_normal, study, lungs, skeleton, anatomy, parameters=numbers.normality)
    lesions = clock("lesions", find_lesions, study, lungs, skeleton, anatomy, normal, parameters=numbers.lesions)
    lesions, staging = clock("staging", infer_named, infer_staging, lesions, anatomy, facts, numbers.staging)
    return Report(
        outcome_of(anatomy, numbers.outcome),
        study, lungs, lesions, staging,
        (*study.passport.notes, *lungs.quality.notes, *anatomy.notes, *lesions.notes, *staging.notes),
        facts, edition, priors, clock.runs, anatomy, skeleton, normal,
    )  # fmt: skip


def what_if(report: Report, changes: dict[str, str]) -> Staging:
    """The staging of the same images if a lesion, station or organ were what `changes` says, in milliseconds.

    changes   lesion id, station or organ -> "benign", "malignant", "reactive", "involved", "clear" or "metastasis"
    raises    ImpossibleRequest for a key or word that cannot be
    """
    from .errors import ImpossibleRequest
    from .staging import infer_staging

    if report.staging is None:
        raise ImpossibleRequest("this scan shows no lungs, so there is no stage that anything could change")
    facts = replace(report.facts, overrides=(*report.facts.overrides, *changes.items()))
    return infer_staging(
        report.lesions, report.anatomy.coverage, facts, parameters=read_numbers(report.priors).staging,
        coverage_pet=report.anatomy.coverage_pet,
    )  # fmt: skip


def infer_named(infer_staging: Callable, lesions: Lesions, anatomy: Anatomy, facts: Facts, parameters):
    """Lesions in the order of the patient's own suspicion, named L1, L2, …, and the staging of them.

    The names come from the images alone, so that a fact about L3 (a biopsy, a what-if) means the same lesion before
    and after the fact is known.
    """
    keywords = {"parameters": parameters, "coverage_pet": anatomy.coverage_pet}
    plain = Facts(age=facts.age, sex=facts.sex, smoking_pack_years=facts.smoking_pack_years, population=facts.population)
    first = infer_staging(lesions, anatomy.coverage, plain, explain=False, **keywords)
    suspicion = {lesion.id: 1.0 - first.roles[lesion.id]["benign"] for lesion in lesions}
    ordered = sorted(lesions, key=lambda lesion: (-suspicion[lesion.id], -lesion.longest_diameter_mm.q50, lesion.centre_mm))
    named = Lesions(tuple(replace(lesion, id=f"L{k}") for k, lesion in enumerate(ordered, start=1)), lesions.notes)
    staging = infer_staging(named, anatomy.coverage, facts, **keywords)
    final = tuple(
        replace(lesion, role=staging.roles[lesion.id], p_malignant=1.0 - staging.roles[lesion.id]["benign"]) for lesion in named
    )
    return Lesions(final, lesions.notes), staging


def outcome_of(anatomy: Anatomy, limits: Outcome) -> str:
    """Whether enough of the chest was scanned for a whole answer (contract section 8)."""
    mediastinum = min(anatomy.coverage["mediastinum"], anatomy.coverage["hila"])
    whole = anatomy.coverage["lungs"] >= limits.lungs_covered_min and mediastinum >= limits.mediastinum_covered_min
    return "staged" if whole else "partial"


class Clock:
    """Runs one stage after the other, and keeps seconds and memory of each."""

    def __init__(self, watch: Watch):
        self.watch = watch
        self.runs: tuple[StageRun, ...] = ()

    def __call__(self, name: str, stage_function: Callable, *records, **keywords):
        with self.watch(name) as done:
            start = time.perf_counter()
            record = stage_function(*records, **keywords)
            seconds = time.perf_counter() - start
            # ru_maxrss is in kilobytes on Linux
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            self.runs = (*self.runs, StageRun(name, seconds, peak_mb))
            done(record)
        return record
