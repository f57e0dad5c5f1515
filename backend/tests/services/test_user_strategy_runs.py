"""Runs of strategies of one's own: the same bytes as in process, and a defined end for whatever they do."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from app.engines.backtest import CostSpec, RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from app.services import proofs
from app.services.user_strategies.catalogue import Catalogue
from app.services.user_strategies.errors import StrategyStopped
from app.services.user_strategies.running import Finished, carry_out
from app.services.user_strategies.workers import Ended, Limits, ended_when
from tests.engines.backtest.test_event import market
from tests.services.user_files import (
    DECIDE,
    ON_BAR,
    SIGNALS,
    compiled,
    event,
    line_of,
    on_bar_after,
    signals_after,
    vectorised,
    write,
)

AVERAGES = Path(__file__).parents[2] / "app" / "engines" / "strategies" / "averages.py"


@pytest.fixture(scope="module")
def bars() -> Bars:
    """Three instruments over 120 bars, with holes and splits."""
    return market(5, 120, 3, holes=True, splits=True)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(tmp_path / "strategies", Limits(load_seconds=10.0, run_seconds=60.0))
    yield made
    made.close()


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Catalogue]:
    """With little time and memory."""
    made = Catalogue(tmp_path / "strategies", Limits(load_seconds=10.0, run_seconds=4.0, memory=500 * 2**20))
    yield made
    made.close()


def spec_of(book: Any, bars: Bars, **more: Any) -> RunSpec:
    named: dict[str, Any] = {
        "books": book if isinstance(book, tuple) else (book,),
        "universe": UniverseSpec(symbols=bars.symbols),
        "start": date(2024, 1, 1),
        "end": date(2034, 1, 1),
        "data_root": "of a test",
        "costs": CostSpec("bps", 10.0),
    }
    return RunSpec(**(named | more))


def done(catalogue: Catalogue, text: str, bars: Bars, params: dict[str, Any] | None = None, **more: Any) -> Finished:
    """The run of a file."""
    assert catalogue.folder is not None
    write(catalogue.folder, "mine.py", text)
    mine = catalogue.find("mine")
    return carry_out(spec_of(book_of(mine, params), bars, **more), bars, {"mine": mine}, catalogue.workers)


def stopped(catalogue: Catalogue, text: str, bars: Bars) -> StrategyStopped:
    with pytest.raises(StrategyStopped) as caught:
        done(catalogue, text, bars)
    assert caught.value.code == "BACKTEST_ERROR" and caught.value.details is not None
    assert caught.value.details["strategy_id"] == "mine"
    return caught.value


def in_process(text: str, catalogue: Catalogue, bars: Bars, tmp_path: Path) -> bytes:
    """The bytes of the same class imported here, under the identity that the file has."""
    spec = importlib.util.spec_from_file_location("imported_here", write(tmp_path, "imported_here.py", text))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    mine = module.Mine()
    mine.__dict__["source_hash"] = catalogue.find("mine").source_hash
    return run(spec_of(book_of(mine), bars), bars, {"mine": mine}).canonical


@pytest.mark.parametrize(
    "text", [vectorised("mine"), event("mine"), compiled("mine")], ids=["signals", "on_bar", "compiled"]
)
def test_the_worker_gives_the_bytes_that_the_same_class_gives_in_process(
    catalogue: Catalogue, bars: Bars, tmp_path: Path, text: str
) -> None:
    first = done(catalogue, text, bars)
    assert first.metrics["trades"] > 10
    assert first.canonical == in_process(text, catalogue, bars, tmp_path)
    assert done(catalogue, text, bars) == first  # a worker that has answered before starts anew


def test_a_compiled_strategy_has_the_fills_of_the_same_rule_in_python(catalogue: Catalogue, bars: Bars) -> None:
    told = [json.loads(done(catalogue, text, bars).canonical) for text in (event("mine"), compiled("mine"))]
    for name in ("fills", "trades", "equity", "metrics"):
        assert told[0][name] == told[1][name]


def test_what_cannot_be_compiled_is_told_with_its_line(catalogue: Catalogue, bars: Bars) -> None:
    text = compiled("mine", DECIDE.replace("        for n", "        view.nosuch  # here\n        for n", 1))
    error = stopped(catalogue, text, bars)
    assert error.reason == "raised" and error.line == line_of(text, "# here")


def test_a_shipped_class_copied_to_a_file_trades_as_the_shipped_one(catalogue: Catalogue, bars: Bars) -> None:
    text = AVERAGES.read_text(encoding="utf-8").split("@dataclass(frozen=True)\nclass EmaCrossParams")[0]
    own = done(catalogue, text.replace('id = "sma_cross"', 'id = "mine"'), bars, {"fast": 3, "slow": 9})
    shipped = registry()["sma_cross"]
    there = run(spec_of(book_of(shipped, {"fast": 3, "slow": 9}), bars), bars, {"sma_cross": shipped})
    assert own.metrics == there.metrics and own.metrics["trades"] > 3
    told = [json.loads(canonical) for canonical in (own.canonical, there.canonical)]
    for name in ("equity", "cash", "naive_twin", "benchmarks", "sessions"):
        assert told[0][name] == told[1][name]
    assert told[0]["trades"]["entry_price"] == told[1]["trades"]["entry_price"]


def test_columns_that_stand_in_another_order_give_the_same_bytes(catalogue: Catalogue, bars: Bars) -> None:
    for text in (vectorised("mine"), event("mine")):
        assert done(catalogue, text, bars.columns([2, 0, 1])).canonical == done(catalogue, text, bars).canonical


def test_own_and_shipped_strategies_run_in_one_account(catalogue: Catalogue, bars: Bars) -> None:
    assert catalogue.folder is not None
    write(catalogue.folder, "one.py", vectorised("one"))
    write(catalogue.folder, "two.py", event("two"))
    for names in (("one", "sma_cross"), ("one", "two", "sma_cross")):
        known = {name: catalogue.find(name) for name in names}
        spec = spec_of(
            tuple(book_of(known[n], {"fast": 3, "slow": 9} if n == "sma_cross" else {}) for n in names), bars
        )
        finished = carry_out(spec, bars, known, catalogue.workers)
        assert finished.spec.run_id == spec.run_id and finished.metrics["trades"] > 10


def test_what_a_run_leaves_behind_does_not_reach_the_next(catalogue: Catalogue, bars: Bars) -> None:
    body = signals_after("SEEN.append(1)\n        assert len(SEEN) == 1")
    text = vectorised("mine", body, before="SEEN = []")
    assert done(catalogue, text, bars) == done(catalogue, text, bars)


# ---- what strategies do


RAISES = "\n    def signals(self, bars, params):\n        x = bars.close[0, 0]\n        return 1 / 0  # here\n"
RAISES_AT = on_bar_after("if context.t == 40:\n            1 / 0  # here")


def test_a_raise_in_signals_is_told_with_its_line(catalogue: Catalogue, bars: Bars) -> None:
    text = vectorised("mine", RAISES)
    error = stopped(catalogue, text, bars)
    line = line_of(text, "# here")
    assert error.message == f"strategy mine: ZeroDivisionError: division by zero (mine.py, line {line})"
    assert (error.reason, error.file, error.line) == ("raised", "mine.py", line)


def test_a_raise_in_on_bar_is_told_with_its_bar_and_line(catalogue: Catalogue, bars: Bars) -> None:
    text = event("mine", RAISES_AT)
    error = stopped(catalogue, text, bars)
    at = str(bars.sessions[40])
    assert error.message.startswith(
        f"strategy mine stopped at {at}: ZeroDivisionError: division by zero (mine.py, line "
    )
    assert error.line == line_of(text, "# here")


def test_an_order_that_cannot_be_is_told_with_its_bar_and_line(catalogue: Catalogue, bars: Bars) -> None:
    text = event("mine", ON_BAR.replace("context.buy(n)", "context.buy(n, stop=-5.0)"))
    error = stopped(catalogue, text, bars)
    assert "stop: expected a number above 0, got -5.0" in error.message and str(bars.sessions[0])[:4] in error.message
    assert error.line == line_of(text, "stop=-5.0")


ENDLESS = "while True:  # here\n            pass"


@pytest.mark.parametrize(
    "text",
    [
        vectorised("mine", signals_after(ENDLESS)),
        event("mine", on_bar_after(ENDLESS)),
    ],
    ids=["signals", "on_bar"],
)
def test_a_loop_without_end_is_stopped_and_its_line_told(hasty: Catalogue, bars: Bars, text: str) -> None:
    began = time.monotonic()
    error = stopped(hasty, text, bars)
    assert time.monotonic() - began < 30.0
    assert (
        error.reason == "time" and "it took longer than 4 seconds to answer, the limit (mine.py, line " in error.message
    )
    assert error.line in (line_of(text, "# here"), line_of(text, "# here") + 1)


@pytest.mark.parametrize(
    "eats",
    [
        "np.ones(200_000_000)",  # refused at once
        "held = [bytearray(2**20) for _ in range(2000)]",  # little by little
    ],
)
def test_what_eats_memory_is_stopped_at_the_limit(hasty: Catalogue, bars: Bars, eats: str) -> None:
    text = vectorised("mine", signals_after(eats))
    error = stopped(hasty, text, bars)
    assert error.reason == "memory" and "it used more than 500 MB of memory, the limit" in error.message


def test_memory_that_the_system_does_not_refuse_is_watched(hasty: Catalogue, bars: Bars) -> None:
    lifts = "import resource\nresource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY,) * 2)"
    body = signals_after("held = [bytearray(b'x' * 2**20) for _ in range(4000)]")
    error = stopped(hasty, vectorised("mine", body, before=lifts), bars)
    assert error.reason == "memory"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("None", "signals must answer Signals or Weights, got NoneType"),
        ("[1, 2]", "signals must answer Signals or Weights, got list"),
        ("Signals(None, None)", "entry must be an array, got None"),
        ("Signals(rises[:-1], falls)", "entry must be bool of shape (120, 3), got bool of shape (119, 3)"),
        ("Signals(rises * 1.0, falls)", "entry must be bool of shape (120, 3), got float64 of shape (120, 3)"),
        ("Signals(rises.astype(object), falls)", "entry must be an array of bool or float64, got object"),
        ("Signals(rises, falls, rank='high')", "rank must be an array, got str"),
        ("Signals(rises, falls, hold=0)", "hold must be a whole number of 1 or more, got 0"),
        (
            "Signals(rises, falls, valid=10**30)",
            f"valid must be a whole number of 1 or more, got {10**30}; at most 1000",
        ),
    ],
)
def test_an_answer_that_is_none_is_told(catalogue: Catalogue, bars: Bars, answer: str, told: str) -> None:
    text = vectorised("mine", SIGNALS.replace("Signals(rises, falls)", answer))
    with pytest.raises((StrategyStopped, ValueError)) as caught:
        done(catalogue, text, bars)
    assert told in str(caught.value) and "strategy mine: " in str(caught.value)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("__import__('sys').exit(7)", "it called exit (7)"),
        ("__import__('os')._exit(7)", "it ended the process it ran in (exit code 7)"),
        ("__import__('os').abort()", "it ended the process it ran in (signal 6)"),
    ],
)
@pytest.mark.parametrize("form", ["signals", "on_bar"])
def test_an_end_of_the_process_is_told(catalogue: Catalogue, bars: Bars, form: str, call: str, told: str) -> None:
    text = vectorised("mine", signals_after(call)) if form == "signals" else event("mine", on_bar_after(call))
    assert told in stopped(catalogue, text, bars).message


def test_a_million_printed_lines_change_nothing(catalogue: Catalogue, bars: Bars) -> None:
    chatter = "for i in range(1_000_000):\n            print('line', i)"
    loud = done(catalogue, vectorised("mine", signals_after(chatter)), bars)
    quiet = done(catalogue, vectorised("mine"), bars)
    assert loud.metrics == quiet.metrics


def test_what_was_printed_last_comes_with_the_error(catalogue: Catalogue, bars: Bars) -> None:
    body = RAISES.replace("        x =", "        print('the close is', 5)\n        x =")
    error = stopped(catalogue, vectorised("mine", body), bars)
    assert error.details is not None and error.details["output"] == ["the close is 5"]


def test_writing_to_the_answers_own_channel_is_told_and_believed_by_nobody(catalogue: Catalogue, bars: Bars) -> None:
    forge = "import os\n        for n in range(3, 12):\n            try:\n                os.write(n, b'0' * 64)\n"
    forge += "            except OSError:\n                pass"
    text = vectorised("mine", signals_after(forge))
    assert "it wrote over what it was to answer" in stopped(catalogue, text, bars).message


def test_bars_that_are_changed_do_not_reach_the_run(catalogue: Catalogue, bars: Bars) -> None:
    before = bars.raw.close.copy()
    text = vectorised("mine", signals_after("bars.raw.close[:] = 1.0  # here"))
    error = stopped(catalogue, text, bars)
    assert "assignment destination is read-only" in error.message and error.line == line_of(text, "# here")
    mine = "bars.close[-1] = 1.0\n        bars.__dict__.pop('close')"  # a copy of its own may be changed
    changed = done(catalogue, vectorised("mine", signals_after(mine)), bars)
    plain = done(catalogue, vectorised("mine"), bars)
    assert changed.metrics == plain.metrics and np.array_equal(bars.raw.close, before, equal_nan=True)


def test_threads_left_behind_end_with_their_worker(catalogue: Catalogue, bars: Bars) -> None:
    before = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    finished = done(catalogue, vectorised("mine", before=before), bars)
    assert finished.metrics == done(catalogue, vectorised("mine"), bars).metrics
    assert len([w for w in catalogue.workers._idle if w.key == (catalogue.find("mine").source_hash,)]) == 1
    assert len(catalogue.workers._idle) == 1  # that of the strategy with the thread is gone


def test_processes_that_a_strategy_started_end_with_it(hasty: Catalogue, bars: Bars) -> None:
    marker = f"{os.getpid()}.25"
    starts = f"import subprocess\n        subprocess.Popen(['sleep', '{marker}'])\n        while True: pass"
    stopped(hasty, vectorised("mine", signals_after(starts)), bars)
    running = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"])]
    assert not any(marker in " ".join(line or []) for line in running)


def test_a_file_deleted_or_edited_while_it_runs_changes_nothing(catalogue: Catalogue, bars: Bars) -> None:
    quiet = done(catalogue, event("mine"), bars)
    assert catalogue.folder is not None
    path = catalogue.folder / "mine.py"
    deletes = f"__import__('os').path.exists({str(path)!r}) and __import__('os').unlink({str(path)!r})"
    assert done(catalogue, event("mine", on_bar_after(deletes)), bars).metrics == quiet.metrics
    assert not path.exists()
    # a run that was asked for before an edit goes on with what was asked for
    write(catalogue.folder, "mine.py", event("mine"))
    spec = spec_of(book_of(catalogue.find("mine")), bars)
    write(catalogue.folder, "mine.py", event("mine").replace("context.buy(n)", "context.buy(n, hold=1)"))
    strategies = catalogue.of_spec(spec)
    assert carry_out(spec, bars, strategies, catalogue.workers) == quiet
    assert catalogue.find("mine").source_hash != spec.books[0].source_hash


def test_randomness_without_a_seed_is_found_by_the_search(catalogue: Catalogue, bars: Bars) -> None:
    body = SIGNALS.replace("return Signals(rises", "return Signals(rises & (np.random.random(bars.shape) < 0.5)")
    first, second = (done(catalogue, vectorised("mine", body), bars) for _ in range(2))
    assert first.digest != second.digest  # verify would say: differs
    report = proofs.search(catalogue.find("mine"), None, "1d")
    assert report["outcome"] == "unsteady" and "randomness without a seed" in report["sentence"]


def test_the_order_of_a_set_of_texts_does_not_differ_from_run_to_run(catalogue: Catalogue, bars: Bars) -> None:
    order = "        names = list({str(n) for n in range(1000)})\n        rises = np.zeros(bars.shape, np.bool_)\n"
    body = SIGNALS.replace("        rises = np.zeros(bars.shape, np.bool_)\n", order).replace(
        "return Signals(rises, falls)", "return Signals(rises, falls, rank=np.full(bars.shape, float(names[0])))"
    )
    first = done(catalogue, vectorised("mine", body), bars, max_positions=1)
    catalogue.workers._idle.pop().kill()
    assert done(catalogue, vectorised("mine", body), bars, max_positions=1) == first


# ---- look-ahead


@pytest.mark.parametrize("form", ["signals", "on_bar"])
def test_a_leak_is_found_in_the_worker_and_named(catalogue: Catalogue, form: str) -> None:
    leak = SIGNALS.replace("rises[1:] = ", "rises[:-1] = ")
    peek = ON_BAR.replace("context.history(2, n)", "context._run.fields['close'][context.t : context.t + 2, n]")
    assert catalogue.folder is not None
    write(catalogue.folder, "mine.py", vectorised("mine", leak) if form == "signals" else event("mine", peek))
    report = proofs.search(catalogue.find("mine"), {"window": 3}, "1d")
    assert report["outcome"] == "leak" and report["params"] == {"window": 3}
    first = report["findings"][0]
    assert first["field"] == ("entry" if form == "signals" else "orders")
    assert first["symbol"] in report["sentence"] and first["session"] in report["sentence"]


@pytest.mark.parametrize("text", [vectorised("mine"), event("mine")], ids=["signals", "on_bar"])
def test_an_honest_strategy_passes_on_the_market_and_on_the_bars_of_a_run(
    catalogue: Catalogue, bars: Bars, text: str
) -> None:
    assert catalogue.folder is not None
    write(catalogue.folder, "mine.py", text)
    mine = catalogue.find("mine")
    assert proofs.search(mine, None, "1d")["outcome"] == "passed"
    assert proofs.search_on(mine, {"window": 3}, bars)["outcome"] == "passed"


def test_a_search_that_is_stopped_says_at_which_limit(hasty: Catalogue) -> None:
    body = signals_after("while len(bars.sessions) == 77: pass")
    assert hasty.folder is not None
    write(hasty.folder, "mine.py", vectorised("mine", body))
    report = proofs.search(hasty.find("mine"), None, "1d")
    assert report["outcome"] == "raised" and report["tested"]["stopped"] == "time"
    assert "it took longer than 4 seconds to answer" in report["sentence"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("limit=1.0, valid=10**30", f"valid: expected 1 or more bars, up to 1000000000, got {10**30}"),
        ("hold=10**30", f"hold: expected 0 or more bars, up to 1000000000, got {10**30}"),
    ],
)
def test_an_order_for_more_bars_than_can_be_counted_is_told(
    catalogue: Catalogue, bars: Bars, call: str, told: str
) -> None:
    error = stopped(
        catalogue, event("mine", f"\n    def on_bar(self, context):\n        context.buy(0, {call})\n"), bars
    )
    assert told in error.message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_parameter_that_is_no_number_is_told_by_name(catalogue: Catalogue, bars: Bars, value: float) -> None:
    with pytest.raises(ValueError, match=rf"params.window: expected a whole number from 2 to 50, got {value}"):
        done(catalogue, vectorised("mine"), bars, {"window": value})
    with pytest.raises(ValueError, match=r"params.speed: expected one of window, got"):
        done(catalogue, vectorised("mine"), bars, {"speed": value})


@pytest.mark.parametrize("form", ["signals", "on_bar"])
def test_an_answer_nobody_wants_any_more_ends_its_worker(catalogue: Catalogue, bars: Bars, form: str) -> None:
    text = (
        vectorised("mine", signals_after("while True: pass"))
        if form == "signals"
        else event("mine", on_bar_after("while True: pass"))
    )
    asked = time.monotonic()
    with ended_when(lambda: time.monotonic() - asked > 3.0), pytest.raises(Ended):
        done(catalogue, text, bars)
    assert time.monotonic() - asked < 15.0  # and not the 60 seconds of the limit
    ours = psutil.Process()
    assert not [p for p in ours.children(recursive=True) if "user_strategies.child" in " ".join(p.cmdline())]
