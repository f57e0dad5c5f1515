"""The worker process: the one place where strategies of one's own run. Started by `workers`, never imported by it.

It reads requests from its standard input and answers on what was its standard output; what a strategy prints goes to
standard error, which the platform keeps the end of. Each request imports the strategy anew, so that nothing that one
run left in a module is seen by the next. When the platform goes, so does the worker, whatever it is at.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import inspect
import io
import json
import os
import pickle
import queue
import re
import sys
import threading
from collections.abc import Callable, Sequence
from types import CodeType, ModuleType, TracebackType
from typing import Any, BinaryIO, get_args

from app.engines.strategies.base import ProductName, Signals, Strategy, Weights
from app.services.user_strategies.describe import Unfit, describe
from app.services.user_strategies.wire import LENGTHS, Code, Request, answer_out, send, unpacked

IDLE_SECONDS = 120.0
COMPILED_AT = re.compile(r'File "([^"]+)", line (\d+)')
WORDS = 2_000  # of an exception's text


class Malformed(ValueError):
    """An answer that is none."""


class Modules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the modules of the user's folder from their texts; asked last, so that no other module is hidden."""

    def __init__(self) -> None:
        self.codes: tuple[Code, ...] = ()

    def use(self, codes: tuple[Code, ...]) -> None:
        """Have these strategies, and nothing that was imported of others or before."""
        for code in (*self.codes, *codes):
            for name in code.sources:
                sys.modules.pop(name, None)
        self.codes = codes

    def path_of(self, code: Code, name: str) -> str:
        return os.path.join(code.folder, code.sources[name].file)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        for code in self.codes:
            if fullname in code.sources:
                source = code.sources[fullname]
                origin = self.path_of(code, fullname)
                spec = importlib.machinery.ModuleSpec(fullname, self, origin=origin, is_package=source.package)
                spec.has_location = True
                return spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        for code in self.codes:
            if spec is not None and spec.name in code.sources:
                exec(self._compiled(code, spec.name), module.__dict__)
                return

    def _compiled(self, code: Code, name: str) -> CodeType:
        return compile(code.sources[name].text, self.path_of(code, name), "exec", dont_inherit=True)

    def get_source(self, fullname: str) -> str | None:
        """The text of a module, for tracebacks."""
        return next((code.sources[fullname].text for code in self.codes if fullname in code.sources), None)

    def files(self) -> dict[str, str]:
        """The paths of the modules, and what they are called inside the folder."""
        return {self.path_of(code, name): source.file for code in self.codes for name, source in code.sources.items()}

    def where(self, error: BaseException) -> tuple[str | None, int | None]:
        """The file of the folder, and the line in it, that an exception came through last."""
        files = self.files()
        at: tuple[str | None, int | None] = (None, None)
        seen: BaseException | None = error
        while seen is not None:
            step: TracebackType | None = seen.__traceback__
            while step is not None:
                if step.tb_frame.f_code.co_filename in files:
                    at = files[step.tb_frame.f_code.co_filename], step.tb_lineno
                step = step.tb_next
            if isinstance(seen, SyntaxError) and seen.filename in files:
                at = files[seen.filename], seen.lineno
            if at[0] is None and type(seen).__module__.startswith("numba."):
                # it has no frame there, but names the place in its words, by a path from where we are
                named = [(os.path.abspath(path), int(line)) for path, line in COMPILED_AT.findall(str(seen))]
                at = next(((files[path], line) for path, line in named if path in files), at)
            if at[0] is not None:
                return at
            seen = seen.__cause__
        return at


MODULES = Modules()


def loaded(code: Code) -> Strategy[Any]:
    """The strategy of a file, imported now."""
    made: Any = getattr(importlib.import_module(code.module), code.class_name)
    if not (inspect.isclass(made) and issubclass(made, Strategy)):
        raise Unfit(None, f"{code.class_name} is no strategy", "a class derived from Strategy or EventStrategy")
    if inspect.isabstract(made):
        missing = ", ".join(sorted(made.__abstractmethods__))
        raise Unfit(None, f"{code.class_name} does not say {missing}", f"it to define {missing}")
    strategy: Strategy[Any] = made()
    vars(strategy)["source_hash"] = code.source_hash
    return strategy


# ---- what can be asked


def _describe(code: Code) -> dict[str, Any]:
    return describe(loaded(code), code.strategy_id)


def _prepare(code: Code, given: dict[str, Any]) -> dict[str, Any]:
    strategy = loaded(code)
    try:
        params = strategy.params(given)
    except ValueError as error:
        return {"wrong": str(error)}
    warm_up, product = strategy.warm_up(params), strategy.product_of(params)
    if type(warm_up) is not int or not 0 <= warm_up <= 1_000_000:
        raise Malformed(f"warm_up must answer a whole number of bars, got {warm_up!r}")
    if product not in get_args(ProductName):
        raise Malformed(f"product_of must answer one of {', '.join(get_args(ProductName))}, got {product!r}")
    needs_volume = bool(strategy.needs_volume(params))
    return {"params": strategy.values(params), "warm_up": warm_up, "product": product, "needs_volume": needs_volume}


def _signals(code: Code, bars: Any, params: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    strategy = loaded(code)
    chosen = strategy.params(params)
    strategy.require(bars, chosen)
    answer = strategy.signals(bars, chosen)
    if not isinstance(answer, Signals | Weights):
        raise Malformed(f"signals must answer Signals or Weights, got {type(answer).__name__}")
    try:
        return answer_out(answer)
    except ValueError as error:
        raise Malformed(str(error)) from error


def _run(codes: tuple[Code, ...], spec: Any, bars: Any, **inputs: Any) -> tuple[dict[str, Any], list[Any]]:
    from app.engines.backtest import run
    from app.engines.strategies.registry import registry

    strategies = registry() | {code.strategy_id: loaded(code) for code in codes}
    result = run(spec, bars, strategies, **inputs)
    return {}, [result.canonical]


def _prove(code: Code, params: dict[str, Any], timeframe: str) -> dict[str, Any]:
    from app.engines.evidence.lookahead import prove

    strategy = loaded(code)
    return prove(strategy, strategy.params(params), timeframe=timeframe).to_dict()


def _prove_on(code: Code, params: dict[str, Any], bars: Any) -> dict[str, Any]:
    from app.engines.evidence.lookahead import prove_on

    strategy = loaded(code)
    return prove_on(strategy, strategy.params(params), bars).to_dict()


def answered(request: Request) -> tuple[dict[str, Any], list[Any]]:
    """The answer to a request: a JSON object, and arrays."""
    values = unpacked(request)
    if request.ask == "run":
        return _run(request.codes, **values)
    if request.ask == "signals":
        return _signals(request.codes[0], **values)
    return PLAIN[request.ask](request.codes[0], **values), []


PLAIN: dict[str, Callable[..., dict[str, Any]]] = {
    "describe": _describe,
    "prepare": _prepare,
    "prove": _prove,
    "prove_on": _prove_on,
}


# ---- the process


def limit(request: Request) -> None:
    """Have the system refuse memory beyond the limit, and end what computes far beyond the time."""
    try:
        import resource
    except ImportError:  # Windows: the platform watches alone
        return
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    if sys.platform != "darwin":  # where a limit of address space refuses what is already there
        resource.setrlimit(kind, (request.memory, resource.getrlimit(kind)[1]))
    spent = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(spent.ru_utime + spent.ru_stime + 4 * request.seconds) + 30
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def trouble(error: BaseException) -> dict[str, Any]:
    """What an exception says, and where in the user's files it came from."""
    file, line = MODULES.where(error)
    if isinstance(error, Unfit):
        return {"reason": "unfit", "name": error.name, "message": error.message, "expected": error.expected}
    reason = "malformed" if isinstance(error, Malformed) else "memory" if _of_memory(error) else "raised"
    told = str(error)[:WORDS]
    if isinstance(error, SystemExit):
        told = f"it called exit ({error.code})"
    elif isinstance(error, SyntaxError):
        told = f"{type(error).__name__}: {error.msg}"
    elif not isinstance(error, Malformed) and not (isinstance(error, ValueError) and error.__cause__ is not None):
        told = f"{type(error).__name__}: {told}" if told else type(error).__name__
    return {"reason": reason, "message": told, "file": file, "line": line}


def _of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__
    return False


def serve(inbound: BinaryIO, outbound: BinaryIO) -> None:
    """Answer requests until there are none."""
    requests: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        while True:
            lengths = inbound.read(LENGTHS.size)
            if len(lengths) < LENGTHS.size:
                os._exit(0)  # the platform is gone: do not compute for nobody
            size = LENGTHS.unpack(lengths)[0]
            if size:
                requests.put(inbound.read(size))
            else:
                tell(doing)

    def tell(number: int) -> None:
        """Where the strategy is at the moment: asked of one that does not come to an end."""
        frame, files = sys._current_frames().get(main), MODULES.files()
        while frame is not None and frame.f_code.co_filename not in files:
            frame = frame.f_back
        at = (None, None) if frame is None else (files[frame.f_code.co_filename], frame.f_lineno)
        send(outbound, {"number": number, "at": at})

    main, doing = threading.get_ident(), 0
    threading.Thread(target=read, name="requests", daemon=True).start()
    sys.meta_path.append(MODULES)
    own = threading.active_count()
    while True:
        try:
            request: Request = pickle.loads(requests.get(timeout=IDLE_SECONDS))
        except queue.Empty:
            os._exit(0)
        doing = request.number
        send(outbound, {"number": doing, "begun": True})
        body: list[Any] = []
        try:
            limit(request)
            MODULES.use(request.codes)
            head, body = answered(request)
            json.dumps(head)  # here, where what cannot be told is the strategy's doing
            reply = {"number": request.number, "answer": head, "clean": threading.active_count() == own}
        except BaseException as error:  # exits included: whatever a strategy does is its outcome
            reply, body = {"number": request.number, "trouble": trouble(error), "clean": False}, []
        sys.stdout.flush()
        send(outbound, reply, body)
        del body, request


def main() -> None:
    """Keep the two ends for ourselves, give the strategy an empty input and standard error to print to."""
    inbound, outbound = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8", errors="replace")
    serve(inbound, outbound)


if __name__ == "__main__":
    main()
