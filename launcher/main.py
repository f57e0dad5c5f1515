"""The commands of `run.py`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence

from launcher import serve, testing
from launcher.environment import SMARTTRADER, ensure_environment
from launcher.interface import ensure_interface, ensure_node, ensure_packages, system_node
from launcher.steps import ROOT, VENV, StepFailed, children, console, together


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="run.py", description="Start SmartTrader, set it up, or test it.")
    top.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default 127.0.0.1)")
    top.add_argument("--port", type=_port, default=8000, help="port to listen on (default 8000)")
    top.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    commands = top.add_subparsers(dest="command", metavar="{setup,test}")
    commands.add_parser("setup", help="make the environment only (.venv, with the command smarttrader)")
    test = commands.add_parser("test", help="check everything, or only the checks named")
    test.add_argument("--strict", action="store_true", help="a test skipped for want of evidence files is a failure")
    test.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(testing.names())}")
    return top


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; expected a number from 1 to 65535")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal of few letters is no reason to fail
    options = parser().parse_args(arguments)
    if options.command == "test":
        unknown = sorted(set(options.names) - set(testing.names()))
        if unknown:
            parser().error(f"there is no check named {', '.join(unknown)}; there are {', '.join(testing.names())}")
    try:
        return _command(options)
    except StepFailed as failure:
        print(failure, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; what was done stays done, and the next run goes on from there.", file=sys.stderr)
        return 130
    finally:
        children.end_all()


def _command(options: argparse.Namespace) -> int:
    began = time.monotonic()
    if options.command == "setup":
        with _one_at_a_time():
            ensure_environment()
        console.say(f"The environment is ready: {SMARTTRADER} ({time.monotonic() - began:.1f} s)")
        return 0
    if options.command == "test":
        with _one_at_a_time():
            _set_up_both_sides(build=False)
        return testing.run_checks(options.names, strict=options.strict)
    serve.check_host(options.host)
    serve.check_port(options.host, options.port)
    serve.check_home(serve.home_folder(os.environ))
    with _one_at_a_time():
        _set_up_both_sides(build=True)
    return serve.serve(options.host, options.port, not options.no_browser, began)


def _set_up_both_sides(build: bool) -> None:
    """Python and the interface; side by side where Node need not come from Python's installer."""

    def python_side() -> None:
        ensure_environment()
        serve.ensure_warm()

    def interface_side() -> None:
        if build:
            ensure_interface()
        else:
            ensure_packages(ensure_node())

    if system_node() is not None:
        together(python_side, interface_side)
    else:
        ensure_environment()
        together(python_side, interface_side)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two of us must not build the same folder at once; the lock goes with its process."""
    try:
        descriptor = os.open(ROOT / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise StepFailed(
            "the environment cannot be made",
            f"{VENV}: {error.strerror or error}",
            f"Make {ROOT} writable for this user, or copy the project to a folder that is",
        ) from error
    try:
        told = False
        while not _try_lock(descriptor):
            if not told:
                console.say("  ...   another run.py is setting up; waiting for it")
                told = True
            time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
