"""NIfTI, NRRD and MetaImage files in, the one that is the CT out; masks and label maps are never taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import ImpossibleRequest, LungstageError, UnreadableInput
from ..records import SeriesCard
from .reading import Reading, located
from .sources import Source
from .volume_files import VolumeFile, kind_of, open_volume
from .wishes import Wishes

WHY_NOT = {
    "labels": "a mask or label map; masks are used only when they are passed",
    "other": "no air in it, so not a CT in HU",
    "ct": "another file was named",
}


def choose_volume(reading: Reading, wishes: Wishes) -> tuple[VolumeFile, tuple[SeriesCard, ...]]:
    """The CT among the volume files behind a path, and a card for each of them.

    A file with air in it is a CT; without any such file the only one that holds no labels is taken, and its scale is checked
    later. ImpossibleRequest where several could be meant, UnreadableInput where none can.
    """
    kinds, opened = {}, {}
    for source in named(reading, wishes):
        kinds[source], volume = kind_or_problem(source, wishes)
        if volume is not None and kinds[source] == "ct" and not opened:
            opened[source] = volume  # most often the one to use, so it need not be read again
    sources = [source for source in kinds if kinds[source] == "ct"] or [source for source in kinds if kinds[source] == "other"]
    if len(sources) > 1:
        raise ImpossibleRequest(
            f"{reading.where}: {len(sources)} volumes could be the CT ({', '.join(source.name for source in sources)}); "
            "give one of them"
        )
    if not sources:
        problems = [kind for kind in kinds.values() if isinstance(kind, LungstageError)]
        if problems:
            raise located(problems[0], reading.where)
        raise UnreadableInput(
            f"{reading.where}: only masks or label maps here ({', '.join(source.name for source in kinds)}); give the CT itself"
        )
    volume = opened.get(sources[0]) or open_volume(sources[0], wishes.max_ram_gb)
    return volume, volume_cards(reading, volume, kinds)


def named(reading: Reading, wishes: Wishes) -> list[Source]:
    """The volume files, or the one that the user named with --ct."""
    sources = list(reading.inventory.volumes)
    if wishes.ct is None:
        return sources
    chosen = [source for source in sources if wishes.ct in (source.name, source.path, Path(source.name).name)]
    if not chosen:
        listed = ", ".join(source.name for source in sources)
        raise ImpossibleRequest(f"{reading.where}: --ct {wishes.ct} is no file here; there are {listed}")
    return chosen


def kind_or_problem(source: Source, wishes: Wishes) -> tuple[str | LungstageError, VolumeFile | None]:
    """(what a file's numbers look like, the file), or (why it cannot be read, None)."""
    try:
        volume = open_volume(source, wishes.max_ram_gb)
        return kind_of(volume), volume
    except LungstageError as problem:
        return problem, None


def volume_cards(reading: Reading, used: VolumeFile, kinds: dict) -> tuple[SeriesCard, ...]:
    """A card for each volume file, the used one first."""
    spacing = tuple(np.round(np.linalg.norm(used.affine[:3, :3], axis=0)[::-1], 4).tolist())
    cards = [SeriesCard(used.source.name, "CT", used.source.name, None, len(used.stored), spacing, None, True)]
    for source in reading.inventory.volumes:
        if source != used.source:
            kind = kinds.get(source, "ct")
            reason = str(kind) if isinstance(kind, LungstageError) else WHY_NOT[kind]
            cards.append(SeriesCard(source.name, "?", source.name, None, 1, None, None, False, reason))
    return tuple(cards)
