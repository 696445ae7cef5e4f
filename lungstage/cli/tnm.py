"""`lungstage-classic tnm`: the stage group of a written TNM, or T, N, M and stage from facts, in three editions."""

from __future__ import annotations

import json

from ..errors import ImpossibleRequest

EDITIONS = (7, 8, 9)
SCHEMA = "lungstage/tnm/1"
FACTS = ("size_mm", "solid_mm", "feature", "stations", "side", "metastases")
EXAMPLES = """examples:
  lungstage-classic tnm "T2a N2 M0"
  lungstage-classic tnm pT1cN0M0 --edition 8
  lungstage-classic tnm --size-mm 34 --feature pl1_pl2 --stations 4R,7 --side right
  lungstage-classic tnm --size-mm 27 --metastases brain:2,adrenal

The features, with what each does: lungstage-classic priors show tnm/edition-9/descriptors.csv
"""


def add_parser(subparsers) -> None:
    """The options of `tnm`."""
    from argparse import RawDescriptionHelpFormatter

    parser = subparsers.add_parser(
        "tnm", help="stage group of a TNM, or of facts", description=__doc__, epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("words", metavar="TNM", nargs="*", help='such as "T2a N2 M0", cT2aN2M0 or ypT1c N0 M0')
    parser.add_argument("--edition", type=int, choices=EDITIONS, help="this one alone (default: all three)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.add_argument("--debug", action="store_true", help="traceback when something breaks")
    facts = parser.add_argument_group("instead of a written TNM, facts")
    facts.add_argument("--size-mm", type=float, metavar="X", help="longest diameter of the primary, with ground glass")
    facts.add_argument("--solid-mm", type=float, metavar="X", help="longest diameter of its solid part (0: pure ground glass)")
    facts.add_argument("--feature", metavar="WORD,…", action="append", default=[], help="such as chest_wall; repeatable")
    facts.add_argument("--stations", metavar="STATION,…", action="append", default=[], help="involved nodes, such as 4R,7; or NX")
    facts.add_argument("--side", metavar="SIDE", help="right or left: where the primary is")
    facts.add_argument("--metastases", metavar="SITE:N,…", action="append", default=[], help="such as brain:2,pleural_eff")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Answer in words or as JSON."""
    has_facts = any(getattr(arguments, name) not in (None, []) for name in FACTS)
    if arguments.words and has_facts:
        raise ImpossibleRequest("a written TNM and facts do not go together; leave out one of them")
    if not arguments.words and not has_facts:
        raise ImpossibleRequest('nothing to stage; write a TNM, such as tnm "T2a N2 M0", or facts, such as tnm --size-mm 34')
    editions = (arguments.edition,) if arguments.edition else EDITIONS
    if arguments.words:
        answer = answer_words(" ".join(arguments.words), editions)
    else:
        answer = answer_facts(arguments, editions)
    print(json.dumps(answer, indent=2, ensure_ascii=False) if arguments.json else "\n".join(lines_of(answer)))
    return 0


def answer_words(text: str, editions: tuple[int, ...]) -> dict:
    """Stage groups of a written TNM; ImpossibleRequest where no edition asked for has its categories."""
    from ..tnm import read_edition, read_tnm

    words = read_tnm(text)
    answer = {"schema": SCHEMA, "tnm": str(words), "prefix": words.prefix, "notes": notes_of(words), "editions": {}}
    for number in editions:
        groups, missing = groups_of(words, read_edition(number))
        answer["editions"][str(number)] = {"groups": groups, "missing": missing}
    refuse_unknown(answer)
    return answer


def groups_of(words, book) -> tuple[list[dict], list[str]]:
    """Every stage group the words can mean in one edition, and what the edition does not have."""
    from ..tnm import stage_group

    known = {"T": [words.t], "N": lettered(words.n, book), "M": [words.m]}
    missing = [
        f"no {names[0]} ({component} is {', '.join(book.names(component))})"
        for component, names in known.items()
        if names[0] not in book.names(component)
    ]
    if missing:
        return [], missing
    groups = []
    for n in known["N"]:
        stage = stage_group(words.t, n, words.m, book.number)
        meaning = book.meaning(n) if len(known["N"]) > 1 else meaning_of(stage, book)
        groups.append({"t": words.t, "n": n, "m": words.m, "stage": stage, "meaning": meaning})
    return groups, []


def lettered(word: str, book) -> list[str]:
    """N2 of an edition that parts it by letters is each of them."""
    if word == "N2" and word not in book.n_names:
        return [name for name in book.n_names if name.startswith(word)]
    return [word]


def meaning_of(stage: str, book) -> str:
    """What the stage's word means where it is not a number."""
    meaning = book.meaning(stage)
    return "" if meaning.startswith("stage ") else meaning


def refuse_unknown(answer: dict) -> None:
    """ImpossibleRequest if no edition that was asked for has all the categories."""
    if not any(entry["groups"] for entry in answer["editions"].values()):
        said = "; ".join(f"the {number}th edition has {', '.join(e['missing'])}" for number, e in answer["editions"].items())
        raise ImpossibleRequest(f"{answer['tnm']}: {said}")


def notes_of(words) -> list[str]:
    """What prefix and number of tumours mean for the answer."""
    notes = []
    if words.prefix:
        notes.append(f"prefix {words.prefix}: {words.prefix_meaning}; the groups are the same, the prefix stays")
    if words.multiplicity:
        notes.append(f"({words.multiplicity}): several tumours under one T, N and M; the highest T counts")
    return notes


def answer_facts(arguments, editions: tuple[int, ...]) -> dict:
    """T, N, M, stage and the rules behind them, from the facts of the command line."""
    from ..tnm import describe_tnm, read_edition

    features, stations = parted(arguments.feature), parted(arguments.stations)
    if any(station.upper() == "NX" for station in stations):
        if len(stations) > 1:
            raise ImpossibleRequest("--stations NX says that the nodes cannot be assessed; leave the other stations out")
        features, stations = [*features, "nodes_not_assessed"], []
    answer = {"schema": SCHEMA, "tnm": None, "prefix": "", "notes": [], "editions": {}}
    for number in editions:
        book = read_edition(number)
        found = describe_tnm(
            arguments.size_mm, arguments.solid_mm, features, stations, arguments.side, parted(arguments.metastases), number
        )
        group = {"t": found.t, "n": found.n, "m": found.m, "stage": found.stage, "meaning": meaning_of(found.stage, book)}
        answer["editions"][str(number)] = {"groups": [group], "missing": [], "rules": rules_of(found)}
        ranks = book.ranks("T")
        if any(ranks.get(match.rule.category, -1) > ranks[found.t] for match in found.matches if not match.known):
            answer["notes"] = ["the size is not given: T may be higher"]
    return answer


def rules_of(found) -> list[dict]:
    """Every rule that holds, those that decide first."""
    held = sorted((match for match in found.matches if match.known), key=lambda match: not match.decides)
    return [
        {"id": match.rule.id, "text": match.rule.text, "decides": match.decides, "source": match.rule.source,
         "verified": match.rule.verified}
        for match in held
    ]  # fmt: skip


def parted(options: list[str]) -> list[str]:
    """Words of a repeatable option whose values may be parted by commas or blanks."""
    return [word for option in options for word in option.replace(",", " ").split()]


def lines_of(answer: dict) -> list[str]:
    """The answer for a reader: one line a group, the rules below."""
    lines = []
    for number, entry in answer["editions"].items():
        lines += [f"{number}th edition   {missing}" for missing in entry["missing"][:1]]
        lines += [f"{'':<14}{missing}" for missing in entry["missing"][1:]]
        for k, group in enumerate(entry["groups"]):
            head = f"{number}th edition" if k == 0 else ""
            words = f"{group['t']} {group['n']} {group['m']}"
            lines.append(f"{head:<14}{words:<15}{group['stage']:<10} {group['meaning']}".rstrip())
        lines += [rule_line(rule) for rule in entry.get("rules", ())]
    return [*lines, *answer["notes"]]


def rule_line(rule: dict) -> str:
    """A rule, indented, with a mark where it decides and a word where no source was read."""
    doubt = {"design": "   [our reading: the edition is silent]", "memory": "   [not checked against print]"}
    mark = "*" if rule["decides"] else " "
    return f"{'':<12}{mark} {rule['id']:<26}{rule['text']}{doubt.get(rule['source'], '')}"
