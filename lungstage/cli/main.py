"""The command line: which command, and one line with an exit code when it cannot be done."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from contextlib import contextmanager

from .. import __version__
from ..errors import LungstageError, NotEnoughMemory
from .terminal import printable

COMMANDS = ("stage", "inspect", "tnm", "phantom", "evaluate", "priors")
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run `lungstage-classic`; returns the exit code of the contract."""
    arguments = build_parser().parse_args(argv)
    try:
        with ended_as_interrupted():
            return arguments.run(arguments) or 0
    except LungstageError as error:
        return say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return say("interrupted; nothing half-written is left", INTERRUPTED)
    except MemoryError:
        return say("the memory of this machine is not enough for this study; see --max-ram", NotEnoughMemory.exit_code)
    except BrokenPipeError:
        # whoever read our output has gone; a second error at exit would only confuse
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # a bug of ours: one line, and the rest for whoever reports it
        if getattr(arguments, "debug", False):
            traceback.print_exc()
        return say(f"this is a bug: {type(error).__name__}: {error} (run again with --debug and report it)", 1)


@contextmanager
def ended_as_interrupted():
    """SIGTERM, by which schedulers end a job, ends it as Ctrl-C does: what is half-written goes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def say(text: str, code: int) -> int:
    """One line on stderr, and the code."""
    print(f"lungstage: {printable(' '.join(text.split()))}", file=sys.stderr)
    return code


def build_parser() -> argparse.ArgumentParser:
    """All commands; each is a module of this package with `add_parser` and `run`."""
    from importlib import import_module

    parser = argparse.ArgumentParser(
        prog="lungstage-classic",
        description="Which stage of lung cancer does a CT or PET/CT show, how sure is that, and why. "
        "Research software, not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"lungstage {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        import_module(f"{__package__}.{command}").add_parser(subparsers)
    return parser
