"""`lungstage-classic phantom OUT`: synthetic patients with known truth, as DICOM."""

from __future__ import annotations

import sys
from pathlib import Path

EDITIONS = (7, 8, 9)
COVERAGES = ("thorax", "body")


def add_parser(subparsers) -> None:
    """The options of `phantom`."""
    parser = subparsers.add_parser("phantom", help="make synthetic patients", description=__doc__)
    parser.add_argument("out", metavar="OUT", help="folder to write; with --count, a folder of patients named by their seed")
    parser.add_argument("--edition", type=int, choices=EDITIONS, default=9, help="of the wished T, N, M (default: %(default)s)")
    parser.add_argument("--t", metavar="T", help="such as T2a; drawn as in a clinic where absent")
    parser.add_argument("--n", metavar="N", help="such as N2a")
    parser.add_argument("--m", metavar="M", help="such as M1b")
    parser.add_argument("--normal", action="store_true", help="a patient without cancer")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="which patient; same seed, same bytes (default: %(default)s)"
    )
    parser.add_argument("--count", type=int, metavar="K", help="make K patients, seeds S, S+1, ...")
    parser.add_argument("--coverage", choices=COVERAGES, default="thorax", help="(default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace patients made before")
    parser.add_argument("--debug", action="store_true", help="traceback when something breaks")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Make, save, say what there is."""
    from ..errors import ImpossibleRequest
    from ..folders import check_target

    if arguments.count is not None and arguments.count < 1:
        raise ImpossibleRequest(f"--count {arguments.count}: at least one patient is needed")
    if arguments.seed < 0:
        raise ImpossibleRequest(f"--seed {arguments.seed}: seeds are whole numbers from 0 on")
    seeds = range(arguments.seed, arguments.seed + (arguments.count or 1))
    out = Path(arguments.out)
    targets = {seed: out / str(seed) if arguments.count else out for seed in seeds}

    from ..phantom.make_case import MARKER, make_case

    for target in targets.values():
        check_target(target, MARKER, arguments.overwrite)
    for seed, target in targets.items():
        case = make_case(
            seed, t=arguments.t, n=arguments.n, m=arguments.m, edition=arguments.edition, normal=arguments.normal,
            coverage=arguments.coverage,
        )  # fmt: skip
        case.save(target, overwrite=arguments.overwrite)
        sys.stdout.write("\n".join(lines(case, target, arguments.edition)) + "\n")
    return 0


def lines(case, target: Path, edition: int) -> list[str]:
    """What was made, in plain words."""
    truth, ct, pet = case.truth, case.study.ct, case.study.pet
    stage = truth.editions[str(edition)]
    malignant = [one for one in truth.lesions if one.malignant]
    slices = ", ".join(
        f"{name} {image.grid.shape[0]} slices of {image.grid.spacing_mm[0]:g} mm" for name, image in (("CT", ct), ("PET", pet))
    )
    words = [f"{one.name} {one.longest_diameter_mm:.0f} mm" for one in malignant]
    return [
        f"{target}   seed {truth.seed}: {stage.t} {stage.n} {stage.m}, stage {stage.stage} ({edition}th edition)",
        f"  {slices}",
        f"  cancer: {', '.join(words) or 'none to see'}; harmless findings: {len(truth.lesions) - len(malignant)}",
    ]
