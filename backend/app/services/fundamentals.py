"""Company figures as they were known on a day.

An answer takes, of each instrument, field and kind of period, the newest period known by then; of one period told more
than once the figure known last, then that of the better source. Earnings a share and counts of shares are in the shares
of the day asked for, whatever they were told in, see `share_basis`. The table is kept in memory, sorted, per state of
the data: a question is a mask and one pass.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.repositories import fundamentals
from app.services.importing.figures import resolved
from app.services.importing.fundamental_figures import ANNUAL_LAG, QUARTER_LAG
from app.services.share_basis import UNKNOWN, ShareChanges, with_basis

F1 = NDArray[np.float64]
_KEPT_ANSWERS = 16
SNAPSHOT_AGE = timedelta(days=400)  # an older market capitalisation or P/E says nothing about a day
ACCOUNTS_AGE = timedelta(days=760)  # a company that has not reported for two years is not described by its last report
# Field of a screener row → the stored fields it is taken from, best first, and the kinds of period.
ACCOUNT_FIELDS = {"eps": "eps", "revenue": "revenue", "net_income": "net_income", "debt_to_equity": "debt_to_equity"}
SNAPSHOT_FIELDS = {"market_cap": "market_cap", "pe_ratio": "pe_ratio"}
# A card of each: name, label, unit, formula, description.
FINANCIAL_CARDS = (
    ("market_cap", "Market capitalisation", "rupees", "latest known within 400 days", "As listed for a day by a file."),
    ("pe_ratio", "P/E", "ratio", "latest known within 400 days", "Price to earnings as listed for a day by a file."),
    ("roe", "Return on equity", "percent", "of the period, else the latest known", "Profit to shareholders' equity."),
    (
        "eps",
        "Earnings a share",
        "rupees",
        "told, else net income / shares",
        "Of the fiscal year of `period`, in the shares of the day.",
    ),
    ("revenue", "Revenue", "rupees", "of the period", "Of the fiscal year of `period`."),
    ("net_income", "Net income", "rupees", "of the period", "Of the fiscal year of `period`."),
    ("debt_to_equity", "Debt to equity", "ratio", "total debt / equity", "At the end of the fiscal year of `period`."),
    ("period", "Period", "", "newest fiscal year known on the day", f"Known {ANNUAL_LAG.days} days after its end."),
)
LAG_NOTE = (
    f"Figures of a year count as known {ANNUAL_LAG.days} days after its end, those of a quarter {QUARTER_LAG.days} "
    "days after, the limits for reporting (SEBI LODR); later corrections are not undone"
)


@dataclass(frozen=True)
class Figures:
    """All figures in the order in which they are preferred; `group` tells instrument, field and kind of period."""

    version: tuple[int, int, int]
    frame: pl.DataFrame
    changes: ShareChanges
    group: NDArray[np.int64]
    known: NDArray[np.int32]  # days since 1970
    days: NDArray[np.int32]  # the distinct days on which anything became known, ascending
    _answers: dict[int, pl.DataFrame] = field(default_factory=dict, repr=False)

    def asof(self, day: date, instruments: Sequence[int] | None = None) -> pl.DataFrame:
        """The latest figures known on a day, in its shares, one row an instrument, field and kind of period."""
        place = int(np.searchsorted(self.days, (day - date(1970, 1, 1)).days, side="right"))
        found = self._answers.get(place)  # between two days on which something became known the answer is one
        if found is None:
            rows = np.flatnonzero(self.known <= self.days[place - 1]) if place else np.empty(0, dtype=np.intp)
            groups = self.group[rows]
            last = np.ones(len(rows), dtype=np.bool_)
            last[:-1] = groups[1:] != groups[:-1]
            found = self.frame[rows[last]]
            if len(self._answers) >= _KEPT_ANSWERS:
                self._answers.clear()
            self._answers[place] = found
        if instruments is not None:
            found = found.filter(pl.col("instrument_id").is_in(sorted(set(instruments))))
        return self.in_shares_of(found, day)

    def in_shares_of(self, found: pl.DataFrame, day: date) -> pl.DataFrame:
        """Rows of the table in the shares of a day; a value is null where its shares' day is not known."""
        return self.changes.in_shares_of(found, np.full(found.height, (day - date(1970, 1, 1)).days, np.int64))

    def spans(self) -> dict[tuple[str, str], tuple[date, date]]:
        """By kind of period and field the first and the last day on which a figure became known."""
        found = self.frame.group_by("period_kind", "field").agg(
            pl.col("known_at").min().alias("first"), pl.col("known_at").max().alias("last")
        )
        return {(str(kind), str(name)): (first, last) for kind, name, first, last in found.iter_rows()}


@dataclass(frozen=True)
class FinancialColumns:
    """The screener's company figures for N instruments on a day: NaN and None where unknown.

    `lagged` and `dated` count the figures whose day of knowledge is a reporting lag, or stated by a file; `uncounted`
    those left out because nobody knows in the shares of which day they are.
    """

    version: tuple[int, int, int]
    numbers: dict[str, F1]
    period: tuple[str | None, ...]
    lagged: int
    dated: int
    uncounted: int = 0

    @property
    def point_in_time(self) -> bool:
        """Whether the day each figure became known is stated, not assumed."""
        return self.lagged == 0

    @property
    def note(self) -> str:
        """What to tell people about the dates."""
        left_out = f" {basis_note(self.uncounted)}" if self.uncounted else ""
        if not self.lagged + self.dated:
            return f"No company figures are known for that day.{left_out}"
        whole = self.lagged + self.dated
        return f"{self.lagged} of {whole} company figures are dated by assumption. {LAG_NOTE}.{left_out}"


def basis_note(count: int) -> str:
    """In words: so many figures a share are unknown because nobody knows in which shares they are."""
    return f"{count} earnings a share or counts of shares are unknown: {UNKNOWN}."


class FundamentalsService:
    """Answers from memory; the table is read again when figures or identities changed."""

    def __init__(self) -> None:
        self._tables: dict[Market, Figures] = {}
        self._columns: dict[tuple[Market, date, int], FinancialColumns] = {}
        self._lock = threading.Lock()

    def table(self, market: Market, session: Session) -> Figures:
        """The table for the current state of the data."""
        connection = session.connection()
        version = fundamentals.version(connection)
        with self._lock:
            found = self._tables.get(market)
            if found is None or found.version != version:
                changes = ShareChanges(fundamentals.share_changes(connection))
                found = self._tables[market] = _figures(version, resolved(connection), changes)
                self._columns = {key: one for key, one in self._columns.items() if key[0] is not market}
            return found

    def asof(
        self, market: Market, session: Session, day: date, instruments: Sequence[int] | None = None
    ) -> pl.DataFrame:
        """The latest figures known on a day.

        Columns: instrument_id, field, period_kind (ANNUAL, QUARTER, SNAPSHOT), period_end, value, unit (RUPEES, SHARES,
        PERCENT, RATIO, YEAR), source, known_at, known_at_basis (FILE: stated; LAG: assumed), symbol; shares_of and
        shares_until, the first and the last day whose shares the file may count in. Values are in the shares of `day`,
        null where that cannot be told.
        """
        return self.table(market, session).asof(day, instruments)

    def flags(self, session: Session, symbols: Sequence[str], day: date) -> list[dict[str, Any]]:
        """Bands hit, bands in force and marks of surveillance of symbols up to a day, newest first."""
        return [dict(row._mapping) for row in fundamentals.flags(session.connection(), list(symbols), day)]

    def share_counts(self, market: Market, session: Session, instrument: int) -> list[dict[str, Any]]:
        """Shares outstanding by day, oldest first, with market capitalisation over close where a file has both.

        Evidence for corporate actions: a bonus or split shows as the ratio of two counts. Counts of annual accounts are
        left out: the vendor restates them for later splits and bonuses.
        """
        frame = self.table(market, session).frame.filter(
            (pl.col("instrument_id") == instrument) & (pl.col("period_kind").cast(pl.String) != "ANNUAL")
        )
        keep = frame.filter(pl.col("field").is_in(["shares_outstanding", "market_cap", "mcap_close"]))
        wide: dict[tuple[date, str], dict[str, Any]] = {}
        for row in keep.iter_rows(named=True):
            source = row["source"]
            one = wide.setdefault((row["period_end"], source), {"date": row["period_end"], "source": source})
            one[row["field"]] = row["value"]
        found = []
        for (_, _), one in sorted(wide.items()):
            cap, close = one.get("market_cap"), one.get("mcap_close")
            implied = cap / close if cap and close else None
            if one.get("shares_outstanding") is not None or implied is not None:
                found.append(
                    {
                        "date": one["date"],
                        "source": one["source"],
                        "shares": one.get("shares_outstanding"),
                        "market_cap_over_close": implied,
                    }
                )
        return found

    def columns(self, market: Market, session: Session, ids: NDArray[np.int64], day: date) -> FinancialColumns:
        """The screener's financial columns for the instruments `ids` of one session's table, in their order."""
        table = self.table(market, session)
        key = (market, day, hash(ids.tobytes()))
        with self._lock:
            found = self._columns.get(key)
        if found is None or found.version != table.version:
            found = _columns(table, ids, day)
            with self._lock:
                while len(self._columns) >= 8:
                    self._columns.pop(next(iter(self._columns)))
                self._columns[key] = found
        return found


def _figures(version: tuple[int, int, int], frame: pl.DataFrame, changes: ShareChanges) -> Figures:
    ordered = with_basis(frame).sort(
        "instrument_id", "field", "period_kind", "period_end", "known_at", "source_rank", "sha256", "line"
    )
    group = ordered.select(pl.struct("instrument_id", "field", "period_kind").rle_id().cast(pl.Int64)).to_series()
    kept = ordered.select(
        "instrument_id",
        pl.col("field").cast(pl.Categorical()),
        pl.col("period_kind").cast(pl.Categorical()),
        "period_end",
        "value",
        pl.col("unit").cast(pl.Categorical()),
        pl.col("source").cast(pl.Categorical()),
        "known_at",
        pl.col("known_at_basis").cast(pl.Categorical()),
        pl.col("symbol").cast(pl.Categorical()),
        "shares_of",
        "shares_until",
    )
    known = kept["known_at"].cast(pl.Int32).to_numpy()
    return Figures(version, kept, changes, group.to_numpy(), known, np.unique(known))


def _columns(table: Figures, ids: NDArray[np.int64], day: date) -> FinancialColumns:
    """Accounts are of one period a company: the newest annual one with revenue, profit or earnings a share."""
    known = table.asof(day)
    wanted = pl.DataFrame({"instrument_id": ids, "row": np.arange(len(ids), dtype=np.int64)})
    known = known.join(wanted, on="instrument_id")
    snapshots = known.filter(
        (pl.col("period_kind").cast(pl.String) == "SNAPSHOT") & (pl.col("known_at") >= day - SNAPSHOT_AGE)
    )
    accounts = known.filter(
        (pl.col("period_kind").cast(pl.String) == "ANNUAL") & (pl.col("period_end") >= day - ACCOUNTS_AGE)
    )
    names = pl.col("field").cast(pl.String)
    ends = (
        accounts.filter(names.is_in(["revenue", "net_income", "eps"]))
        .group_by("row")
        .agg(pl.col("period_end").max().alias("end"))
    )
    accounts = accounts.join(ends, on="row").filter(pl.col("period_end") == pl.col("end"))
    numbers: dict[str, F1] = {}
    lagged = dated = uncounted = 0

    def take(name: str, *parts: pl.DataFrame) -> None:
        nonlocal lagged, dated, uncounted
        column = np.full(len(ids), np.nan)
        for told in parts:  # the first that knows a figure gives it
            part = told.filter(pl.col("value").is_not_null())
            uncounted += told.height - part.height
            free = part.filter(pl.Series(np.isnan(column[part["row"].to_numpy()]), dtype=pl.Boolean))
            column[free["row"].to_numpy()] = free["value"].to_numpy()
            assumed = int((free["known_at_basis"].cast(pl.String) == "LAG").sum())
            lagged += assumed
            dated += free.height - assumed
        numbers[name] = column

    for name, stored in SNAPSHOT_FIELDS.items():
        take(name, snapshots.filter(names == stored))
    for name, stored in ACCOUNT_FIELDS.items():
        take(name, accounts.filter(names == stored))
    take("roe", accounts.filter(names == "roe_pct"), snapshots.filter(names == "roe_pct"))
    period: list[str | None] = [None] * len(ids)
    for row, end in ends.iter_rows():
        period[row] = f"FY {end:%Y-%m}"
    return FinancialColumns(table.version, numbers, tuple(period), lagged, dated, uncounted)
