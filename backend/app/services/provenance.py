"""Where a bar comes from: the row that counts, the rows that lost to it and why, and the factors in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.exceptions import DataNotFoundError
from app.repositories.provenance import ProvenanceRepository
from app.services.panel import Panel
from app.services.panel.chunk import SERIES
from app.services.universe import find_instrument

_LENT = ("turnover", "trades", "delivery")


def bar_provenance(panel: Panel, session: Session, symbol: str, day: date) -> dict[str, Any]:
    """Everything stored about a stock's day.

    Raises
    ------
    DataNotFoundError : no stock has or had that symbol, or it has no row on that day.
    """
    asked = symbol.strip().upper()
    key = find_instrument(panel, asked, day)
    if key is None:
        raise DataNotFoundError(f"No stock has or had the symbol {asked}", "symbol", asked)
    info = panel.instruments[key]
    repository = ProvenanceRepository(session)
    symbols = sorted({asked, info.symbol, *(name for _, _, name in info.names)})
    rows = repository.rows(info.id, symbols, day)
    if not rows:
        raise DataNotFoundError(f"{asked} has no row on {day}", "bar", f"{asked} {day}")
    winners = {(row["symbol"], row["series"]): row for row in rows if row["superseded_at"] is None}
    for row in rows:
        winner = winners[row["symbol"], row["series"]]
        row["counts"] = row is winner
        rivals = [other for other in rows if other is not winner and _same(other, winner)]
        row["why"] = _won(winner, rivals) if row is winner else _lost(row, winner)
    order = {series: place for place, series in enumerate(SERIES)}
    candidates = [row for row in winners.values() if row["series"] in order]
    chosen = min(candidates, key=lambda row: (order[row["series"]], row["symbol"])) if candidates else None
    factors = repository.factors(info.id)
    cumulative = 1.0
    for factor in factors:
        if factor.ex_date <= day:
            cumulative *= factor.factor
    return {
        "symbol": info.symbol_on(day),
        "asked": asked,
        "instrument_key": key,
        "date": day,
        "bar": None if chosen is None else _merged(chosen, [row for row in rows if _same(row, chosen)]),
        "rows": rows,
        "cumulative_factor": cumulative,
        "actions": [
            {
                "ex_date": factor.ex_date,
                "factor": factor.factor,
                "tier": factor.tier,
                "purpose": factor.purpose,
                "known_at": factor.known_at,
                "in_force": factor.ex_date <= day,
            }
            for factor in factors
        ],
        "snapshot": panel.root,
    }


def _same(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(row["symbol"] == other["symbol"] and row["series"] == other["series"])


def _merged(winner: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The bar as the panel has it, and which rows lent what the winning one lacks."""
    import polars as pl

    from app.repositories.prices import fill_from_losers

    columns = {"date": pl.Date, "symbol": pl.String, "series": pl.String, "source_rank": pl.Int16}
    schema = columns | {"turnover": pl.Float64, "trades": pl.Int64, "delivery": pl.Int64}
    frame = pl.DataFrame([winner], schema=schema)
    losers = pl.DataFrame([row for row in rows if row is not winner], schema=schema)
    merged = fill_from_losers(frame, losers).row(0, named=True)
    lent = []
    for name in _LENT:
        if merged[name] != winner[name]:
            lender = next(row for row in rows if row is not winner and row[name] == merged[name])
            lent.append({"field": name, "file_name": lender["file_name"], "line": lender["line"]})
    prices = {name: winner[name] for name in ("symbol", "series", "open", "high", "low", "close", "prev_close")}
    return {**prices, "volume": winner["volume"], **{name: merged[name] for name in _LENT}, "lent": lent}


def _won(winner: dict[str, Any], rivals: list[dict[str, Any]]) -> str:
    if not rivals:
        return "The only row of its day, symbol and series"
    nearest = max(rivals, key=_order)
    return f"Counts: {_reason(winner, nearest)}"


def _lost(row: dict[str, Any], winner: dict[str, Any]) -> str:
    return f"Kept, does not count: {_reason(winner, row)}"


def _order(row: dict[str, Any]) -> tuple[int, bool, float, int, str]:
    stamp = row["published_at"]
    at = 0.0 if stamp is None else stamp.timestamp()
    return row["source_rank"], stamp is not None, at, row["volume"], row["sha256"]


def _reason(winner: dict[str, Any], loser: dict[str, Any]) -> str:
    """The first part of the merge order in which two rows differ."""
    if winner["source_rank"] != loser["source_rank"]:
        return f"source rank {winner['source_rank']} is above {loser['source_rank']}"
    if winner["published_at"] != loser["published_at"]:
        return "it was published later"
    if winner["volume"] != loser["volume"]:
        return f"traded volume {winner['volume']:,} is larger than {loser['volume']:,}"
    return "alike in rank, publication and volume; the greater content hash decides"
