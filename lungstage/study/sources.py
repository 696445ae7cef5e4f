"""A path in, the files behind it out: folder, single file, zip or DICOMDIR, without unpacking anything.

A source opens one file anew each time, so that headers can be read first and pixels only where they are needed.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UnreadableInput

VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mhd", ".mha", ".hdr")
PAIR_HEADER, PAIR_DATA = ".hdr", ".img"  # of a NIfTI or Analyze image in two files
PAIR_BEGINS = tuple(number.to_bytes(4, order) for number in (348, 540) for order in ("little", "big"))  # the header's own size
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")
NEVER_IMAGES = (".json", ".xml", ".txt", ".csv", ".md", ".html", ".png", ".jpg", ".jpeg", ".pdf", ".raw", ".zraw", ".toml")


@dataclass(frozen=True)
class Source:
    """One file; `name` is how messages call it.

    archive    the open zip that holds it as `path`, or None
    unopened   why it is named and cannot be opened, or ""
    """

    path: str
    name: str
    archive: zipfile.ZipFile | None = field(default=None, compare=False, repr=False)
    unopened: str = ""

    def __post_init__(self):
        object.__setattr__(self, "name", printable(self.name))

    def open(self):
        """A binary file object, to be closed by the caller."""
        return self.archive.open(self.path) if self.archive else open(self.path, "rb")

    def read(self) -> bytes:
        """All bytes."""
        with self.open() as file:
            return file.read()

    @property
    def is_volume_file(self) -> bool:
        """Whether the name is that of a NIfTI, NRRD or MetaImage file."""
        return self.name.lower().endswith(VOLUME_ENDINGS)

    @property
    def is_hopeless(self) -> bool:
        """Whether the name tells that this is no image, so that it need not be opened."""
        stem = os.path.basename(self.name).lower()
        return stem.startswith("._") or stem.endswith(NEVER_IMAGES)


def printable(path: str | Path) -> str:
    """A path as messages and reports can hold it: bytes that are no text as question marks."""
    return str(path).encode("utf-8", "replace").decode()


def find_sources(path: str | Path) -> tuple[Source, ...]:
    """Every file behind a path, in the order of their names; UnreadableInput if there is none.

    path   a folder, searched to the bottom; a zip; a DICOMDIR, whose listed files are taken; or one file
    """
    if not str(path).strip():
        raise UnreadableInput("the path is empty; give the folder that holds the scan")
    path = Path(path)
    if not path.exists():
        raise UnreadableInput(f"{path}: there is no such file or folder; give the folder that holds the scan")
    if not path.is_dir() and not path.is_file():
        raise UnreadableInput(f"{path}: neither a file nor a folder (a pipe or a device); give the folder that holds the scan")
    try:
        if path.is_dir():
            found = sources_below(path)
        elif zipfile.is_zipfile(path):
            found = zip_sources(path)
        elif is_dicomdir(path):
            found = dicomdir_sources(path)
        else:
            if begins_as_zip(path):
                raise UnreadableInput(f"{path}: this zip is cut off or damaged; copy it again, or unpack it")
            found = (source_at(path),)
    except (OSError, zipfile.BadZipFile) as error:
        said = getattr(error, "strerror", None) or error
        raise UnreadableInput(f"{path}: {said}; check the path and its permissions") from error
    if not found:
        raise UnreadableInput(f"{path}: this folder is empty; give the folder that holds the scan")
    return without_pair_data(found)


def source_at(path: Path) -> Source:
    """One file; of a NIfTI or Analyze image in two files its header, whichever of the two is named."""
    header = path.with_suffix(PAIR_HEADER)
    if path.suffix.lower() == PAIR_DATA and header.is_file() and is_pair_header(Source(str(header), header.name)):
        path = header
    return Source(str(path), path.name)


def is_pair_header(source: Source) -> bool:
    """Whether a file is the header of an image in two files, by its first number."""
    if not source.name.lower().endswith(PAIR_HEADER) or source.unopened:
        return False
    try:
        with source.open() as file:
            return file.read(4) in PAIR_BEGINS
    except OSError:  # said where it is read as a volume
        return False


def without_pair_data(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """The sources without the voxels of images in two files, which are read with their headers."""
    stems = {source.path[: -len(PAIR_HEADER)] for source in sources if is_pair_header(source)}
    data = {stem + ending for stem in stems for ending in (PAIR_DATA, PAIR_DATA.upper())}
    return tuple(source for source in sources if source.path not in data) if data else sources


def sources_below(folder: Path) -> tuple[Source, ...]:
    """Files of a folder and all folders in it, sorted, so that nothing depends on the order of the disk.

    Linked folders are followed, each once and never back to where the way came from. What may hold images and cannot be
    opened from here is among them: links that lead nowhere, folders that may not be read, archives.
    """
    refused: list[OSError] = []
    root, seen, found = folder.resolve(), set(), []
    for place, folders, names in os.walk(folder, onerror=refused.append, followlinks=True):
        real = Path(place).resolve()
        if real in seen or (real != root and root.is_relative_to(real)):
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        found += [(Path(place) / name, why_unopened(Path(place) / name)) for name in names]
    found += [(Path(error.filename), f"a folder that cannot be opened: {error.strerror}") for error in refused]
    return tuple(
        Source(str(place), str(place.relative_to(folder)), unopened=why)
        for place, why in sorted(found) if why or place.is_file()
    )  # fmt: skip


def why_unopened(place: Path) -> str:
    """Why a thing of a folder that may hold images is not opened, or ""."""
    if place.is_symlink() and not place.exists():
        return "a link that leads nowhere"
    return "an archive inside the folder; unpack it, or give its own path" if place.name.lower().endswith(ARCHIVES) else ""


def zip_sources(path: Path) -> tuple[Source, ...]:
    """The files inside a zip; it stays open as long as a source of it lives."""
    archive = zipfile.ZipFile(path)
    members = sorted((entry for entry in archive.infolist() if not entry.is_dir()), key=lambda entry: entry.filename)
    if any(entry.flag_bits & 1 for entry in members):
        raise UnreadableInput(f"{path}: this zip is locked with a password; unpack it first")
    return tuple(Source(entry.filename, entry.filename, archive) for entry in members)


def begins_as_zip(path: Path) -> bool:
    """Whether a file that is no zip as a whole begins as one."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def is_dicomdir(path: Path) -> bool:
    """Whether the file calls itself a DICOMDIR."""
    return path.name.upper().startswith("DICOMDIR")


def dicomdir_sources(path: Path) -> tuple[Source, ...]:
    """The files that a DICOMDIR lists and that are there; UnreadableInput if it cannot be read or lists none of them."""
    from .headers import DICOM_TROUBLE, quietly, read_dicomdir

    try:
        with quietly():
            listed = read_dicomdir(path)
    except DICOM_TROUBLE as error:
        raise UnreadableInput(f"{path}: this is no DICOMDIR ({error}); give the folder instead") from error
    places = {name: find_ignoring_case(path.parent, name) if stays_below(name) else None for name in listed}
    there = sorted({place for place in places.values() if place is not None})
    if not there:
        raise UnreadableInput(f"{path}: none of the {len(listed)} files it lists is there; give the folder instead")
    gone = sorted("/".join(name) for name, place in places.items() if place is None)
    return (
        *(Source(str(place), str(place.relative_to(path.parent))) for place in there),
        *(Source(str(path.parent / name), name, unopened="listed in the DICOMDIR and not there") for name in gone),
    )


def stays_below(parts: tuple[str, ...]) -> bool:
    """Whether a name that a DICOMDIR lists leads to a file of its own disc (DICOM PS3.10, 8.6), and not elsewhere."""
    return not any(part.startswith("/") or ".." in part.split("/") for part in parts)


def find_ignoring_case(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file below a folder whose names may have lost their upper case, as on discs copied to a computer."""
    place = folder
    for part in parts:
        if not (place / part).exists():
            same = [entry.name for entry in place.iterdir() if entry.name.lower() == part.lower()] if place.is_dir() else []
            if not same:
                return None
            part = same[0]
        place = place / part
    return place if place.is_file() else None


def siblings(source: Source) -> tuple[Source, ...]:
    """The files in the folder of a single file, itself among them."""
    folder = Path(source.path).resolve().parent
    return tuple(Source(str(place), place.name) for place in sorted(folder.iterdir()) if place.is_file())
