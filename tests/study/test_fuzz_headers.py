"""The fuzzer of headers runs, for a few seconds, where atheris is installed; minutes of it are run by hand."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed; it fuzzes the headers")
def test_no_header_found_by_the_fuzzer_in_ten_seconds_breaks_the_reader(tmp_path):
    command = [sys.executable, "-m", "study.fuzz_headers", str(tmp_path / "corpus"), "-max_total_time=10"]
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])

    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done" in done.stderr
