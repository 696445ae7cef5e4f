"""Headers damaged by a fuzzer that watches which lines of the reader they reach; needs atheris, which nothing else does.

PYTHONPATH=tests python -m study.fuzz_headers CORPUS [options of libFuzzer, such as -max_total_time=300]

An input is one byte that names the scan, and the bytes of one of its files. Most inputs are bred from others by the damage of
study.deep_mutants (sequences, VRs, lengths, fields of NIfTI, NRRD and MetaImage), the rest by libFuzzer's own. What must be true
of them is what study.mutants asks: read right, or refused in one line, within ten seconds. CORPUS grows; a file that broke the
reader is left as crash-*.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

OWN_MUTATIONS = 0.25  # of libFuzzer, which knows nothing of DICOM
HANGS_S = 120  # by the clock: other programs may hold the machine; what takes long by the processor is a complaint long before


def seeds(folder: Path, held: dict[str, list[bytes]]) -> None:
    """Sound files to begin with."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(sorted(held)):
        (folder / f"seed-{name}").write_bytes(bytes([number]) + held[name][0])


def complaint_of(content: bytes, held: dict[str, list[bytes]]) -> str:
    """What is wrong with how a scan is read of which one file is replaced; "" where nothing is."""
    from study.mutants import complaint

    if not content:
        return ""
    name = name_of(content, held)
    files = [content[1:], *held[name][1:]]
    with tempfile.TemporaryDirectory() as folder:
        for k, file in enumerate(files):
            (Path(folder) / f"{k}-{name}").write_bytes(file)
        return complaint(Path(folder), name)


def name_of(content: bytes, held: dict[str, list[bytes]]) -> str:
    """Which scan an input is a file of."""
    return sorted(held)[content[0] % len(held)]


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    import atheris

    with atheris.instrument_imports(include=["lungstage.study", "pydicom"]):
        from study.deep_mutants import damaged, scans

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    held = scans()
    seeds(Path(sys.argv[1]), held)

    def one_input(content: bytes) -> None:
        wrong = complaint_of(content, held)
        if wrong:
            raise AssertionError(wrong)

    def bred(content: bytes, most: int, seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        if not content or rng.random() < OWN_MUTATIONS:
            return atheris.Mutate(content, most)
        return (content[:1] + damaged(rng, name_of(content, held), content[1:]))[:most]

    atheris.Setup([*sys.argv, f"-timeout={HANGS_S}", "-max_len=20000"], one_input, custom_mutator=bred)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
