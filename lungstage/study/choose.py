"""Stacks in, the CT and the PET to use out, and for every other one the reason why it is not: by priors/study/series.toml."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ImpossibleGeometry, ImpossibleRequest, MissingImage, UnreadableInput
from ..records import SeriesCard
from .layout import heights_of
from .parameters import StudyParameters
from .pet_header import pet_header, with_wishes
from .rules import Rule, kernel_sharpness, series_rules, spaced
from .series import Stack, patient_of_slice
from .suv import climb
from .wishes import Wishes


@dataclass(frozen=True, eq=False)
class Candidate:
    """A stack with what speaks for and against it; refused: why it is never used, or None."""

    stack: Stack
    points: float
    held: frozenset[Rule]
    refused: str | None


# --- facts -----------------------------------------------------------------------------------------------------------


def facts_of(stack: Stack, numbers: StudyParameters, wishes: Wishes) -> dict[str, object]:
    """What the table of series asks of one stack by itself."""
    tags = stack.tags
    kind_words = tags.words("ImageType") + tags.words("FrameType")
    facts = {
        "image_type": f" {' '.join(' '.join(word.lower().split()) for word in kind_words)} ",
        "description": spaced(f"{tags.text('SeriesDescription')} {tags.text('ProtocolName')}"),
        "derived": bool(kind_words) and kind_words[0] == "DERIVED",
        "colour": is_colour(stack),
        "bits": tags.number("BitsStored") or tags.number("BitsAllocated"),
        "sound": stack.problem is None,
        "coverage_mm": head_foot_mm(stack),
        "step_mm": step_mm(stack),
    }
    if stack.kind == "CT":
        facts |= {
            "hounsfield": tags.text("RescaleType").upper() in ("", "HU", "US", "HU_MOD") and not mapped_elsewhere(stack),
            "kernel": kernel_sharpness(tags.words("ConvolutionKernel")[0] if tags.words("ConvolutionKernel") else "",
                                       numbers.priors),
            "axial": None if stack.slices[0].row is None else bool(abs(normal_of(stack)[2]) > 0.8),
            "field_mm": None if stack.slices[0].pixel_mm is None else stack.slices[0].columns * stack.slices[0].pixel_mm[1],
        }  # fmt: skip
    else:
        header = with_wishes(pet_header([piece.tags for piece in stack.slices], numbers), wishes)
        expected = tags.number("NumberOfSlices")
        scale = climb(header, numbers)
        facts |= {
            "attenuation_corrected": header.attenuation,
            "suv": scale.trust,
            "suv_why": scale.why,
            "complete": None if expected is None else len(stack.slices) >= expected,
        }
    return facts


def is_colour(stack: Stack) -> bool:
    """Whether the pixels are, or are meant to be shown as, colours."""
    tags = stack.tags
    meant = tags.text("PixelPresentation").upper() in ("COLOR", "TRUE_COLOR")
    photometric = tags.text("PhotometricInterpretation").upper()
    return meant or (tags.number("SamplesPerPixel") or 1) > 1 or bool(photometric and not photometric.startswith("MONOCHROME"))


def mapped_elsewhere(stack: Stack) -> bool:
    """Whether a real-world mapping gives the values another unit than HU."""
    from .headers import Tags

    units = [Tags(item).text("CodeValue").lower() for item in stack.tags.items("MeasurementUnitsCodeSequence")]
    return any(unit not in ("[hnsf'u]", "hnsf'u", "hu") for unit in units)


def normal_of(stack: Stack) -> np.ndarray:
    """Unit vector perpendicular to the slices."""
    return np.cross(stack.slices[0].row, stack.slices[0].column)


def head_foot_mm(stack: Stack) -> float | None:
    """How far the stack reaches from its lowest to its highest slice, along the body where its slices are axial."""
    if stack.slices[0].position_mm is None or stack.slices[0].row is None:
        return None
    heights = heights_of(stack.slices)
    if abs(normal_of(stack)[2]) > 0.5:
        return float(heights.max() - heights.min()) + (step_mm(stack) or 0.0)
    piece = stack.slices[0]
    if piece.pixel_mm is None:
        return None
    return float(abs(piece.column[2]) * piece.rows * piece.pixel_mm[0] + abs(piece.row[2]) * piece.columns * piece.pixel_mm[1])


def step_mm(stack: Stack) -> float | None:
    """The usual distance of neighbouring slices."""
    if stack.layout is not None:
        return stack.layout.spacing_mm[0]
    if len(stack.slices) < 2 or stack.slices[0].position_mm is None or stack.slices[0].row is None:
        return None
    return float(np.median(np.diff(heights_of(stack.slices))))


def scored(stack: Stack, facts: dict[str, object], numbers: StudyParameters) -> Candidate:
    """A stack with its points and, if a row says so, its refusal."""
    held = [rule for rule in series_rules(stack.kind.lower(), numbers.priors) if rule.holds(facts)]
    refused = next((rule.refuse + why_no_suv(rule, facts) for rule in held if rule.refuse), None)
    return Candidate(stack, sum(rule.points for rule in held), frozenset(held), refused)


def why_no_suv(rule: Rule, facts: dict[str, object]) -> str:
    """What the ladder said, after the refusal of a PET without SUV."""
    return f" ({facts['suv_why']})" if rule.fact == "suv" else ""


# --- choice ----------------------------------------------------------------------------------------------------------


def patient_of(stack: Stack) -> str:
    """By what a patient is told from another: PatientID, else the name; of the first slice that has one."""
    return next((patient for piece in stack.slices if (patient := patient_of_slice(piece))), "")


def born_and_sex(stack: Stack) -> tuple[str, str]:
    """PatientBirthDate and PatientSex, each "" where it says nothing."""
    sex = stack.tags.text("PatientSex").upper()
    return stack.tags.text("PatientBirthDate"), sex if sex in ("M", "F") else ""


def same_person(one: Stack, other: Stack) -> bool:
    """Whether two stacks name one patient, and nothing in them says that two persons share that name."""
    told = zip(born_and_sex(one), born_and_sex(other))
    return patient_of(one) == patient_of(other) and all(not a or not b or a == b for a, b in told)


def persons(stacks: list[Stack]) -> list[str]:
    """Whose the stacks are, in words; who shares a PatientID and has another birth date or sex is another person."""
    under: dict[str, list[Stack]] = {}
    for stack in stacks:
        under.setdefault(patient_of(stack), []).append(stack)
    words = set()
    for patient, own in under.items():
        alone = all(same_person(own[0], other) for other in own)
        words |= {named(patient)} if alone else {described(stack) for stack in own}
    return sorted(words)


def named(patient: str) -> str:
    """How messages call a patient."""
    return patient or "(without PatientID)"


def described(stack: Stack) -> str:
    """A stack's patient with birth date and sex."""
    born, sex = born_and_sex(stack)
    return " ".join(filter(None, (named(patient_of(stack)), f"born {born}" * bool(born), sex)))


def frame_of(stack: Stack) -> str:
    """Frame of Reference UID."""
    return stack.tags.text("FrameOfReferenceUID")


def best_of(candidates: list[Candidate]) -> Candidate:
    """The candidate with the most points; between equals the newer, then the one of more slices, more pixels, then the UID."""

    def rank(one: Candidate):
        first = one.stack.slices[0]
        date = one.stack.tags.text("StudyDate")
        return one.points, date, len(one.stack.slices), first.rows * first.columns, one.stack.uid, one.stack.part

    return max(candidates, key=rank)


def wished(candidates: list[Candidate], wish: str | None, option: str, where: str) -> list[Candidate]:
    """The candidates the user asked for; ImpossibleRequest, naming what there is, where none is that."""
    if wish is None:
        return candidates
    found = [one for one in candidates if one.stack.uid == wish]
    found = found or [one for one in candidates if len(wish) > 3 and one.stack.uid.endswith(wish)]
    if len({one.stack.uid for one in found}) != 1:
        listed = ", ".join(f"{one.stack.uid} ({one.stack.name})" for one in candidates) or "none"
        raise ImpossibleRequest(f"{where}: {option} {wish} is not the UID of one series here; there are {listed}")
    usable = [one for one in found if one.refused is None]
    if not usable:
        raise UnreadableInput(f"{where}: {found[0].stack.name} is {found[0].refused}; choose another series with {option}")
    return usable


def choose_ct(candidates: list[Candidate], wishes: Wishes, where: str) -> Candidate | None:
    """The CT to use, or None where there is none; ImpossibleRequest where CTs of several patients could be meant."""
    usable = [one for one in wished(candidates, wishes.ct, "--ct", where) if one.refused is None]
    if not usable:
        return None
    refuse_several_patients(usable, where)
    return best_of(usable)


def refuse_several_patients(candidates: list[Candidate], where: str) -> None:
    """ImpossibleRequest, naming them, where the candidates belong to several patients."""
    patients = persons([one.stack for one in candidates])
    if len(patients) > 1:
        named = ", ".join(patients)
        raise ImpossibleRequest(
            f"{where}: {len(patients)} patients are here ({named}); give the folder of one, or choose a series with --ct"
        )


def choose_pet(candidates: list[Candidate], ct: Stack | None, wishes: Wishes, where: str) -> Candidate | None:
    """The PET to use with a CT (or alone), or None; ImpossibleGeometry where the only PET is of another patient."""
    wish = None if wishes.pet is None else str(wishes.pet)
    usable = [one for one in wished(candidates, wish, "--pet", where) if one.refused is None]
    if ct is None:
        refuse_several_patients(usable, where)
        return best_of(usable) if usable else None
    own = [one for one in usable if same_person(one.stack, ct)]
    if usable and not own and (wish or wishes.ct is None):
        other = usable[0].stack
        words = described if patient_of(other) == patient_of(ct) else lambda stack: named(patient_of(stack))
        raise ImpossibleGeometry(
            f"{where}: {other.name} is of patient {words(other)}, the CT of {words(ct)}; give the folder of one patient"
        )
    if usable and own and len(own) < len(usable) and wish is None and wishes.ct is None:
        refuse_several_patients(usable, where)
    return best_of(own) if own else None


def why_not(loser: Candidate, winner: Candidate | None) -> str:
    """Why a candidate is not used: its refusal, its impossible geometry, or the row that told most against it."""
    if loser.refused:
        return loser.refused
    if winner is None:
        return str(loser.stack.problem) if loser.stack.problem else "no other image to go with it"
    if loser.stack.problem and not winner.stack.problem:
        return str(loser.stack.problem)
    against = [(rule.points, rule) for rule in winner.held - loser.held if rule.points > 0]
    against += [(-rule.points, rule) for rule in loser.held - winner.held if rule.points < 0]
    if not against:
        fewer = len(loser.stack.slices) < len(winner.stack.slices)
        return "fewer slices than the one in use" if fewer else "equal to the one in use"
    ordered = [rule.because for _, rule in sorted(against, key=lambda pair: (-pair[0], pair[1].id))]
    return in_words(list(dict.fromkeys(ordered))[:2])


def in_words(reasons: list[str]) -> str:
    """Reasons as one phrase: "thicker and sharper than the one in use, derived"."""
    compared = [reason for reason in reasons if reason.split()[0].endswith("er") or "less" in reason]
    others = [reason for reason in reasons if reason not in compared]
    return ", ".join(([" and ".join(compared) + " than the one in use"] if compared else []) + others)


def card_of(candidate: Candidate, chosen: bool, reason: str | None) -> SeriesCard:
    """The passport's line on a stack."""
    stack, tags = candidate.stack, candidate.stack.tags
    step, pixel = step_mm(stack), stack.slices[0].pixel_mm
    spacing = None if step is None or pixel is None else (round(step, 4), round(pixel[0], 4), round(pixel[1], 4))
    part = f" ({stack.part})" if stack.part else ""
    return SeriesCard(
        stack.uid, stack.kind, tags.text("SeriesDescription") + part, tags.text("ConvolutionKernel") or None, len(stack.slices),
        spacing, None if stack.layout is None else round(stack.layout.tilt_deg, 2), chosen, None if chosen else reason,
    )  # fmt: skip


def refuse_without_ct(ct: list[Candidate], pet: list[Candidate], where: str) -> None:
    """Say what is missing where no CT can be used: MissingImage beside a PET, else UnreadableInput."""
    if pet:
        raise MissingImage(f"{where}: PET but no CT in this folder; lungstage stages on CT with or without PET")
    reasons = sorted({f"{one.stack.name} is {one.refused}" for one in ct if one.refused})
    raise UnreadableInput(f"{where}: no anatomical CT here ({'; '.join(reasons) or 'nothing'}); give the folder of the scan")
