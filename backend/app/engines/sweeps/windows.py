"""Training and test windows of a walk-forward."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

Mode = Literal["rolling", "anchored"]
MODES: Final = get_args(Mode)
MOST_WINDOWS: Final = 500
FEWEST_TRAINED: Final = 20  # sessions
FEWEST_TESTED: Final = 5


class Window(NamedTuple):
    """Sessions [train_first, train_after) to choose on, [test_first, test_after) to be tested on, by index."""

    train_first: int
    train_after: int
    test_first: int
    test_after: int


def windows(
    sessions: int, *, train: int, test: int, mode: Mode = "rolling", purge: int = 0, embargo: int = 0
) -> list[Window]:
    """The windows of a record; test windows follow one another without a gap, the last one may be shorter.

    Parameters
    ----------
    sessions : of the record
    train, test : sessions of each window; with "anchored" training begins with the record and grows from `train` on
    purge : sessions left out before each test window: what was decided in them may be held into it
    embargo : further sessions left out there: returns that follow closely are alike

    Raises
    ------
    ValueError : a length that cannot be, or a record too short for one window; the field is named.
    """
    for name, value, least in (("train", train, FEWEST_TRAINED), ("test", test, FEWEST_TESTED), ("purge", purge, 0),
                               ("embargo", embargo, 0)):  # fmt: skip
        if type(value) is not int or value < least:
            raise ValueError(f"{name}: expected {least} sessions or more, got {value!r}")
    if mode not in MODES:
        raise ValueError(f"mode: expected one of {', '.join(MODES)}, got {mode!r}")
    gap = purge + embargo
    first = train + gap
    if first + FEWEST_TESTED > sessions:
        raise ValueError(
            f"train: {train} sessions of training and {gap} left out need {first + FEWEST_TESTED} sessions or more, "
            f"the period has {sessions}"
        )
    starts = range(first, sessions - FEWEST_TESTED + 1, test)
    if len(starts) > MOST_WINDOWS:
        raise ValueError(f"test: expected at most {MOST_WINDOWS} windows, got {len(starts)}; give longer ones")
    return [
        Window(0 if mode == "anchored" else at - gap - train, at - gap, at, min(at + test, sessions)) for at in starts
    ]
