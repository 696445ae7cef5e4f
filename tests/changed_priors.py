"""A copy of the shipped priors in which one file says something else."""

from pathlib import Path

from lungstage.tables import Priors, shipped_priors


def changed_priors(folder: Path, path: str, before: str, after: str) -> Priors:
    """Priors called "mine" in `folder`, with the first `before` of one file, which must be there, replaced by `after`."""
    shipped = shipped_priors()
    assert before in shipped.text(path), f"{path} does not say {before!r}"
    for name in shipped.paths():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = shipped.text(name)
        target.write_text(text.replace(before, after, 1) if name == path else text, encoding="utf-8")
    return Priors(folder, "mine")
