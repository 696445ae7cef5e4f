"""`lungstage-classic evaluate TRUTH_DIR RESULT_DIR`: results of `stage` against what is known to be true, scored."""

from __future__ import annotations

import sys
from pathlib import Path

MARKER = "scores.json"


def add_parser(subparsers) -> None:
    """The options of `evaluate`."""
    parser = subparsers.add_parser("evaluate", help="score results against the truth", description=__doc__)
    parser.add_argument("truth_dir", metavar="TRUTH_DIR", help="patients with truth/truth.json or truth.json, or one patient")
    parser.add_argument("result_dir", metavar="RESULT_DIR", help="results of stage, by the same names, or one result")
    parser.add_argument("-o", "--out", metavar="OUT", default="lungstage-scores", help="folder to write (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier scores in OUT")
    parser.add_argument("--priors", metavar="DIR", help="numbers instead of the shipped ones")
    parser.add_argument("--json", action="store_true", help="print scores.json instead of the summary")
    parser.add_argument("--debug", action="store_true", help="traceback when something breaks")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Score, save, print; patients that could not be scored are named on stderr."""
    from ..folders import check_target

    out = Path(arguments.out)
    check_target(out, MARKER, arguments.overwrite)

    from ..evaluation import evaluate

    scores = evaluate(arguments.truth_dir, arguments.result_dir, priors=arguments.priors)
    scores.save(out, overwrite=arguments.overwrite)
    for line in scores.missing.lines():
        print(f"lungstage: {line}", file=sys.stderr)
    if arguments.json:
        sys.stdout.write((out / MARKER).read_text(encoding="utf-8"))
        return 0
    print("\n".join(scores.lines()))
    print(f"scores     {out / 'scores.html'}")
    return 0
