"""`lungstage-classic inspect DIR`: what is in there, what would be used, what is wrong with it."""

from __future__ import annotations

import json
import sys

from .terminal import printable


def add_parser(subparsers) -> None:
    """The options of `inspect`."""
    parser = subparsers.add_parser("inspect", help="what is in a folder", description=__doc__)
    parser.add_argument("dir", metavar="DIR", help="folder, file, zip or DICOMDIR of one patient")
    parser.add_argument("--ct", metavar="UID", help="as if this CT series were chosen")
    parser.add_argument("--pet", metavar="UID", help="as if this PET series, or NIfTI file in SUV, were chosen")
    parser.add_argument("--priors", metavar="DIR", help="numbers instead of the shipped ones")
    parser.add_argument("--json", action="store_true", help="print the passport as JSON")
    parser.add_argument("--debug", action="store_true", help="traceback when something breaks")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Read, and print the passport."""
    from ..study import Wishes, inspect, load_study_parameters
    from ..tables.priors import priors_at
    from .stage import Progress

    numbers = load_study_parameters(priors_at(arguments.priors))
    wishes = Wishes(ct=arguments.ct, pet=arguments.pet)
    progress = Progress(quiet=not sys.stderr.isatty())
    with progress.spinner("reading"):
        passport = inspect(arguments.dir, wishes=wishes, parameters=numbers, files=progress.files)
    if arguments.json:
        from ..explain.run_record import passport_entry

        print(json.dumps(passport_entry(passport), indent=1, ensure_ascii=False))
    else:
        print("\n".join(map(printable, lines_of(passport))))
    return 0


def lines_of(passport) -> list[str]:
    """The passport in lines: a heading, the series, the geometry, and what is strange."""
    lines = [heading(passport)]
    lines += [series_line(card, passport) for card in passport.series]
    if passport.ct is not None:
        lines.append(f" ok   {geometry_words(passport)}")
    lines += [f" !    {note.text}{'; ' * bool(note.effect)}{note.effect}" for note in passport.notes]
    return lines


def heading(passport) -> str:
    """How much is there."""
    series = sum(card.slices > 0 for card in passport.series)
    counts = [
        plural(passport.patients, "patient"), "1 study" if passport.studies == 1 else f"{passport.studies} studies",
        f"{series} series",
    ]  # fmt: skip
    if passport.other_files:
        counts.append(f"{plural(passport.other_files, 'other file')} without an image")
    return f"{passport.origin}   {', '.join(counts)}"


def plural(number: int, thing: str) -> str:
    """A number with its noun."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def series_line(card, passport) -> str:
    """One series: used or not, and what there is to say of it."""
    name = f'"{" ".join(filter(None, [card.description, card.kernel]))}"' if card.description or card.kernel else card.uid
    start = f" {'use' if card.chosen else ' – '}  {card.modality:<4} {name}"
    if not card.chosen:
        return f"{start}   {card.why_not}"
    facts = [f"{card.slices} slices"]
    if card.spacing_mm is not None:
        facts.append("{1:.2f} x {2:.2f} x {0:.2f} mm".format(*card.spacing_mm))
    if passport.pet is not None and card.uid == passport.pet.uid:
        facts.append(suv_words(passport.pet))
    elif "ct" in passport.coverage_mm:
        facts.append(f"{passport.coverage_mm['ct']:.0f} mm from head to foot")
    return f"{start}   {'  '.join(facts)}"


def suv_words(card) -> str:
    """How the SUV was made."""
    steps = ", ".join(step.what for step in card.steps)
    return f"{card.unit} {card.trust}: {steps}" if steps else f"{card.unit} {card.trust}"


def geometry_words(passport) -> str:
    """The geometry in words."""
    codes = {note.code for note in passport.notes}
    words = [
        "uneven steps, resampled" if "uneven_steps" in codes else "equal steps",
        "tilted gantry, shifted straight" if "gantry_tilt" in codes else "no tilt",
    ]
    together = []
    if passport.pet is not None:
        apart = {"pet_other_frame", "pet_file"} & codes
        frame = "CT and PET share no named frame of reference" if apart else "CT and PET share a frame of reference"
        together = [f"{frame}, the PET covers {overlap(passport):.0%} of the CT"]
        if passport.breathing_shift_mm is not None:
            together.append(f"diaphragm {passport.breathing_shift_mm:+.0f} mm on PET")
    return f"geometry: {'; '.join([', '.join(words), *together])}"


def overlap(passport) -> float:
    """The share of the CT's head-foot extent that the PET covers too."""
    ct, pet = (card.grid.corners_mm()[:, 2] for card in (passport.ct, passport.pet))
    return max(0.0, min(ct.max(), pet.max()) - max(ct.min(), pet.min())) / (ct.max() - ct.min())
