"""`lungstage-classic priors`: the numbers the program rests on: list them, read them, check or copy them."""

from __future__ import annotations

from pathlib import Path


def add_parser(subparsers) -> None:
    """The four verbs of `priors`."""
    parser = subparsers.add_parser("priors", help="the numbers behind the answer", description=__doc__)
    parser.add_argument("--debug", action="store_true", help="traceback when something breaks")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    verbs.add_parser("list", help="every number with value, unit and meaning").set_defaults(run=run_list)
    show = verbs.add_parser("show", help="one file or one number")
    show.add_argument("name", metavar="NAME", help="such as lungs.air_hu or tnm/edition-9/groups.csv")
    show.set_defaults(run=run_show)
    check = verbs.add_parser("check", help="is a changed copy usable")
    check.add_argument("dir", metavar="DIR")
    check.set_defaults(run=run_check)
    export = verbs.add_parser("export", help="write a copy to change, for --priors")
    export.add_argument("dir", metavar="DIR")
    export.add_argument("--overwrite", action="store_true")
    export.set_defaults(run=run_export)
    parser.set_defaults(run=run_list)


def run_list(arguments) -> int:
    """Every parameter, file by file."""
    from ..tables import shipped_priors

    priors = shipped_priors()
    for path in priors.paths():
        print(path)
        if path.startswith("parameters/"):
            for key, entry in priors.toml(path).items():
                print(f"    {key:<32} {shown(entry):<24} {entry['meaning']}")
    print(f"\ndigest {priors.digest()}")
    return 0


def run_show(arguments) -> int:
    """A file as it stands, or one parameter with all that is known of it."""
    from ..errors import ImpossibleRequest
    from ..tables import shipped_priors

    priors = shipped_priors()
    paths = priors.paths()
    if arguments.name in paths:
        print(priors.text(arguments.name).rstrip("\n"))
        return 0
    stem, _, key = arguments.name.partition(".")
    path = f"parameters/{stem}.toml"
    entries = priors.toml(path) if path in paths else {}
    if key and key in entries:
        print(f"{arguments.name} = {shown(entries[key])}")
        for name, value in entries[key].items():
            if name not in ("value", "unit"):
                print(f"    {name:<10} {value}")
        return 0
    if not key and entries:
        print(priors.text(path).rstrip("\n"))
        return 0
    known = ", ".join(sorted(entries)) if entries else ", ".join(paths)
    raise ImpossibleRequest(f"{arguments.name}: no such file or number; known are {known}")


def run_check(arguments) -> int:
    """Read every number of a folder as the program would."""
    from ..pipeline import check_priors
    from ..tables import priors_at

    priors = priors_at(arguments.dir)
    check_priors(priors)
    print(f"{arguments.dir}: {len(priors.paths())} files of numbers, all usable\ndigest {priors.digest()}")
    return 0


def run_export(arguments) -> int:
    """A copy of the shipped numbers."""
    from ..folders import fresh_folder
    from ..tables import shipped_priors

    priors = shipped_priors()
    with fresh_folder(arguments.dir, "sources.bib", arguments.overwrite) as folder:
        for path in priors.paths():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(priors.text(path), encoding="utf-8")
    print(f"{Path(arguments.dir)}: {len(priors.paths())} files; change them and use --priors {arguments.dir}")
    return 0


def shown(entry: dict) -> str:
    """A value with its unit."""
    value = entry["value"]
    text = ", ".join(f"{number:g}" for number in value) if isinstance(value, list) else f"{value}"
    return f"{text} {entry['unit']}".strip()
