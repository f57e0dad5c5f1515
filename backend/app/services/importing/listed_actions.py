"""Listed actions as stored: whose they are, the prices around them, and what came of judging them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection

from app.repositories import actions, evidence, instruments
from app.services.importing.adjustments import Bar, Judged, Listed, Rejected, judge
from app.services.importing.findings import Rule, Severity, derived_finding
from app.services.importing.lookup import Lookup
from app.services.importing.purposes import rights_terms
from app.services.importing.rights import JudgedRights, ListedRights, RightsFactor, judge_rights

BAR_DAYS = 16
RIGHTS = "RIGHTS"
_SERIES_ORDER = {"EQ": 0, "BE": 1, "BZ": 2}


def resolved(connection: Connection, lookup: Lookup) -> tuple[list[Listed], list[ListedRights]]:
    """Splits, bonuses and the like that lists name, and rights with all their terms."""
    listed, rights = [], []
    for row in evidence.corporate_actions(connection).iter_rows(named=True):
        if row["factor"] is None:
            continue
        symbol, day = row["symbol"], row["ex_date"]
        instrument = lookup.by_symbol(symbol, day) if symbol else lookup.by_name(row["company_name"], date.max)
        if instrument is None:
            continue
        place = row["source"], row["purpose"], row["sha256"], row["line"]
        terms = rights_terms(row["purpose"]) if row["kind"] == "RIGHTS" else None
        if terms is None:
            listed.append(Listed(instrument, day, row["kind"], row["factor"], *place))
        elif row["amount"] is not None:
            rights.append(ListedRights(instrument, day, terms.new, terms.old, row["amount"], row["factor"], *place))
    return listed, rights


def judge_stored(
    connection: Connection, lookup: Lookup
) -> tuple[list[dict[str, Any]], list[Rejected], list[dict[str, Any]]]:
    """Judge all listed actions by the prices stored: factor rows, what the prices contradict, findings."""
    listed, rights = resolved(connection, lookup)
    bars = _bars(connection, lookup, [*listed, *rights])
    judged = judge(listed, bars)
    issues = judge_rights(rights, bars, {(one.instrument, one.ex_date) for one in judged.accepted})
    names = {row.id: row.symbol for row in instruments.all_instruments(connection)}
    for one in judged.rejected:
        one.symbol = lookup.symbol_on(one.instrument, one.ex_date) or names[one.instrument]
    rows = [
        {
            "instrument_id": one.instrument,
            "ex_date": one.ex_date,
            "factor": one.factor,
            "tier": "LISTED",
            "purpose": one.purpose,
            "known_at": one.ex_date,
            "evidence": {
                "sources": list(one.sources),
                "listed_ex_dates": [day.isoformat() for day in one.listed_on],
                "previous_close_over_open": round(one.ratio, 6),
            },
        }
        for one in judged.accepted
    ]
    rows += [_rights_row(one) for one in issues.accepted]
    return rows, judged.rejected, [*_action_findings(judged, names), *_rights_findings(issues, names)]


def _rights_row(one: RightsFactor) -> dict[str, Any]:
    return {
        "instrument_id": one.listed.instrument,
        "ex_date": one.ex_date,
        "factor": one.factor,
        "tier": "LISTED",
        "purpose": one.listed.purpose,
        "known_at": one.ex_date,
        "evidence": {
            "kind": RIGHTS,
            "sources": [one.listed.source],
            "listed_ex_dates": [one.listed.ex_date.isoformat()],
            "listed_factor": round(one.listed.factor, 6),
            "price_asked": one.listed.price,
            "previous_close_over_open": round(one.ratio, 6),
        },
    }


def _rights_findings(issues: JudgedRights, names: dict[int, str]) -> list[dict[str, Any]]:
    return [
        derived_finding(
            Rule.RIGHTS_NOT_ADJUSTED,
            f"{names[one.instrument]} {day}",
            f"{names[one.instrument]}: {one.source} lists {one.purpose!r} for {one.ex_date}; {reason}",
            "no factor is used; the fall of that day stays in the prices",
            Severity.WARNING,
            line=one.line,
            sha256=one.sha256,
        )
        for one, day, reason in issues.left
    ]


def _bars(connection: Connection, lookup: Lookup, listed: Sequence[Listed | ListedRights]) -> dict[int, list[Bar]]:
    wanted = {
        (symbol, one.instrument, one.ex_date)
        for one in listed
        for day in (one.ex_date - timedelta(days=BAR_DAYS), one.ex_date + timedelta(days=BAR_DAYS))
        if (symbol := lookup.symbol_on(one.instrument, day)) is not None
    }
    if not wanted:
        return {}
    frame = pl.DataFrame(
        sorted(wanted), schema={"symbol": pl.String(), "instrument_id": pl.Int32(), "on": pl.Date()}, orient="row"
    )
    rows = actions.bars_near(connection, frame, BAR_DAYS)
    rows = (
        rows.with_columns(
            pl.col("series").replace_strict(_SERIES_ORDER, default=9, return_dtype=pl.Int8).alias("order")
        )
        .sort("instrument_id", "date", "order", "series")
        .unique(["instrument_id", "date"], keep="first", maintain_order=True)
    )
    bars: dict[int, list[Bar]] = defaultdict(list)
    for row in rows.iter_rows(named=True):
        bars[row["instrument_id"]].append(Bar(row["date"], row["open"], row["close"], row["prev_close"]))
    return bars


def _action_findings(judged: Judged, names: dict[int, str]) -> list[dict[str, Any]]:
    found = []
    for one in judged.rejected:
        factors = ", ".join(f"{factor:g}" for factor in one.factors)
        found.append(
            derived_finding(
                Rule.FACTOR_CONTRADICTED,
                f"{names[one.instrument]} {one.ex_date}",
                f"{names[one.instrument]}: {one.first.source} lists factor {factors} for {one.first.ex_date} "
                f"({one.first.purpose}); previous close over open was {one.ratio:.4f}, expected within 20 % of the "
                "factor and nearer to it than to 1",
                "the factor is not used; a move that nothing else explains stays unexplained",
                Severity.WARNING,
                line=one.first.line,
                sha256=one.first.sha256,
            )
        )
    for factor, others in judged.disagreeing:
        told = "; ".join(f"{other.source}: {other.factor:g} on {other.ex_date}" for other in others)
        found.append(
            derived_finding(
                Rule.FACTOR_SOURCES_DISAGREE,
                f"{names[factor.instrument]} {factor.ex_date}",
                f"{names[factor.instrument]}: factor {factor.factor:g} on {factor.ex_date} is used; {told}",
                "the source that the prices agree with is used",
                line=others[0].line,
                sha256=others[0].sha256,
            )
        )
    return found
