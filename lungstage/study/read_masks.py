"""A label map, a folder of masks, a DICOM SEG or an RTSTRUCT in, the masks on the CT's own grid out.

The source may lie on any grid: label maps are sampled at the nearest voxel, contours are filled in the plane of the CT slice
nearest to them (a voxel belongs to a contour that holds its centre; a contour inside another is a hole).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..errors import ImpossibleGeometry, ImpossibleRequest, UnreadableInput
from ..geometry import Grid
from ..records.given import MaskSet
from .headers import DICOM_TROUBLE, Tags, quietly, unit_vectors
from .inventory import reason
from .pixels import check_frames
from .sources import NEVER_IMAGES, Source, source_at, without_pair_data
from .volume_files import open_volume

SEG, RTSTRUCT = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.3"
MOST_NAMES = 2**16 - 1
SAME_PLACE = 4  # decimals of a voxel to which contours are known: many are drawn through the centres of voxels
OFF_PLANE_MAX = 0.5  # of a CT slice: contours that rise more are not drawn in the planes of this CT


def read_masks(
    path: str | Path,
    grid: Grid,
    max_ram_gb: float | None = None,
    first: Callable[[str], bool] | None = None,
    of_ct: Tags | None = None,
) -> MaskSet:
    """The masks behind a path on a grid.

    path    NIfTI, NRRD or MHD label map (names: "1", "2", …), a folder of such files (names: those of the files, as
            TotalSegmentator writes them), DICOM SEG (names: SegmentLabel) or RTSTRUCT (names: ROIName)
    first   tells by its name whether a mask is what is looked for: it wins where another lies over it, as the outline of the
            body does over everything; among equals the earlier one wins
    of_ct   attributes of the CT: a DICOM SEG or RTSTRUCT that names another patient or frame of reference is refused
    raises  ImpossibleRequest for a path that is not there, UnreadableInput for what holds no mask, ImpossibleGeometry where
            none of them touches the CT, where contours do not lie in its planes, or for masks of another patient
    """
    path = Path(path)
    if not path.exists():
        raise ImpossibleRequest(f"{path}: there is no such file or folder of masks")
    if not path.is_dir() and not path.is_file():
        raise ImpossibleRequest(f"{path}: neither a file nor a folder of masks")
    labels, names, weaker = np.zeros(grid.shape, np.uint16), [], [0]
    with quietly():
        for source in sources_of(path):
            for name, mask in masks_of(source, grid, max_ram_gb, of_ct):
                if name not in names:
                    names.append(name)
                if len(names) > MOST_NAMES:
                    raise UnreadableInput(f"{path}: more than {MOST_NAMES} masks; give those that are meant")
                label = names.index(name) + 1
                wins = first is not None and first(name)
                here = labels[mask]
                labels[mask] = np.where(np.isin(here, weaker) if wins else here == 0, label, here)
                if not wins:
                    weaker.append(label)
    if not names:
        raise UnreadableInput(f"{path}: no mask in it; give a label map, a folder of masks, a DICOM SEG or an RTSTRUCT")
    if not labels.any():
        raise ImpossibleGeometry(f"{path}: none of its masks touches the CT, so they are of another scan; give those of this one")
    return MaskSet(grid, labels, tuple(names), str(path))


def sources_of(path: Path) -> list[Source]:
    """The files behind a path that could hold masks, by name."""
    if path.is_file():
        return [source_at(path)]
    files = sorted(place for place in path.rglob("*") if place.is_file() and not place.name.lower().endswith(NEVER_IMAGES))
    return list(without_pair_data(tuple(Source(str(place), str(place.relative_to(path))) for place in files)))


def masks_of(source: Source, grid: Grid, max_ram_gb: float | None, of_ct: Tags | None = None) -> Iterator[tuple[str, np.ndarray]]:
    """(name, bool on the grid) of each mask of one file."""
    if source.is_volume_file:
        yield from masks_of_volume(source, grid, max_ram_gb)
        return
    from pydicom import dcmread

    try:
        with source.open() as file:
            header = dcmread(file, force=True)
        kind = header.get("SOPClassUID")
        if of_ct is not None:
            refuse_others(Tags(header), of_ct, source)
        found = list(masks_of_seg(header, grid) if kind == SEG else masks_of_contours(header, grid) if kind == RTSTRUCT else ())
    except DICOM_TROUBLE as error:
        raise UnreadableInput(f"{source.name}: its masks cannot be read ({reason(error)}); export them again") from error
    if kind not in (SEG, RTSTRUCT):
        raise UnreadableInput(f"{source.name}: neither a label map nor a DICOM SEG or RTSTRUCT; give a file of masks")
    yield from found


def refuse_others(tags: Tags, of_ct: Tags, source: Source) -> None:
    """ImpossibleGeometry where a file of masks names another patient, or another frame of reference, than the CT."""
    patient, frame = tags.text("PatientID"), tags.text("FrameOfReferenceUID")
    for item in tags.items("ReferencedFrameOfReferenceSequence")[:1]:
        frame = Tags(item).text("FrameOfReferenceUID") or frame
    for what, of_masks, own in (
        ("patient", patient, of_ct.text("PatientID")), ("frame of reference", frame, of_ct.text("FrameOfReferenceUID")),
    ):  # fmt: skip
        if of_masks and own and of_masks != own:
            raise ImpossibleGeometry(
                f"{source.name}: these masks are of another {what} than the CT; give those of this scan, or save them as a label "
                "map if you know that they lie on it"
            )


def masks_of_volume(source: Source, grid: Grid, max_ram_gb: float | None) -> Iterator[tuple[str, np.ndarray]]:
    """Each label of a volume file; a file with one label is called as the file is."""
    volume = open_volume(source, max_ram_gb)
    stored = volume.stored * volume.slope + volume.intercept if (volume.slope, volume.intercept) != (1.0, 0.0) else volume.stored
    whole = np.rint(stored)
    if not np.isfinite(stored).all() or np.abs(stored - whole).max() > 1e-3 or whole.min() < 0 or whole.max() > MOST_NAMES:
        raise UnreadableInput(f"{source.name}: its values are no labels (whole numbers from 0 on); give a label map")
    sampled = nearest(whole.astype(np.uint16), volume.affine, grid)
    values = [int(value) for value in np.unique(whole) if value]
    for value in values:
        yield (stem_of(source.name) if len(values) == 1 else str(value)), sampled == value


def stem_of(name: str) -> str:
    """The name of a file without its folders and endings."""
    return Path(name).name.split(".")[0]


def nearest(stored: np.ndarray, affine: np.ndarray, grid: Grid) -> np.ndarray:
    """An array (slice, row, column) at the voxels of a grid, 0 outside it; affine: (column, row, slice, 1) to LPS mm."""
    try:
        to_stored = np.linalg.inv(affine) @ grid.affine_lps
    except np.linalg.LinAlgError as error:
        raise ImpossibleGeometry("the affine of the masks is singular; save them with a true affine") from error
    y, x = np.meshgrid(np.arange(grid.shape[1]), np.arange(grid.shape[2]), indexing="ij")
    out = np.zeros(grid.shape, stored.dtype)
    for k in range(grid.shape[0]):
        at = [np.rint(row[0] * x + row[1] * y + (row[2] * k + row[3])).astype(np.int64) for row in to_stored[:3]][::-1]
        inside = np.logical_and.reduce([(index >= 0) & (index < side) for index, side in zip(at, stored.shape)])
        if inside.any():
            out[k][inside] = stored[tuple(index[inside] for index in at)]
    return out


def masks_of_seg(header, grid: Grid) -> Iterator[tuple[str, np.ndarray]]:
    """Each segment of a DICOM SEG: its frames put back into a volume of their own, then sampled."""
    from .headers import flat

    check_frames(header)
    pixels = header.pixel_array.reshape(-1, header.Rows, header.Columns)
    half = (header.get("MaximumFractionalValue") or 1) / 2 if header.get("SegmentationType") == "FRACTIONAL" else 0.5
    shared = [flat(item) for item in header.get("SharedFunctionalGroupsSequence", [])[:1]]
    frames = [Tags(flat(item), *shared) for item in header.PerFrameFunctionalGroupsSequence]
    of_segment = defaultdict(list)
    for number, frame in enumerate(frames):
        of_segment[int(frame.number("ReferencedSegmentNumber"))].append(number)
    for segment in header.SegmentSequence:
        numbers = of_segment.get(int(segment.SegmentNumber), [])
        if numbers:
            volume, affine = stacked([frames[k] for k in numbers], pixels[numbers] > half)
            yield str(segment.get("SegmentLabel") or segment.SegmentNumber), nearest(volume.view(np.uint8), affine, grid) != 0


def stacked(frames, planes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(bool volume, affine) of frames that lie on one lattice, missing ones empty."""
    row, column = unit_vectors(np.array(frames[0].numbers("ImageOrientationPatient", 6)))
    if row is None:
        raise ImpossibleGeometry("the orientation of the segments cannot be true; export them again")
    normal = np.cross(row, column)
    places = np.array([frame.numbers("ImagePositionPatient", 3) for frame in frames])
    heights = places @ normal
    apart = np.diff(np.unique(np.round(heights, 3)))
    step = (
        float(apart.min())
        if apart.size
        else frames[0].number("SpacingBetweenSlices") or frames[0].number("SliceThickness") or 1.0
    )
    index = np.rint((heights - heights.min()) / step).astype(int)
    if index.max() >= 100 * len(index) + 100:
        raise ImpossibleGeometry("the frames of the segments lie too far apart for one volume; export them again")
    volume = np.zeros((index.max() + 1, *planes.shape[1:]), bool)
    for k, plane in zip(index, planes):
        volume[k] |= plane
    pixel_mm = frames[0].numbers("PixelSpacing", 2)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([row * pixel_mm[1], column * pixel_mm[0], normal * step], axis=1)
    affine[:3, 3] = places[heights.argmin()]
    return volume, affine


def masks_of_contours(header, grid: Grid) -> Iterator[tuple[str, np.ndarray]]:
    """Each region of an RTSTRUCT, filled slice by slice."""
    names = {roi.ROINumber: str(roi.get("ROIName") or roi.ROINumber) for roi in header.StructureSetROISequence}
    for roi in header.ROIContourSequence:
        planes = defaultdict(list)  # contours by the height at which they were drawn, so that holes are found in their own plane
        for contour in roi.get("ContourSequence", []):
            points = grid.to_index(points_of(contour))
            if contour.get("ContourGeometricType", "CLOSED_PLANAR") == "POINT" or len(points) < 3:
                continue
            if np.ptp(points[:, 0]) > OFF_PLANE_MAX:
                raise ImpossibleGeometry(
                    f"the contours of {names.get(roi.ReferencedROINumber)} do not lie in the planes of the CT; give a label map"
                )
            planes[round(float(points[:, 0].mean()), 2)].append(points[:, 1:])
        mask = np.zeros(grid.shape, bool)
        for height, polygons in planes.items():
            k = int(np.rint(height))
            if 0 <= k < grid.shape[0]:
                mask[k] |= filled(polygons, grid.shape[1:])
        if planes:
            yield names.get(roi.ReferencedROINumber, str(roi.ReferencedROINumber)), mask


def points_of(contour) -> np.ndarray:
    """LPS mm (points, 3) of a contour; straight from its text, of which pydicom would make an object for each number."""
    written = contour.get_item("ContourData").value
    return np.array(written.split(b"\\") if isinstance(written, bytes) else written, float).reshape(-1, 3)


def filled(polygons, shape) -> np.ndarray:
    """Bool (rows, columns), whose centres lie inside an odd number of polygons; each (points, 2), row and column."""
    inside = np.zeros(shape, bool)
    for points in polygons:
        inside ^= held_by(np.round(points, SAME_PLACE), shape)
    return inside


def held_by(points: np.ndarray, shape) -> np.ndarray:
    """Bool (rows, columns), whose centres lie in one polygon or on its border: its edges are crossed row by row.

    An edge is crossed by the rows from its lower end up to, not including, its upper one, so that each corner counts once.
    """
    ends = np.roll(points, -1, axis=0)
    low, high = np.minimum(points[:, 0], ends[:, 0]), np.maximum(points[:, 0], ends[:, 0])
    edge, row = rows_of(np.ceil(low), np.ceil(high) - 1, shape[0])
    column = columns_at(points[edge], ends[edge], row)
    crossed = np.zeros((shape[0], shape[1] + 1), np.int32)
    np.add.at(crossed, (row, np.clip(np.ceil(column), 0, shape[1]).astype(int)), 1)
    held = np.cumsum(crossed[:, :-1], axis=1) % 2 == 1
    edge, row = rows_of(np.ceil(low), np.floor(high), shape[0])
    level = points[edge, 0] == ends[edge, 0]
    column = columns_at(points[edge[~level]], ends[edge[~level]], row[~level])
    on_border = (column == np.rint(column)) & (column >= 0) & (column < shape[1])
    held[row[~level][on_border], column[on_border].astype(int)] = True
    for one, here in zip(edge[level], row[level]):
        first, last = sorted((points[one, 1], ends[one, 1]))
        held[here, max(0, int(np.ceil(first))) : max(0, int(np.floor(last)) + 1)] = True
    return held


def rows_of(first: np.ndarray, last: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(edge, row) of all rows from the first to the last of each edge, of `count` that there are."""
    first, last = np.clip(first, 0, count).astype(int), np.clip(last, -1, count - 1).astype(int)
    each = np.maximum(last - first + 1, 0)
    edge = np.repeat(np.arange(len(first)), each)
    return edge, first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(each) - each, each)


def columns_at(starts: np.ndarray, ends: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Where edges (n, 2) that are not level cross a row each."""
    share = (row - starts[:, 0]) / (ends[:, 0] - starts[:, 0])
    return np.round(starts[:, 1] + share * (ends[:, 1] - starts[:, 1]), SAME_PLACE)
