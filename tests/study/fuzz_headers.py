"""Headers damaged by a fuzzer that watches which lines of the reader they reach; needs atheris, which nothing else does.

PYTHONPATH=tests python -m study.fuzz_headers CORPUS [options of libFuzzer, such as -max_total_time=300]

An input is one byte that names the scan, and the bytes of one of its files. What must be true of it is what study.mutants asks:
read right, or refused in one line, within ten seconds. CORPUS grows; a file that broke the reader is left as crash-*.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from pathlib import Path

NAMES = ("ct", "pet", "enhanced")


def seeds(folder: Path, held: dict[str, list[bytes]]) -> None:
    """Sound files to begin with."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(NAMES):
        (folder / f"seed-{name}").write_bytes(bytes([number]) + held[name][0])


def complaint_of(content: bytes, held: dict[str, list[bytes]]) -> str:
    """What is wrong with how a scan is read of which one file is replaced; "" where nothing is."""
    from study.mutants import complaint

    if not content:
        return ""
    name = NAMES[content[0] % len(NAMES)]
    files = [content[1:], *held[name][1:]]
    with tempfile.TemporaryDirectory() as folder:
        for k, file in enumerate(files):
            (Path(folder) / f"{k}.dcm").write_bytes(file)
        return complaint(Path(folder), name)


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    import atheris

    with atheris.instrument_imports(include=["lungstage.study", "pydicom"]):
        from study.mutants import scans

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    held = scans()
    seeds(Path(sys.argv[1]), held)

    def one_input(content: bytes) -> None:
        wrong = complaint_of(content, held)
        if wrong:
            raise AssertionError(wrong)

    atheris.Setup([*sys.argv, "-timeout=20", "-max_len=20000"], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
