#!/usr/bin/env python3
"""Start SmartTrader, set it up, or test it. Needs Python 3.11 or newer and nothing else.

python3 run.py            make the environment, build the interface, serve on http://127.0.0.1:8000
python3 run.py setup      make the environment only
python3 run.py test       lint, types, import rules, tests of both sides, browser tests
"""
# This file is read by whatever `python3` is, so it keeps to words that an old one understands too.

import sys

OLDEST, TOO_NEW = (3, 11), (3, 15)


def refusal(version: "tuple[int, int]") -> "str | None":
    """Why this Python cannot be used, or None."""
    if version < OLDEST:
        why = "is too old"
    elif version >= TOO_NEW:
        why = "is newer than what SmartTrader was tried with"
    else:
        return None
    return (
        f"SmartTrader needs Python {OLDEST[0]}.{OLDEST[1]} to {TOO_NEW[0]}.{TOO_NEW[1] - 1}; "
        f"this is Python {version[0]}.{version[1]}, which {why}.\n"
        "Install one of those and run it by its name, for example: python3.12 run.py"
    )


if __name__ == "__main__":
    unsuitable = refusal(sys.version_info[:2])
    if unsuitable:
        sys.exit(unsuitable)
    sys.dont_write_bytecode = True  # a read-only checkout is no reason to fail
    from launcher.main import main

    sys.exit(main(sys.argv[1:]))
