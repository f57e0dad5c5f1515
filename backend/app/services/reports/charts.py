"""Charts as SVG, drawn from numbers alone: a report opens without a server and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]

WIDTH: Final = 960
_LEFT, _RIGHT = 4, 78
_MOST_POINTS: Final = 1500


class Line(NamedTuple):
    """A curve: its style's name and its values, one a session, NaN unknown."""

    style: str
    values: F1


class Panel(NamedTuple):
    """Lines on one scale; `top` and `bottom` in pixels; `ticks` with their labels; `filled` from the line to zero."""

    top: int
    bottom: int
    lines: Sequence[Line]
    ticks: Sequence[tuple[float, str]]
    filled: bool = False


def kept(values: F1, most: int = _MOST_POINTS) -> NDArray[np.int64]:
    """Indices of at most about `most` points: the ends, and of each stretch its lowest and its highest."""
    if values.size <= most:
        return np.arange(values.size)
    edges = np.linspace(0, values.size, most // 2 + 1).astype(np.int64)
    found = {0, values.size - 1}
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[begin:end]
        if part.size and not np.isnan(part).all():
            found |= {begin + int(np.nanargmin(part)), begin + int(np.nanargmax(part))}
    return np.array(sorted(found))


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between two bounds, ascending."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= raw * (1.0 - 1e-9))
    return [float(k * step) for k in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)]


def svg(days: Sequence[str], panels: Sequence[Panel], title: str) -> str:
    """The panels, one below the other, on one axis of sessions with its years. Only numbers and `title` are written."""
    height = max(panel.bottom for panel in panels) + 22
    span = max(len(days) - 1, 1)

    def x(at: int) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * at / span

    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_safe(title)}" class="chart">']
    for at in range(1, len(days)):
        if days[at][:4] != days[at - 1][:4]:
            parts.append(f'<line class="grid" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="0" y2="{height - 20}"/>')
            parts.append(f'<text class="tick" x="{x(at):.1f}" y="{height - 5}">{days[at][:4]}</text>')
    for panel in panels:
        parts.extend(_panel(panel, x))
    return "".join([*parts, "</svg>"])


def _panel(panel: Panel, x: Callable[[int], float]) -> list[str]:
    known = np.concatenate([line.values for line in panel.lines])
    levels = [tick for tick, _ in panel.ticks]
    low, high = min(float(np.nanmin(known)), *levels), max(float(np.nanmax(known)), *levels)
    scale = (panel.bottom - panel.top) / ((high - low) or 1.0)

    def y(value: float) -> float:
        return panel.bottom - (value - low) * scale

    parts = []
    for level, label in panel.ticks:
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>')
        parts.append(f'<text class="tick" x="{WIDTH - _RIGHT + 6}" y="{y(level) + 4:.1f}">{_safe(label)}</text>')
    for line in panel.lines:
        at = [i for i in kept(line.values).tolist() if not np.isnan(line.values[i])]
        if not at:
            continue
        points = " ".join(f"{x(i):.1f},{y(float(line.values[i])):.1f}" for i in at)
        if panel.filled:
            ends = f"{x(at[-1]):.1f},{y(0.0):.1f} {x(at[0]):.1f},{y(0.0):.1f}"
            parts.append(f'<polygon class="{line.style} area" points="{points} {ends}"/>')
        parts.append(f'<polyline class="{line.style}" points="{points}"/>')
    return parts


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
