"""An untrained U-Net's forward pass over 300 slices beside the lungs of the same slices, each in a process of its own.

    PYTHON_WITH_TORCH benchmarks/deep/unet.py --lungstage .venv/bin/python

The network is the usual one of two dimensions: 32 channels doubled four times, two convolutions a level, 7.8 million weights.
torch is no dependency of lungstage and need not be installed beside it. One slice is timed and taken times 300; the lungs are
timed before and after, whole. Writes benchmarks/results/unet.csv.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import subprocess
import sys
import time
from pathlib import Path

SLICES, ROUNDS = 300, 5
ROOT = Path(__file__).resolve().parents[2]
LUNGS = """
import time
from benchmarks.chest import draw_chest
from lungstage.lungs import find_lungs
study, _ = draw_chest({slices})
find_lungs(study)
for _ in range({rounds}):
    wall, cpu = time.perf_counter(), time.process_time()
    find_lungs(study)
    print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def lungs_seconds(python: str) -> list[tuple[float, float]]:
    """Wall and CPU seconds of find_lungs on 300 drawn slices, several times, in a process of its own."""
    code = LUNGS.format(slices=SLICES, rounds=ROUNDS)
    told = subprocess.run([python, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [tuple(map(float, line.split())) for line in told.splitlines()]


def unet():
    """torch.nn.Module: 1 channel in, 1 out."""
    import torch
    from torch import nn

    def twice(before: int, after: int) -> nn.Sequential:
        layers = []
        for channels in (before, after):
            layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self, base: int = 32, levels: int = 4):
            super().__init__()
            widths = [base * 2**k for k in range(levels + 1)]
            self.down = nn.ModuleList([twice(1, base), *[twice(a, b) for a, b in zip(widths, widths[1:])]])
            self.up = nn.ModuleList([nn.ConvTranspose2d(b, a, 2, 2) for a, b in zip(widths, widths[1:])][::-1])
            self.join = nn.ModuleList([twice(2 * a, a) for a in widths[:-1]][::-1])
            self.last = nn.Conv2d(base, 1, 1)

        def forward(self, x):
            kept = []
            for k, block in enumerate(self.down):
                x = block(nn.functional.max_pool2d(x, 2) if k else x)
                kept.append(x)
            for up, join, skip in zip(self.up, self.join, kept[-2::-1]):
                x = join(torch.cat([skip, up(x)], dim=1))
            return self.last(x)

    return UNet().eval()


def slice_seconds(side: int, kind: str) -> tuple[float, float]:
    """Median wall and CPU seconds of one slice of side x side pixels; kind float32 or bfloat16."""
    import torch

    dtype = getattr(torch, kind)
    network = unet().to(dtype=dtype, memory_format=torch.channels_last)
    image = torch.zeros((1, 1, side, side), dtype=dtype).to(memory_format=torch.channels_last)
    taken = []
    with torch.inference_mode():
        network(image)
        for _ in range(ROUNDS):
            wall, cpu = time.perf_counter(), time.process_time()
            network(image)
            taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return tuple(statistics.median(part) for part in zip(*taken))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lungstage", default=sys.executable, help="a Python that has lungstage (default: this one)")
    python = parser.parse_args().lungstage
    lungs = lungs_seconds(python)
    weights = sum(weight.numel() for weight in unet().parameters())
    units = [(side, kind, *slice_seconds(side, kind)) for side, kind in ((256, "float32"), (256, "bfloat16"), (512, "float32"))]
    wall, cpu = (statistics.median(part) for part in zip(*lungs, *lungs_seconds(python)))
    rows = [("what", "weights", "seconds_300_slices", "cpu_seconds_300_slices", "times_lungs", "cpu_times_lungs")]
    rows.append(("lungs of 300 x 512 x 512 with hull", "", round(wall, 3), round(cpu, 3), 1, 1))
    for side, kind, unit_wall, unit_cpu in units:
        whole, whole_cpu = SLICES * unit_wall, SLICES * unit_cpu
        name = f"U-Net {side} x {side} {kind}"
        rows.append((name, weights, round(whole, 1), round(whole_cpu, 1), round(whole / wall), round(whole_cpu / cpu)))
    with (ROOT / "benchmarks" / "results" / "unet.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
