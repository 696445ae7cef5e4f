"""A Report in, sentences out: report.txt as a physician would dictate it, and the summary for the terminal."""

from __future__ import annotations

from ..records import EditionStaging, Lesion, Note, RuleMatch
from ..records.names import COVERED
from .words import (
    KIND_WORDS,
    lesion_words,
    likelihood_word,
    listed,
    most_probable,
    ordinal,
    percent,
    place_words,
    plain,
    ranked,
    size_words,
    stage_word,
    uptake_words,
)

SUSPICIOUS_FROM = 0.5
"""Lesions at least this probably malignant are counted as suspicious."""
DESCRIBED_FROM = 0.2
NOT_COVERED_BELOW = 0.5
DISCLAIMER = "Made by lungstage, research software and not a medical device; a physician must check it against the images."


def sentences(report) -> tuple[str, ...]:
    """Findings, then assessment, then what was not assessable; what is missing comes first when the scan is partial."""
    if report.staging is None:
        return (no_lungs_sentence(report), DISCLAIMER)
    return (*missing(report), *findings(report), *assessment(report), *not_assessable(report), DISCLAIMER)


def no_lungs_sentence(report) -> str:
    """Why there is no stage."""
    return (
        f"Not staged: this scan shows no lungs (probability that it does: {percent(report.lungs.p_thorax)}), "
        "so nothing can be said about lung cancer."
    )


def missing(report) -> list[str]:
    """A sentence "Not staged: …" for a scan that does not hold the whole chest."""
    if report.outcome != "partial":
        return []
    coverage = report.anatomy.coverage
    parts = [f"{percent(1 - coverage[name])} of the {name}" for name in ("lungs", "mediastinum", "hila") if coverage[name] < 0.95]
    ends = listed(report.lungs.quality.cut)
    where = f" (the scan ends before the {ends} of the lungs)" if ends else ""
    outside = listed(parts) or "part of the chest"
    return [f"Not staged: {outside} lie outside the scan{where}. What follows holds for what was scanned."]


def findings(report) -> list[str]:
    """One sentence a lesion worth a sentence, most suspicious first."""
    lesions = list(report.lesions)
    told = [lesion for lesion in lesions if lesion.p_malignant >= DESCRIBED_FROM]
    count = sum(lesion.p_malignant >= SUSPICIOUS_FROM for lesion in lesions)
    quality = report.lungs.quality
    lines = [
        f"Right lung {quality.right_ml / 1000:.1f} l, left lung {quality.left_ml / 1000:.1f} l; {quality_words(quality)}. "
        f"{len(lesions)} candidates were looked at; "
        f"{count or 'none'} {'is' if count == 1 else 'are'} more probably malignant than not."
    ]
    lines += [finding(lesion, report) for lesion in told]
    if others := len(lesions) - len(told):
        lines.append(f"The other {others} candidates are probably benign (each less than {percent(DESCRIBED_FROM)}).")
    return lines


def finding(lesion: Lesion, report) -> str:
    """One lesion as it would be dictated."""
    density = most_probable(lesion.density)
    what = f"{plain(density)} {KIND_WORDS[lesion.kind]}" if lesion.kind == "pulmonary" else KIND_WORDS[lesion.kind]
    size = (
        f"{size_words(lesion.short_axis_mm)} in short axis" if lesion.kind == "node"
        else f"{size_words(lesion.longest_diameter_mm)} in longest diameter"
    )  # fmt: skip
    uptake = f", {uptake_words(lesion)}" if lesion.suv_max is not None else ""
    where = f", slice {lesion.slice.number}" if lesion.slice else ""
    role = most_probable(lesion.role)
    word = likelihood_word(lesion.p_malignant, report.priors)
    roles = "" if role == "benign" else f", most likely as {'the ' if role == 'primary' else 'a '}{plain(role)}"
    invaded = [plain(contact.structure) for contact in lesion.contacts if contact.p_invaded >= SUSPICIOUS_FROM]
    grows = f" It probably grows into the {listed(invaded)}." if invaded and role == "primary" else ""
    return (
        f"{lesion.id}: {what}, {place_words(lesion)}{where}, {size}{uptake}; "
        f"{word} malignant ({percent(lesion.p_malignant)}){roles}.{grows}"
    )


def assessment(report) -> list[str]:
    """The stage in three editions, the decision, and why."""
    shown = report.staging.editions[report.edition]
    best = shown.most_likely
    lines = [
        f"Most likely: {stage_word(best.stage)} ({percent(best.probability)}), {best.t} {best.n} {best.m}, "
        f"{ordinal(report.edition)} edition of the TNM classification; {others_sentence(shown)}"
    ]
    for edition in sorted(report.staging.editions, reverse=True):
        if edition != report.edition:
            other = report.staging.editions[edition].most_likely
            lines.append(
                f"By the {ordinal(edition)} edition: {stage_word(other.stage)} ({percent(other.probability)}), "
                f"{other.t} {other.n} {other.m}."
            )
    if shown.least_cost.stage != best.stage:
        lines.append(f"When the harm of each error is weighed, {stage_word(shown.least_cost.stage)} is the safer working stage.")
    return lines + [line for line in (why(report), next_step(report)) if line]


def others_sentence(shown: EditionStaging) -> str:
    """The runners-up."""
    rest = [f"{stage_word(name)} {percent(p)}" for name, p in ranked(shown.stage)[1:]]
    return f"also possible: {', '.join(rest)}." if rest else "no other stage reaches 5 %."


def why(report) -> str:
    """The deciding rules with the lesions behind them, and the stage without the lesion that matters most."""
    shown = report.staging.editions[report.edition]
    best = shown.most_likely
    parts = []
    for category in (best.t, best.n, best.m):
        rule = deciding_rule(shown.rules, category)
        if rule and rule.because and category not in ("N0", "M0"):
            parts.append(f"{category} because of {because_words(rule, report)}")
    return " ".join(filter(None, [f"{'; '.join(parts)}." if parts else "", without_sentence(report)]))


def deciding_rule(rules: tuple[RuleMatch, ...], category: str) -> RuleMatch | None:
    """The rule that most probably sets a category; rule ids begin with the category they set."""
    setting = [rule for rule in rules if rule.id.partition(".")[0] == category]
    return max(setting, key=lambda rule: rule.decides, default=None)


def because_words(rule: RuleMatch, report) -> str:
    """The lesions behind a rule, at most three, by name and place."""
    known = {lesion.id: lesion for lesion in report.lesions}
    return listed(f"{name} ({place_words(known[name])})" if name in known else name for name in rule.because[:3])


def without_sentence(report) -> str:
    """Without L3: IIA 58 %, for the lesion whose absence moves the stage most."""
    shown = report.staging.editions[report.edition]
    moved = [
        (sum(abs(effect.stage[name] - shown.stage[name]) for name in shown.stage) / 2, effect)
        for effect in report.staging.effects
        if effect.edition == report.edition
    ]
    if not moved:
        return ""
    size, effect = max(moved, key=lambda pair: pair[0])
    if size < 0.05:
        return ""
    stage = most_probable(effect.stage)
    return f"Without {effect.without}: {stage_word(stage)} {percent(effect.stage[stage])}."


def next_step(report) -> str:
    """The obtainable facts that would most probably change the stage."""
    shown = report.staging.editions[report.edition].most_likely.stage
    chance: dict[str, float] = {}
    worth: dict[str, float] = {}
    for one in report.staging.would_change:
        worth[one.fact] = max(one.value, worth.get(one.fact, 0.0))
        if one.stage != shown:
            chance[one.fact] = chance.get(one.fact, 0.0) + one.probability
    facts = sorted((fact for fact in worth if chance.get(fact, 0.0) >= 0.01), key=lambda fact: -worth[fact])[:2]
    if not facts:
        return ""
    first, *rest = [f"{fact} would change the stage in {percent(chance[fact])}" for fact in facts]
    return "; ".join([first, *(text.replace(" would change the stage", "") for text in rest)]) + "."


def not_covered(coverage: dict[str, float]) -> list[str]:
    """Names of the regions of which most lies outside the scan."""
    return [name for name in COVERED if coverage[name] < NOT_COVERED_BELOW]


def not_assessable(report) -> list[str]:
    """What the scan does not show, and every note."""
    lines = []
    if names := not_covered(report.anatomy.coverage):
        lines.append(f"Not covered by the CT: {listed(names)}; what may be there keeps its prior share in the answer.")
    if report.anatomy.coverage_pet is None:
        lines.append("There is no PET; uptake could not be used.")
    elif names := not_covered(report.anatomy.coverage_pet):
        lines.append(f"Not covered by the PET: {listed(names)}.")
    if report.facts.treated:
        lines.append("The patient has been treated; the probabilities are for untreated patients (read every category with y).")
    return lines + [note_sentence(note) for note in report.notes]


def note_sentence(note: Note) -> str:
    """A note and its effect as whole sentences."""
    parts = [part.strip().rstrip(".") for part in (note.text, note.effect) if part.strip()]
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def summary(report) -> list[str]:
    """The answer on one screen of a terminal."""
    if report.staging is None:
        return [no_lungs_sentence(report)]
    shown = report.staging.editions[report.edition]
    rows = [*missing(report), *([""] if report.outcome == "partial" else []), stage_row(shown, report.edition)]
    primary = most_probable(report.staging.primary)
    lead = {"T": [primary] if primary.startswith("L") else [], "N": decided_by(shown, "N"), "M": decided_by(shown, "M")}
    for letter, distribution in (("T", shown.t), ("N", shown.n), ("M", shown.m)):
        rows.append(f"  {letter}  {category_row(distribution):<42} {lead_words(letter, lead[letter], report)}".rstrip())
    rows.append("")
    if text := why(report):
        rows.append(f"Why        {text}")
    if text := next_step(report):
        rows.append(f"Next       {text}")
    for number, note in enumerate(report.notes):
        rows.append(f"{'Notes' if number == 0 else '':<10} {note_sentence(note)}")
    return rows


def stage_row(shown: EditionStaging, edition: int) -> str:
    """Stage IIIA 61 %, the runners-up, and the edition at the right."""
    (name, probability), *rest = ranked(shown.stage)
    other = 1.0 - probability - sum(p for _, p in rest)
    head = stage_word(name)
    tail = [f"{stage} {percent(p)}" for stage, p in rest] + ([f"other {percent(other)}"] if other >= 0.005 else [])
    row = f"{head[0].upper()}{head[1:]}  {percent(probability)}      {'   '.join(tail)}"
    return f"{row:<78} {ordinal(edition)} edition"


def category_row(distribution: dict[str, float]) -> str:
    """T2b  74 %   T2a 15 %   T3 11 %."""
    return "   ".join(f"{name} {percent(p)}" for name, p in ranked(distribution, most=3))


def decided_by(shown: EditionStaging, letter: str) -> list[str]:
    """The lesions behind the most probable category of one letter."""
    category = most_probable({"N": shown.n, "M": shown.m}[letter])
    rule = deciding_rule(shown.rules, category)
    return list(rule.because) if rule and category not in ("N0", "M0") else []


def lead_words(letter: str, ids: list[str], report) -> str:
    """The leading lesion behind a row, or what keeps M open."""
    known = {lesion.id: lesion for lesion in report.lesions}
    if ids and ids[0] in known:
        return lesion_words(known[ids[0]])
    if letter == "M":
        names = [name for name in not_covered(report.anatomy.coverage) if name not in ("lungs", "mediastinum", "hila")]
        return f"{listed(names)} not covered: {'its' if len(names) == 1 else 'their'} share stays in M" if names else ""
    return ""


def stage_line(name: str, record) -> str:
    """What one stage found, in one line for whoever watches."""
    return STAGE_LINES.get(name, lambda record: "")(record)


def study_line(study) -> str:
    """CT 300 x 512 x 512, 0.70 x 0.70 x 1.25 mm · PET 267 slices, SUVbw exact."""
    grid = study.ct.grid
    z, y, x = grid.spacing_mm
    text = f"CT {' x '.join(map(str, grid.shape))}, {x:.2f} x {y:.2f} x {z:.2f} mm"
    if study.pet is not None:
        trust = study.passport.pet.trust if study.passport.pet else None
        text += f" · PET {study.pet.grid.shape[0]} slices, {' '.join(filter(None, (study.pet.unit, trust)))}"
    return text


def lungs_line(lungs) -> str:
    """right 2.9 l, left 2.4 l · noise 14 HU, heart moves 2 mm, diaphragm doubled on 1 %."""
    if not (lungs.right.any() or lungs.left.any()):
        return "no lungs in this scan"
    quality = lungs.quality
    return f"right {quality.right_ml / 1000:.1f} l, left {quality.left_ml / 1000:.1f} l · {quality_words(quality)}"


def quality_words(quality) -> str:
    """noise 14 HU, heart moves 2 mm, diaphragm doubled on 1 %."""
    heart = "" if quality.heart_motion_mm is None else f", heart moves {quality.heart_motion_mm:.0f} mm"
    return f"noise {quality.noise_hu:.0f} HU{heart}, diaphragm doubled on {percent(quality.doubled_share)}"


def anatomy_line(anatomy) -> str:
    """carina ± 2 mm · not covered: brain."""
    carina = anatomy.landmarks["carina"]
    spread = float(carina.covariance_mm2.trace() / 3) ** 0.5
    seen = "" if carina.seen else " (told by the atlas)"
    names = not_covered(anatomy.coverage)
    tail = f" · not covered: {', '.join(names)}" if names else ""
    return f"carina ± {spread:.0f} mm{seen}, {len(anatomy.lobe_names)} lobes, {len(anatomy.station_names)} stations{tail}"


def normal_line(normal) -> str:
    """lung -820 HU, blood pool SUV 1.6, liver 2.1."""
    text = f"lung {normal.lung_hu.mean:.0f} HU"
    if normal.blood_suv is not None:
        text += f", blood pool SUV {normal.blood_suv.mean:.1f}"
    if normal.liver_suv is not None:
        text += f", liver SUV {normal.liver_suv.mean:.1f}"
    return text


def lesions_line(lesions) -> str:
    """24 candidates."""
    return f"{len(lesions)} candidate{'' if len(lesions) == 1 else 's'}"


def staging_line(result) -> str:
    """24 candidates, 4 suspicious."""
    lesions, staging = result
    count = sum(lesion.p_malignant >= SUSPICIOUS_FROM for lesion in lesions)
    return f"{count} suspicious, primary {most_probable(staging.primary)}"


STAGE_LINES = {
    "reading": study_line,
    "lungs": lungs_line,
    "skeleton": lambda skeleton: f"{int((skeleton.labels > 0).sum()) * skeleton.grid.voxel_ml:.0f} ml of bone",
    "anatomy": anatomy_line,
    "normal": normal_line,
    "lesions": lesions_line,
    "staging": staging_line,
    "report": str,
}
