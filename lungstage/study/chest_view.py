"""Blocks of a chest seen with supposed axes in, what they show of ribs, windpipe, aorta, heart and liver out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .parameters import OrientationParameters

FEW_BLOCKS = 20  # of lung in a plane, below which nothing lies between the lungs


@dataclass(frozen=True, eq=False)
class View:
    """The blocks with supposed axes (head, back, left), their sides in mm, and the spine (planes, 2: row and column)."""

    hu: np.ndarray
    body: np.ndarray
    lung: np.ndarray
    sides_mm: tuple[float, float, float]
    spine: np.ndarray

    @classmethod
    def of(cls, hu, body, lung, sides_mm, path, order) -> View:
        """The blocks with their axes in another order."""
        spine = path[:, ::-1] if order[1] > order[2] else path
        return cls(*(np.transpose(array, order) for array in (hu, body, lung)), tuple(sides_mm[axis] for axis in order), spine)

    def flipped(self, axis: int) -> View:
        """The same seen from the other end of an axis."""
        spine = self.spine[::-1] if axis == 0 else self.spine.copy()
        if axis:
            spine[:, axis - 1] = self.hu.shape[axis] - 1 - spine[:, axis - 1]
        return View(*(np.flip(array, axis) for array in (self.hu, self.body, self.lung)), self.sides_mm, spine)

    @property
    def lung_planes(self) -> range:
        """The planes that hold lung."""
        planes = np.flatnonzero(self.lung.any(axis=(1, 2)))
        return range(planes[0], planes[-1] + 1)

    def head_votes(self, numbers: OrientationParameters) -> tuple[float, float]:
        """Votes of ribs and windpipe for the head at the far end of the first axis, each whole at 1 or beyond."""
        return self.ribs(numbers) / numbers.ribs_slope, self.windpipe(numbers) / numbers.windpipe_share

    def ribs(self, numbers: OrientationParameters) -> float:
        """In [-1, 1]: ribs that sink towards the front against ribs that rise, at the sides of the chest."""
        from scipy import ndimage

        reach = max(1, round(numbers.ribs_near_mm / min(self.sides_mm)))
        bone = (self.hu > numbers.bone_hu) & ndimage.binary_dilation(self.lung, iterations=reach)
        aside = np.abs(np.arange(self.hu.shape[2]) - self.spine[:, 1:]) * self.sides_mm[2] >= numbers.ribs_aside_mm
        bone &= aside[:, None, :]
        step, reach = (
            max(1, round(numbers.ribs_step_mm / self.sides_mm[1])),
            max(1, round(numbers.ribs_fall_mm / self.sides_mm[0])),
        )
        behind, before = bone[:, step:].astype(np.float32), bone[:, :-step].astype(np.float32)
        sinking = sum(float((behind[k:] * before[:-k]).sum()) for k in range(1, reach + 1))
        rising = sum(float((behind[:-k] * before[k:]).sum()) for k in range(1, reach + 1))
        return (sinking - rising) / max(1.0, sinking + rising)

    def windpipe(self, numbers: OrientationParameters) -> float:
        """In [-1, 1]: planes with a windpipe in the top third of the lungs against those in the bottom third."""
        planes = self.lung_planes
        third = len(planes) // 3
        if not third:
            return 0.0
        top, bottom = (sum(self.has_windpipe(k, numbers) for k in part) for part in (planes[-third:], planes[:third]))
        return (top - bottom) / third

    def has_windpipe(self, plane: int, numbers: OrientationParameters) -> bool:
        """Whether a plane shows an air space of a windpipe's size in front of the spine, apart from the lungs."""
        from scipy import ndimage

        row, column = self.spine[plane]
        smallest, largest = numbers.windpipe_mm2
        least, most = numbers.windpipe_before_mm
        labels, _ = ndimage.label((self.hu[plane] < numbers.windpipe_hu) & self.body[plane])
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
            area_mm2 = np.count_nonzero(labels[rows, columns] == number) * self.sides_mm[1] * self.sides_mm[2]
            before_mm = (row - (rows.start + rows.stop - 1) / 2) * self.sides_mm[1]
            aside_mm = abs(column - (columns.start + columns.stop - 1) / 2) * self.sides_mm[2]
            if smallest < area_mm2 < largest and least < before_mm < most and aside_mm < numbers.windpipe_aside_mm:
                return True
        return False

    def side_votes(self, numbers: OrientationParameters) -> tuple[float | None, ...]:
        """Votes of aorta, heart and liver for left at the far end of the third axis, each in [-1, 1], or None where unseen."""
        liver = self.liver(numbers)
        shares = (self.aorta(numbers) / numbers.aorta_share, self.heart(numbers) / numbers.heart_share,
                  None if liver is None else liver / numbers.liver_share)  # fmt: skip
        return tuple(None if share is None else float(np.clip(share, -1, 1)) for share in shares)

    def aorta(self, numbers: OrientationParameters) -> float:
        """Soft tissue beside the vertebrae, left less right, as a share."""
        near, far = (round(side / self.sides_mm[2]) for side in numbers.aorta_aside_mm)
        behind, before = (side / self.sides_mm[1] for side in numbers.aorta_before_mm)
        surplus = []
        for k in self.lung_planes:
            row, column = self.spine[k]
            rows = slice(max(0, round(row - before)), round(row - behind) + 1)
            soft = self.hu[k, rows] > numbers.soft_hu
            left, right = soft[:, column + near : column + far + 1], soft[:, max(0, column - far) : max(0, column - near) + 1]
            if left.size and right.size:
                surplus.append(left.mean() - right.mean())
        return float(np.mean(surplus)) if surplus else 0.0

    def heart(self, numbers: OrientationParameters) -> float:
        """Soft tissue between the lower halves of the lungs, in front of the spine, left less right, as a share."""
        left = right = 0
        planes = self.lung_planes
        for k in planes[: len(planes) // 2]:
            row, column = self.spine[k]
            rows, columns = np.nonzero(self.lung[k])
            if len(rows) < FEW_BLOCKS:
                continue
            front = slice(rows.min(), max(rows.min() + 1, round(row - numbers.heart_before_mm / self.sides_mm[1])))
            soft = self.hu[k, front] > numbers.soft_hu
            left += np.count_nonzero(soft[:, column + 1 : columns.max() + 1])
            right += np.count_nonzero(soft[:, columns.min() : column])
        return (left - right) / max(1, left + right)

    def liver(self, numbers: OrientationParameters) -> float | None:
        """Dense tissue at the lung bases and below, right less left, as a share of the body; None where it is not scanned."""
        from scipy import ndimage

        planes = self.lung_planes
        if planes[0] * self.sides_mm[0] < numbers.below_lungs_mm:
            return None
        low, high = numbers.liver_hu
        below, wall = (round(numbers.liver_below_mm / self.sides_mm[0]), max(1, round(numbers.liver_wall_mm / self.sides_mm[1])))
        dense = {"left": 0, "right": 0}
        inside = {"left": 0, "right": 0}
        for k in range(max(0, planes[0] - below), planes[0] + len(planes) // 4):
            column = self.spine[k, 1]
            deep = ndimage.binary_erosion(self.body[k], iterations=wall)
            solid = deep & (self.hu[k] > low) & (self.hu[k] < high)
            for side, columns in (("right", slice(None, column)), ("left", slice(column + 1, None))):
                dense[side] += np.count_nonzero(solid[:, columns])
                inside[side] += np.count_nonzero(deep[:, columns])
        return dense["right"] / max(1, inside["right"]) - dense["left"] / max(1, inside["left"])
