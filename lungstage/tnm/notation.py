"""A written TNM in, such as "cT2aN2M0" or "ypT1c(2) N0 M0", its prefix and the words T, N and M out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import ImpossibleRequest
from .editions import COMPONENTS

PREFIX = re.compile(r"[cpyra]{0,3}(?=[TNM](?:[0-4X]|is))", re.IGNORECASE)
WORD = re.compile(
    r"(?:(T)(is|X|[0-4](?:a\(mi\)|mi|[a-d])?)|(N)(X|[0-4][ab]?)|(M)(X|[0-4](?:[a-d][1-3]?)?))(\((?:m|\d+)\))?",
    re.IGNORECASE,
)
GAP = re.compile(r"[\s,;/]*")
PREFIXES = ("", "c", "p", "y", "yc", "yp", "r", "rc", "rp", "ry", "ryc", "ryp", "a")
MEANINGS = {"c": "clinical", "p": "after resection", "y": "during or after treatment", "r": "recurrence", "a": "at autopsy"}
MINIMALLY_INVASIVE = {"T1a(mi)": "T1mi"}


@dataclass(frozen=True)
class TnmWords:
    """The words as they are written in the tables; prefix: "", "c", "p", "yp", ...; multiplicity: "m" or a number of tumours."""

    t: str
    n: str
    m: str
    prefix: str = ""
    multiplicity: str | None = None

    def __str__(self):
        return f"{self.t} {self.n} {self.m}"

    @property
    def prefix_meaning(self) -> str:
        """The prefix in words."""
        return ", ".join(MEANINGS[letter] for letter in self.prefix)


def read_tnm(text: str) -> TnmWords:
    """The three words of a written TNM, in any order and case, with or without blanks and prefixes.

    raises   ImpossibleRequest for a missing, repeated or unreadable part; whether an edition has the word is not looked at
    """
    words, prefixes, multiplicity = {}, [], None
    place = GAP.match(text).end()
    while place < len(text):
        prefix = PREFIX.match(text, place)
        word = WORD.match(text, prefix.end() if prefix else place)
        if not word:
            raise ImpossibleRequest(f'{text!r}: {text[place:]!r} is not part of a TNM; write it like "T2a N2 M0"')
        *pairs, tumours = word.groups()
        component, category = (part for part in pairs if part)
        component = component.upper()
        if component in words:
            raise ImpossibleRequest(f"{text!r}: {component} stands there twice")
        words[component] = _spelled(component, category)
        prefixes.append(prefix.group().lower())
        if tumours:
            multiplicity = tumours.strip("()").lower()
        place = GAP.match(text, word.end()).end()
    if missing := [component for component in COMPONENTS if component not in words]:
        raise ImpossibleRequest(f'{text!r}: {" and ".join(missing)} missing; write all three, like "T2a N2 M0"')
    return TnmWords(words["T"], words["N"], words["M"], _one_prefix(prefixes, text), multiplicity)


def _spelled(component, category):
    """The word as the tables spell it: T1mi, T2a, TX, Tis."""
    category = category.upper() if category.upper() == "X" else category.lower()
    word = component + category
    return MINIMALLY_INVASIVE.get(word, word)


def _one_prefix(prefixes, text):
    """The prefix of the whole: T, N and M may carry their own, and pathology beside clinic (pT2a pN1 cM0) is pathology."""
    said = {prefix for prefix in prefixes if prefix}
    said -= {prefix for prefix in said if prefix.endswith("c") and prefix[:-1] + "p" in said}
    if len(said) > 1:
        raise ImpossibleRequest(f"{text!r}: the prefixes {' and '.join(sorted(said))} do not go together; stage each by itself")
    prefix = said.pop() if said else ""
    if prefix not in PREFIXES:
        raise ImpossibleRequest(f"{text!r}: the prefix {prefix!r} is not one of {', '.join(PREFIXES[1:])}")
    return prefix
