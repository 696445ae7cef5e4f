"""A CT in, where its head, its back and its left are out, as the anatomy tells it whatever the header says.

Judged on blocks of a few millimetres: the spine is the one unbroken column of bone and lies behind; ribs sink towards the
front and the windpipe lies at the top of the lungs; aorta and heart lie left, the liver right. Only a chest is judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from ..records import Volume
from .chest_view import View
from .parameters import OrientationParameters

FEW_CORNERS = 4  # voxels read of a block below which its unevenness is not known
FEWEST_BLOCKS = 6  # along each axis; a thinner slab is no chest
MIDDLE_OF_BONE = 0.01  # so much more counts what lies deep in bone: a path keeps to the middle and not to the first of equals
HALF_A_VOTE = 0.5
LOOKS = 3  # a first look may be wrong about one thing, which the second sees; what turns for ever is not judged
STRAIGHT = ((0, False), (1, False), (2, False))


@dataclass(frozen=True)
class Bearings:
    """What the anatomy says of one CT.

    judged    False where it shows no chest, or where its spine is not seen
    turn      for head, back and left, in the order (z, y, x) of the array: the axis that points there, and whether backwards
    sides     votes of aorta, heart and liver for the header's left, each in [-1, 1]; None where the scan does not show it
    sure_of_sides   whether they tell left from right
    sure_of_head    whether ribs and windpipe tell head from feet
    sure_of_back    whether the spine lies plainly nearer to the back than to the front
    """

    judged: bool
    turn: tuple[tuple[int, bool], ...] = STRAIGHT
    sides: tuple[float | None, ...] = ()
    sure_of_sides: bool = False
    sure_of_head: bool = False
    sure_of_back: bool = False

    @property
    def as_the_header(self) -> bool:
        """Whether head, back and left are where the header has them."""
        return self.turn == STRAIGHT


UNJUDGED = Bearings(False)


def take_bearings(ct: Volume, numbers: OrientationParameters) -> Bearings:
    """Where head, back and left of a CT are; unjudged where it shows no chest or no spine.

    ct       in HU, axes as the header has them
    returns  a turn that differs from the header only where the anatomy contradicts it plainly

    What contradicts the header is looked at once more with head and back where they were seen, so that the answer does not
    depend on the order in which the array came: blocks begin at the same corner of the patient, ties fall the same way.
    """
    turn, sight = STRAIGHT, look_at(ct.values, ct.grid.spacing_mm, numbers)
    for _ in range(LOOKS):
        if sight is None or sight.turn == STRAIGHT:
            break
        turn = turned_after(turn, sight.turn)
        sight = look_at(*turned_view(ct, turn), numbers)
    if sight is None or sight.turn != STRAIGHT:
        return UNJUDGED
    (head, back, (left, backwards)) = turn
    sure_of_head, sure_of_back = upright(sight.head_votes), sight.in_front >= numbers.spine_behind
    if head != STRAIGHT[0] and not sure_of_head or back != STRAIGHT[1] and not sure_of_back:
        return UNJUDGED
    # beside a path that has left the middle, as for the ribs' heads where a chest is cut, left and right mean nothing
    votes = sight.view.side_votes(numbers) if sight.central else (None, None, None)
    total = sum(vote or 0.0 for vote in votes)
    against = total <= -numbers.sides_votes
    if turn == STRAIGHT:  # a header that is right so far is doubted only by all three, where it can be wrong about nothing else
        against = against and None not in votes and max(votes) < 0 and sure_of_head and sure_of_back
    votes = tuple(-vote if against and vote is not None else vote for vote in votes)
    sure = against or total >= numbers.sides_seen
    return Bearings(True, (head, back, (left, backwards != against)), votes, sure, sure_of_head, sure_of_back)


@dataclass(frozen=True, eq=False)
class Sight:
    """A chest looked at: the turn, as in Bearings, that brings head and back where they belong, and the blocks as they came.

    head_votes   of ribs and windpipe, for the head where the blocks have it, back being where it belongs
    in_front     share of the body in front of the spine, by the back where the blocks have it; 0.5 where nobody knows it,
                 because the field of view cut the chest
    central      whether the spine lies about half-way between the body's sides

    Left follows from head and back: a scanner turns patients but does not mirror them.
    """

    turn: tuple[tuple[int, bool], ...]
    view: View
    head_votes: tuple[float, float]
    in_front: float
    central: bool


def look_at(values: np.ndarray, spacing_mm, numbers: OrientationParameters) -> Sight | None:
    """Where head and back of an array (HU, its three sides in mm) are; None where it shows no chest or no spine.

    Who is old and has a pale spine is looked at once more for paler bone.
    """
    blocks = chest_blocks(values, spacing_mm, numbers)
    if blocks is None:
        return None
    return sight_of(blocks, numbers) or sight_of(blocks, replace(numbers, bone_hu=numbers.bone_pale_hu))


@dataclass(frozen=True, eq=False)
class Blocks:
    """A chest in blocks (z, y, x): mean HU, unevenness in HU, bool body and lung, and the sides of a block in mm."""

    hu: np.ndarray
    texture: np.ndarray
    body: np.ndarray
    lung: np.ndarray
    sides_mm: np.ndarray


def chest_blocks(values: np.ndarray, spacing_mm, numbers: OrientationParameters) -> Blocks | None:
    """The blocks of an array, or None where it shows no chest."""
    hu, texture, sides_mm = blocks_of(values, spacing_mm, numbers.block_mm)
    if min(hu.shape) < FEWEST_BLOCKS:
        return None
    body = filled_body(hu, numbers)
    lung = lungs_in(hu, body, sides_mm, numbers)
    enough = lung.sum() * np.prod(sides_mm) / 1000 >= numbers.lungs_ml
    return Blocks(hu, texture, body, lung, sides_mm) if enough else None


def sight_of(blocks: Blocks, numbers: OrientationParameters) -> Sight | None:
    """Where head and back of a chest are; None where no spine is seen, or where it does not tell the back from the sides.

    A chest that was cut, and one whose breastbone is seen as well as its spine, contradicts no header.
    """
    bone = bone_of(blocks.hu, blocks.texture, numbers)
    spines = [spine_along(bone, blocks.lung, blocks.sides_mm, axis, numbers.spine_drift_mm) for axis in range(3)]
    seen = [share for share, _ in spines]
    along = int(np.argmax(seen))
    if seen[along] < numbers.spine_seen or seen[along] - sorted(seen)[1] < numbers.spine_margin:
        return None
    path = spines[along][1]
    orders = [order for order in permutations(range(3)) if order[0] == along]
    before = {order: share_in_front(np.transpose(blocks.body, order), path, order[1] > order[2]) for order in orders}
    order = max(orders, key=lambda order: deep(before[order]))
    in_front, across = before[order], before[order[0], order[2], order[1]]
    if order != (0, 1, 2) and (deep(in_front) < numbers.spine_behind or deep(across) > numbers.spine_middle):
        return None
    view = View.of(blocks.hu, blocks.body, blocks.lung, blocks.sides_mm, path, order)
    flip_back = in_front < 1 - numbers.spine_behind
    behind = view.flipped(1) if flip_back else view
    votes = behind.head_votes(numbers)
    # ribs of a part of a chest may rise, and gas be taken for a windpipe: only both together turn a patient upside down
    flip_head = max(votes) <= -HALF_A_VOTE and min(votes) <= -1
    mirrored = (order_is_odd(order) + flip_back + flip_head) % 2 == 1
    turn = (order[0], flip_head), (order[1], flip_back), (order[2], mirrored)
    is_cut = any(cut_across(blocks, axis, numbers) for axis in order[1:])
    if is_cut and turn != STRAIGHT:
        return None
    elsewhere = order != (0, 1, 2) or flip_back
    if elsewhere and seen[along] - column_in_front(bone, blocks, order, flip_back, numbers) < numbers.spine_rival:
        return None
    return Sight(turn, view, votes, 0.5 if is_cut else in_front, deep(across) <= numbers.spine_middle)


def cut_across(blocks: Blocks, axis: int, numbers: OrientationParameters) -> bool:
    """Whether the field of view cut the chest at an end of an axis, so that its lung lies bare there.

    Looked at along the axis, the lung of a chest that was scanned whole is behind a wall everywhere.
    """
    across = np.count_nonzero(blocks.lung.any(axis=axis))
    arrays = [np.moveaxis(array, axis, 0) for array in (blocks.body, blocks.lung)]
    return any(
        np.count_nonzero(outermost(*(array[::way] for array in arrays))) > numbers.bare_lung * across for way in (1, -1)
    )  # fmt: skip


def outermost(body: np.ndarray, lung: np.ndarray) -> np.ndarray:
    """Bool (across): where the first block of the body along the first axis is lung."""
    first = body.argmax(axis=0)
    return np.take_along_axis(lung & body, first[None], axis=0)[0]


def column_in_front(
    bone: np.ndarray, blocks: Blocks, order: tuple[int, ...], flip_back: bool, numbers: OrientationParameters
) -> float:
    """Share of the spine's axis along which a column of bone is seen in the front half of the lungs.

    order, flip_back   where head, back and left would be; in a slab a breastbone is as unbroken as a spine
    """
    bone, lung = (np.transpose(array, order) for array in (bone, blocks.lung))
    rows = reach_of(lung.any(axis=0))[0]
    middle, front = (rows.start + rows.stop) // 2, lung.copy()
    front[:, slice(None, middle) if flip_back else slice(middle, None)] = False
    return spine_along(bone, front, blocks.sides_mm[list(order)], 0, numbers.spine_drift_mm)[0] if front.any() else 0.0


def upright(votes: tuple[float, float]) -> bool:
    """Whether the votes of ribs and windpipe say plainly that the head is at the far end: one wholly, the other not against."""
    return max(votes) >= 1 and min(votes) > -HALF_A_VOTE


def turned_after(first, then) -> tuple[tuple[int, bool], ...]:
    """One turn, as in Bearings, that does what a first one and then another do."""
    return tuple((first[axis][0], first[axis][1] != backwards) for axis, backwards in then)


def turned_view(ct: Volume, turn) -> tuple[np.ndarray, tuple[float, ...]]:
    """(the array of a CT seen after a turn, its sides in mm); nothing is copied."""
    order = [axis for axis, _ in turn]
    flips = [axis for axis, (_, backwards) in enumerate(turn) if backwards]
    return np.flip(ct.values.transpose(order), flips), tuple(ct.grid.spacing_mm[axis] for axis in order)


def bone_of(hu: np.ndarray, texture: np.ndarray, numbers: OrientationParameters) -> np.ndarray:
    """Bool: bright and uneven. Blood with contrast is as bright as the bones of the old, and a column of heart and aorta
    would be taken for a spine that lies in front; but blood is even."""
    return (hu > numbers.bone_hu) & ((texture > numbers.bone_texture_hu) | (hu > numbers.bone_sure_hu))


def blocks_of(values: np.ndarray, spacing_mm, block_mm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean HU of blocks of about `block_mm`, highest less lowest HU in each or infinity if unknown, their sides in mm).

    Of each block two voxels along each axis are read: the eighth of the volume is enough to tell bone from air.
    """
    each = [2 if block_mm >= 1.5 * side else 1 for side in spacing_mm]
    steps = [max(1, round(block_mm / (count * side))) for count, side in zip(each, spacing_mm)]
    few = values[tuple(slice(None, None, step) for step in steps)]
    shape = [side // count for side, count in zip(few.shape, each)]
    few = few[tuple(slice(0, side * count) for side, count in zip(shape, each))]
    corners = [few[tuple(slice(first, None, count) for first, count in zip(at, each))] for at in np.ndindex(*each)]
    total = corners[0].astype(np.float32)
    low = high = corners[0]
    for corner in corners[1:]:
        total += corner
        low, high = np.minimum(low, corner), np.maximum(high, corner)
    texture = high - low if len(corners) >= FEW_CORNERS else np.full(high.shape, np.inf)
    return total / np.float32(len(corners)), texture, np.multiply(spacing_mm, np.multiply(steps, each))


def filled_body(hu: np.ndarray, numbers: OrientationParameters) -> np.ndarray:
    """Bool: the largest thing denser than air, with every hole that is closed in a plane of any of the three axes."""
    from scipy import ndimage

    labels, count = ndimage.label(ndimage.binary_opening(hu > numbers.body_hu))
    if not count:
        return np.zeros(hu.shape, bool)
    solid = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
    return np.logical_or.reduce([solid, *(holes_in_planes(solid, axis) for axis in range(3))])


def holes_in_planes(solid: np.ndarray, axis: int) -> np.ndarray:
    """Bool: what in its plane across an axis is cut off from the border of the plane; all planes in one labelling."""
    from scipy import ndimage

    cross = ndimage.generate_binary_structure(3, 1)
    cross[tuple(slice(None) if other != axis else [0, 2] for other in range(3))] = False
    labels, count = ndimage.label(~solid, cross)
    open_air = np.zeros(count + 1, bool)
    for other in range(3):
        if other != axis:
            open_air[np.take(labels, (0, -1), axis=other)] = True
    open_air[0] = True
    return ~open_air[labels]


def lungs_in(hu: np.ndarray, body: np.ndarray, sides_mm, numbers: OrientationParameters) -> np.ndarray:
    """Bool: the large air spaces of the body."""
    from scipy import ndimage

    labels, _ = ndimage.label(ndimage.binary_opening((hu < numbers.lung_hu) & body))
    size_ml = np.bincount(labels.ravel()) * np.prod(sides_mm) / 1000
    size_ml[0] = 0
    return (size_ml > numbers.lung_piece_ml)[labels]


def spine_along(bone: np.ndarray, lung: np.ndarray, sides_mm, axis: int, drift_mm: float) -> tuple[float, np.ndarray]:
    """(share of the axis along which one column of bone is seen, its place in each plane (planes, 2)).

    The column is the path of most bone that moves sideways by at most one block in `drift_mm`: dynamic programming, exact. It
    is looked for within the reach of the lungs across the axis: in the trunk, but not in the arms.
    """
    from scipy import ndimage

    across = np.delete(sides_mm, axis)
    around = reach_of(np.moveaxis(lung, axis, 0).any(axis=0))
    trunk = np.moveaxis(bone, axis, 0)[:, around[0], around[1]].astype(np.float32)
    near = ndimage.gaussian_filter(trunk, (6 / sides_mm[axis], *(8 / across)), truncate=3.0)
    solid = np.minimum(2 * near, 1.0)
    here = solid + MIDDLE_OF_BONE * near
    every = max(1, round(drift_mm / sides_mm[axis]))
    totals = [here[0]]
    for k in range(1, len(here)):
        before = ndimage.maximum_filter(totals[-1], 3) if k % every == 0 else totals[-1]
        totals.append(before + here[k])
    at = np.unravel_index(totals[-1].argmax(), totals[-1].shape)
    path = [at]
    for k in range(len(here) - 1, 0, -1):
        if k % every == 0:
            low = np.maximum(np.subtract(at, 1), 0)
            window = totals[k - 1][low[0] : at[0] + 2, low[1] : at[1] + 2]
            at = tuple(int(start + step) for start, step in zip(low, np.unravel_index(window.argmax(), window.shape)))
        path.append(at)
    path = np.array(path[::-1])
    share = float(np.mean(solid[np.arange(len(solid)), path[:, 0], path[:, 1]]))
    return share, path + [part.start for part in around]


def reach_of(plane: np.ndarray) -> tuple[slice, slice]:
    """The smallest box, rows and columns, around what is set in a plane."""
    ends = [np.flatnonzero(plane.any(axis=axis)) for axis in (1, 0)]
    return tuple(slice(int(one[0]), int(one[-1]) + 1) for one in ends)


def share_in_front(body: np.ndarray, path: np.ndarray, swapped: bool) -> float:
    """Share of the body on the low side of the spine along the second axis; swapped: the path has its axes the other way."""
    path = path[:, ::-1] if swapped else path
    shares = []
    for plane, (row, column) in zip(body, path):
        ray = plane[:, max(0, column - 1) : column + 2].any(axis=1)
        low, high = int(ray[:row].sum()), int(ray[row + 1 :].sum())
        if low + high > 4:
            shares.append(low / (low + high))
    return float(np.median(shares)) if shares else 0.5


def deep(share: float) -> float:
    """The larger part of something split in two: 0.5 where the spine lies in the middle."""
    return max(share, 1 - share)


def order_is_odd(order: tuple[int, ...]) -> bool:
    """Whether a permutation of three axes mirrors."""
    return bool(round(np.linalg.det(np.eye(3)[list(order)])) < 0)
