"""Text in, the same fit for a terminal out: names of files and words of headers may hold what moves its cursor."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with a question mark for every letter that is not printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
