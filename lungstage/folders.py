"""A target folder in, a fresh folder to write into out; the target is complete or absent, never half-written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UnwritableOutput


def check_target(target: Path, marker: str, overwrite: bool) -> None:
    """UnwritableOutput unless `target` may be written: absent, empty, or an older result and `overwrite`.

    marker   a path inside that only a result of ours has; a folder without it is never replaced, whatever the user says,
             because `-o .` must not delete somebody's scans
    """
    if target.exists():
        if not target.is_dir():
            raise UnwritableOutput(f"{target}: this is a file; choose a folder")
        if any(target.iterdir()):
            if not (target / marker).exists():
                raise UnwritableOutput(f"{target}: this folder holds other files (no {marker}); choose another one")
            if not overwrite:
                raise UnwritableOutput(f"{target}: this folder holds an earlier result; add --overwrite or choose another one")
    parent = nearest_existing(target.absolute().parent)
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise UnwritableOutput(f"{target}: {parent} cannot be written; choose another folder")


@contextmanager
def fresh_folder(target: str | Path, marker: str, overwrite: bool = False) -> Iterator[Path]:
    """A temporary sibling of `target` to write into; renamed to `target` at the end, removed when anything goes wrong.

    Raises UnwritableOutput as `check_target` does, and when the disk refuses.
    """
    target = Path(target)
    check_target(target, marker, overwrite)
    parent = target.absolute().parent
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.absolute().parent))
    except OSError as error:
        remove_empty(made)
        raise UnwritableOutput(f"{target}: {reason(error)}; choose another folder") from error
    try:
        yield work
        work.chmod(0o755)
        if target.exists():
            replaced = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.absolute().parent))
            target.rename(replaced / "old")
            try:
                work.rename(target)
            except BaseException:
                (replaced / "old").rename(target)  # the earlier result is better than none
                raise
            finally:
                shutil.rmtree(replaced, ignore_errors=True)
        else:
            work.rename(target)
    except OSError as error:
        raise UnwritableOutput(f"{target}: {reason(error)}; nothing was written") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        remove_empty(made)


def remove_empty(folders: list[Path]) -> None:
    """Take away the folders of a list that are empty, the innermost first."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def reason(error: BaseException) -> str:
    """Why the disk refused, in the system's words; libraries wrap them in tracebacks of their own."""
    inner = error
    while inner is not None:
        if getattr(inner, "strerror", None):
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def nearest_existing(path: Path) -> Path:
    """The path itself or its nearest parent that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
