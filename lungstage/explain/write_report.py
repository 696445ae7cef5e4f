"""A Report in, the output folder out: answer, sentences, page, masks and pictures (contract section 2)."""

from __future__ import annotations

import json
from pathlib import Path

from ..folders import fresh_folder
from .answer import answer
from .masks import write_masks
from .page import page
from .pictures import draw_pictures, poster
from .run_record import run_record


def write_report(report, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write everything; UnwritableOutput if it cannot be, and then nothing is left behind.

    report   pipeline.Report
    returns  the folder
    """
    folder = Path(folder)
    pictures = draw_pictures(report)
    with fresh_folder(folder, "staging.json", overwrite) as work:
        write_json(answer(report), work / "staging.json")
        (work / "report.txt").write_text("\n".join(report.text) + "\n", encoding="utf-8")
        (work / "report.html").write_text(page(report, pictures), encoding="utf-8")
        (work / "pictures").mkdir()
        for picture in (*pictures.values(), poster(report, pictures)):
            (work / "pictures" / f"{picture.name}.png").write_bytes(picture.png)
        write_masks(report, work / "masks")
        write_json(run_record(report), work / "run.json")
    return folder


def write_json(content: dict, path: Path) -> None:
    """Readable JSON; a number that is not finite would be a bug and raises."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
