"""`lungstage-classic stage DIR`: one patient staged, the answer on the terminal and in a folder."""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .. import __version__
from ..errors import ImpossibleRequest, UnwritableOutput
from .terminal import printable

EDITIONS = (7, 8, 9)
POPULATIONS = ("clinic", "surgical", "screening")
MARKER = "staging.json"
DISCLAIMER = "research software, not a medical device"


def add_parser(subparsers) -> None:
    """The options of `stage`."""
    parser = subparsers.add_parser("stage", help="stage one patient", description=__doc__)
    parser.add_argument("dir", metavar="DIR", help="folder, file, zip or DICOMDIR of one patient")
    parser.add_argument("-o", "--out", metavar="OUT", default="lungstage-out", help="result folder (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result in OUT")
    choice = parser.add_argument_group("which images")
    choice.add_argument("--ct", metavar="UID", help="use this CT series")
    choice.add_argument("--pet", metavar="UID", help="use this PET series, or a NIfTI file in SUV")
    facts = parser.add_argument_group("what is known beside the images")
    facts.add_argument("--patient", metavar="FILE", help="a patient.toml")
    facts.add_argument("--what-if", metavar="K=WORD", action="append", default=[], help='such as "7=reactive"; repeatable')
    facts.add_argument("--population", choices=POPULATIONS, default="clinic", help="who is scanned (default: %(default)s)")
    facts.add_argument("--edition", type=int, choices=EDITIONS, default=9, help="shown first; all are computed")
    facts.add_argument(
        "--lungs", metavar="F", help="lungs from elsewhere, as evidence: label map, folder of masks, SEG, RTSTRUCT"
    )
    facts.add_argument("--organs", metavar="D", help="organs from elsewhere, as evidence: a folder as TotalSegmentator writes it")
    facts.add_argument("--lesions", metavar="F", help="lesions that someone marked, as evidence: label map, SEG, RTSTRUCT")
    repair = parser.add_argument_group("what the headers have wrong")
    repair.add_argument("--weight-kg", type=positive, metavar="X")
    repair.add_argument("--height-cm", type=positive, metavar="X")
    repair.add_argument("--dose-mbq", type=positive, metavar="X")
    repair.add_argument("--uptake-min", type=positive, metavar="X", help="minutes from injection to scan")
    repair.add_argument("--fix-orientation", action="store_true", help="turn the images as the anatomy says")
    repair.add_argument("--hu-offset", type=float, metavar="X", help="added to every HU")
    machine = parser.add_argument_group("how")
    machine.add_argument("--priors", metavar="DIR", help="numbers instead of the shipped ones")
    machine.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="(default: %(default)s)")
    machine.add_argument("--threads", type=int, metavar="N", help="at most N threads")
    machine.add_argument("--max-ram", type=positive, metavar="GB", help="stop rather than use more")
    machine.add_argument("--quiet", action="store_true", help="no progress")
    machine.add_argument("--json", action="store_true", help="print staging.json instead of the summary")
    machine.add_argument("--debug", action="store_true", help="traceback when something breaks")
    parser.set_defaults(run=run)


def positive(text: str) -> float:
    """A number above 0 for argparse."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def run(arguments) -> int:
    """Stage, save, print."""
    from ..folders import check_target

    if not arguments.out.strip():
        raise UnwritableOutput("-o is empty; choose a folder for the result")
    check_target(Path(arguments.out), MARKER, arguments.overwrite)
    if arguments.device == "gpu":
        raise ImpossibleRequest("--device gpu: this version computes on the CPU only; leave --device out")
    use_threads(arguments.threads)
    progress = Progress(quiet=arguments.quiet)
    progress.say(f"lungstage {__version__}   {DISCLAIMER}")

    from ..pipeline import stage
    from ..study import Wishes

    wishes = Wishes(
        ct=arguments.ct, pet=arguments.pet, weight_kg=arguments.weight_kg, height_cm=arguments.height_cm,
        dose_mbq=arguments.dose_mbq, uptake_min=arguments.uptake_min, fix_orientation=arguments.fix_orientation,
        hu_offset=arguments.hu_offset or 0.0, max_ram_gb=arguments.max_ram, lungs=arguments.lungs,
        organs=arguments.organs, lesions=arguments.lesions,
    )  # fmt: skip
    report = stage(
        arguments.dir, facts=facts_of(arguments), wishes=wishes, edition=arguments.edition, priors=arguments.priors,
        watch=progress, files=progress.files,
    )  # fmt: skip
    with progress("report") as done:
        folder = report.save(arguments.out, overwrite=arguments.overwrite)
        done(folder)
    if arguments.json:
        sys.stdout.write((folder / "staging.json").read_text(encoding="utf-8"))
        return 0
    from ..explain import summary

    print("\n".join(map(printable, summary(report))))
    print(printable(f"report     {folder / 'report.html'}"))
    return 0


def facts_of(arguments):
    """Facts of --patient, --what-if and --population."""
    from ..records import Facts
    from ..study import read_facts

    plain = Facts(population=arguments.population)
    facts = plain if arguments.patient is None else read_facts(arguments.patient, arguments.population)
    overrides = []
    for text in arguments.what_if:
        key, equals, word = text.partition("=")
        if not (key and equals and word):
            raise ImpossibleRequest(f'--what-if {text!r} is not KEY=WORD, such as "7=reactive" or "L3=benign"')
        overrides.append((key.strip(), word.strip()))
    return replace(facts, overrides=tuple(overrides))


def use_threads(count: int | None) -> None:
    """At most `count` threads in the kernels and in SimpleITK."""
    if count is None:
        return
    if count < 1:
        raise ImpossibleRequest(f"--threads {count}: at least one is needed")
    import numba
    import SimpleITK

    from ..kernels.threads import set_threads

    set_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(count)


class Progress:
    """One line on stderr a stage, what was found and its seconds; on a terminal a spinner while it works."""

    def __init__(self, quiet: bool):
        self.quiet = quiet
        self.first = True
        self.status = None

    def say(self, text: str) -> None:
        """A line for whoever watches."""
        if not self.quiet:
            print(printable(text), file=sys.stderr, flush=True)

    @contextmanager
    def __call__(self, name: str):
        import time

        if self.first and not compiled_before():
            self.say("first run on this machine: compiling takes about a minute more; later runs are quick")
        self.first = False
        found = []
        start = time.perf_counter()
        with self.spinner(name):
            yield found.append
        seconds = time.perf_counter() - start
        self.say(f"{name:<10} {self.words(name, found[0]):<88} {seconds:6.1f} s")

    @contextmanager
    def spinner(self, name: str):
        """The name of the running stage, alive, on a terminal."""
        if self.quiet or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console

        with Console(stderr=True).status(f"{name} …") as self.status:
            yield
        self.status = None

    def files(self, done: int, total: int) -> None:
        """A bar of the files that are sorted, on a terminal."""
        if self.status is not None:
            self.status.update(f"reading … {bar(done, total)} {done} of {total} files")

    def words(self, name: str, record) -> str:
        """What a stage found, in one line."""
        from ..explain import stage_line

        return stage_line(name, record)


def bar(done: int, total: int, width: int = 24) -> str:
    """A bar of text, as full as the share that is done."""
    full = round(width * done / max(1, total))
    return "█" * full + "·" * (width - full)


def compiled_before() -> bool:
    """Whether the kernels' machine code lies in a cache already."""
    from numba.core.config import CACHE_DIR

    from .. import kernels

    places = [Path(kernels.__file__).parent / "__pycache__", Path(CACHE_DIR or Path.home() / ".cache" / "numba")]
    return any(next(place.rglob("*.nbi"), None) is not None for place in places if place.is_dir())
