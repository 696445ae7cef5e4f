"""A thing that is strange but usable: said in words, and its effect on the answer named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """code: a short stable word such as "pet_relative_suv"; text: what is so; effect: what it changes."""

    code: str
    text: str
    effect: str = ""
