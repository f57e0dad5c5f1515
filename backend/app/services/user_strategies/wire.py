"""What passes between the platform and its strategy workers.

Down to the worker go pickles: it may trust us. Up from it comes nothing but JSON and plain arrays, for what runs there
is not to be trusted, and an unpickled answer could do anything here.
"""

from __future__ import annotations

import json
import math
import mmap
import pickle
import struct
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.engines.strategies.base import Answer, Signals, Weights

LENGTHS = struct.Struct("<QQ")  # of the head, JSON, and of the body, bytes
HEAD_LIMIT = 64 * 2**20
BODY_LIMIT = 1024 * 2**20
ALIGNED = 64
DTYPES = ("bool", "float64", "float32", "int64", "int32", "uint8")  # arrays that an answer may hold

Reply = tuple[dict[str, Any], bytes]


@dataclass(frozen=True)
class SourceFile:
    """A module of the user's folder as it was read; what runs is this text, whatever becomes of the file."""

    file: str  # path inside the folder
    text: str
    package: bool


@dataclass(frozen=True)
class Code:
    """A strategy as it goes to a worker."""

    strategy_id: str
    module: str
    class_name: str
    folder: str
    sources: Mapping[str, SourceFile]  # by module name, of the folder alone
    source_hash: str


@dataclass(frozen=True)
class Request:
    """One question. `seconds` of processor time and `memory` bytes end it from inside; the platform watches as well."""

    number: int
    ask: str
    codes: tuple[Code, ...]
    seconds: float
    memory: int
    values: bytes  # pickle of keyword arguments
    buffers: str | None  # a file with their arrays
    spans: tuple[tuple[int, int], ...]  # begin and length of each array in that file


def packed(values: Mapping[str, Any], file: Path) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """A pickle of some values whose arrays are written to a file, and where in it they are."""
    arrays: list[pickle.PickleBuffer] = []
    data = pickle.dumps(dict(values), protocol=5, buffer_callback=arrays.append)
    spans, at = [], 0
    if arrays:
        with file.open("wb") as out:
            for array in arrays:
                raw = array.raw()
                out.write(b"\0" * (-at % ALIGNED))
                at += -at % ALIGNED
                spans.append((at, raw.nbytes))
                out.write(raw)
                at += raw.nbytes
    return data, tuple(spans)


def unpacked(request: Request) -> dict[str, Any]:
    """The values of a request; their arrays are those of the file, and cannot be written to."""
    if request.buffers is None or not any(length for _, length in request.spans):
        empty = [memoryview(b"") for _ in request.spans]
        return dict(pickle.loads(request.values, buffers=empty))
    with open(request.buffers, "rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return dict(pickle.loads(request.values, buffers=[mapped[at : at + length] for at, length in request.spans]))


def send(stream: BinaryIO, head: Mapping[str, Any], body: Sequence[Any] = ()) -> None:
    """Write a reply: a JSON head, and arrays or bytes after it."""
    text = json.dumps(head).encode()
    parts = [memoryview(part).cast("B") for part in body if memoryview(part).nbytes]
    stream.write(LENGTHS.pack(len(text), sum(part.nbytes for part in parts)))
    stream.write(text)
    for part in parts:
        stream.write(part)
    stream.flush()


def receive(stream: BinaryIO) -> Reply | None:
    """Read a reply; None at the end of the stream. ValueError where it is none, or is too long."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    if head > HEAD_LIMIT or body > BODY_LIMIT:
        raise ValueError(f"a reply of {head + body} bytes")
    text, rest = stream.read(head), stream.read(body)
    if len(text) < head or len(rest) < body:
        return None
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("a reply that is no object")
    return values, rest


# ---- answers of `signals`


def answer_out(answer: Answer, where: str = "") -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """An answer as plain values and arrays. ValueError names a field that is neither an array of numbers nor None."""
    told: dict[str, Any] = {"kind": "Signals" if isinstance(answer, Signals) else "Weights"}
    arrays: list[NDArray[Any]] = []
    for field in fields(answer):
        value = getattr(answer, field.name)
        if isinstance(value, np.ndarray):
            if value.dtype.name not in DTYPES:
                raise ValueError(
                    f"{where}{field.name} must be an array of bool or float64, got {value.dtype} of shape {value.shape}"
                )
            array = np.ascontiguousarray(value)
            told[field.name] = {"dtype": array.dtype.name, "shape": list(value.shape)}
            arrays.append(array)
        elif is_dataclass(value) and isinstance(value, Signals):
            inner, more = answer_out(value, f"{where}{field.name}.")
            told[field.name] = inner
            arrays += more
        elif (value is None and field.default is not MISSING) or type(value) in (int, float):
            told[field.name] = value
        else:
            got = "None" if value is None else type(value).__name__
            raise ValueError(f"{where}{field.name} must be an array, got {got}")
    return told, arrays


def answer_in(told: Mapping[str, Any], body: bytes) -> Answer:
    """The answer that `answer_out` told. ValueError where it cannot have been one; shapes are the engine's to check."""
    answer, at = _answer_in(told, body, 0, 0)
    if at != len(body):
        raise ValueError("arrays that nothing tells of")
    return answer


def _answer_in(told: Mapping[str, Any], body: bytes, at: int, depth: int) -> tuple[Answer, int]:
    kind = {"Signals": Signals, "Weights": Weights}.get(str(told.get("kind")))
    if kind is None or depth > 1:
        raise ValueError("an answer of no known kind")
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = told.get(field.name)
        if isinstance(value, dict) and "kind" in value:
            values[field.name], at = _answer_in(value, body, at, depth + 1)
        elif isinstance(value, dict):
            if value.get("dtype") not in DTYPES:
                raise ValueError(f"{field.name} of no known type")
            dtype, shape = np.dtype(value["dtype"]), tuple(int(length) for length in value["shape"])
            count = math.prod(shape)
            if min((*shape, 0)) < 0 or at + count * dtype.itemsize > len(body):
                raise ValueError(f"{field.name} is not whole")
            array = np.frombuffer(body, dtype, count, at).reshape(shape)
            # a byte that is neither 0 nor 1 would be a truth of its own kind to the compiled loop
            values[field.name] = array.view(np.uint8) != 0 if dtype == np.bool_ else array.copy()
            at += count * dtype.itemsize
        elif value is None or type(value) in (int, float):
            values[field.name] = value
        else:
            raise ValueError(f"{field.name} of no known type")
    return kind(**values), at
