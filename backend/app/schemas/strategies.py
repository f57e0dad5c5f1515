"""Strategies and backtests on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, Tag, ValidationInfo, field_validator

from app.schemas.common import Id, IsoDate, PageMeta, StrictWire, kept_order, one_of


class LookaheadProof(BaseModel):
    """What came of the search for look-ahead; it says on what it was searched and proves nothing beyond that."""

    outcome: Literal["passed", "leak", "raised", "malformed", "unsteady", "no_decisions", "not_tested"]
    sentence: str = Field(description="What was found, or on what nothing was found")
    findings: list[dict[str, Any]] = Field(description="First differing bar of each probe: symbol, field, both values")
    tested: dict[str, Any] = Field(description="The market, the cuts, the data ports read, the version of the method")
    params: dict[str, Any]
    timeframe: str
    source_hash: str


class StrategyProof(BaseModel):
    """The proof of one strategy of a run, with the run's parameters."""

    strategy_id: str
    proof: LookaheadProof | None = Field(description="null for runs that were stored before there were proofs")


class StrategyOut(BaseModel):
    """A strategy one can run."""

    strategy_id: str
    display_name: str
    description: str | None
    timeframe: str
    regime: str | None
    regime_notes: str | None
    hypothesis: str = Field(description="Why it should earn, in one sentence")
    when_it_loses: str = Field(description="The author's text")
    product: Literal["CNC", "MIS", "FUT"] = Field(
        description="Delivery, intraday, or futures, for which the cash series stands in"
    )
    lifecycle_status: Literal["RESEARCH", "PAPER", "LIVE", "RETIRED"]
    parameters: dict[str, Any] = Field(description="JSON schema of the parameters")
    universes: list[str]
    proof: LookaheadProof | None = Field(description="At the default parameters; null while there is none")
    version: int
    source_hash: str
    citation: str | None
    updated_at: datetime
    origin: Literal["shipped", "own"] = Field(description="own: a file of the strategies folder")
    kind: Literal["vectorised", "event", "compiled"] = Field(description="Asked for all bars at once, or after each")


class StrategyLoadError(BaseModel):
    """Why a file of the strategies folder gives no strategy."""

    file: str = Field(description="Inside the folder")
    line: int | None = Field(description="1 is the first; null where no line is to blame")
    strategy_id: str | None = Field(description="As the file says; null where it says none")
    message: str
    expected: str = Field(description="What would be right")


class TypicalRun(BaseModel):
    """The median of each figure over a strategy's runs."""

    runs: int = Field(description="Stored runs of this strategy alone")
    sharpe: float | None
    cagr: float | None
    max_drawdown: float | None


class BestRun(BaseModel):
    """The run with the highest Sharpe: to be read with the number of trials it is the best of."""

    run_id: str
    start_date: date
    end_date: date
    sharpe: float
    cagr: float | None
    max_drawdown: float | None


class LibraryEntry(BaseModel):
    """A strategy that is or was there, and what its stored runs say of it."""

    strategy_id: str
    display_name: str
    state: Literal["ready", "broken", "gone"] = Field(description="broken: its file does not load; gone: no file")
    error: StrategyLoadError | None = Field(description="Why it does not load")
    versions: int
    runs: int = Field(description="Stored runs it takes part in, those with other strategies included")
    trials: int = Field(description="Specifications evaluated, failures included")
    typical: TypicalRun | None = Field(description="null while it was never run alone")
    best: BestRun | None = Field(description="null while no run of it alone has a Sharpe")


class StrategyChange(StrictWire):
    """What people write about a strategy. A field that is left out stays; null empties a text."""

    description: str | None = Field(default=None, max_length=4000)
    regime_notes: str | None = Field(default=None, max_length=4000, description="When it loses, in one's own words")
    lifecycle_status: Literal["RESEARCH", "PAPER", "LIVE", "RETIRED"] | None = None
    reason: str | None = Field(default=None, max_length=1000)


class StrategyVersionOut(BaseModel):
    """One state of a strategy's source."""

    number: int
    source_hash: str
    source: str
    created_at: datetime
    lifecycle_status: Literal["RESEARCH", "PAPER", "LIVE", "RETIRED"]
    proofs: int = Field(description="Look-ahead proofs kept beside it, one for each set of parameters")


class FlatCosts(StrictWire):
    """Costs as one rate on both sides."""

    bps: float = Field(ge=0, le=1000, description="Basis points of the traded value, each side")


class OwnCosts(StrictWire):
    """A broker's price list of one's own; the state's and the exchange's levies by date come on top."""

    plan: Literal["custom"]
    fraction: float | None = Field(default=None, ge=0, le=0.1, description="Of an order's value")
    cap: float | None = Field(default=None, ge=0, le=100_000, description="Rupees an order at most")
    flat: float | None = Field(default=None, ge=0, le=100_000, description="Rupees an order")
    depository: float | None = Field(
        default=None, ge=0, le=100_000, description="Rupees for each share and day delivered out"
    )


class CashRate(StrictWire):
    """A rate of interest from a day on."""

    start: IsoDate = Field(description="First day of the rate")
    percent: float = Field(ge=-10, le=50, description="A year")


def is_text(value: object) -> bool:
    """Whether it was meant as a name."""
    return isinstance(value, str)


Costs = Annotated[
    Annotated[Literal["none", "zerodha", "fyers"], Tag("(plan)")]
    | Annotated[OwnCosts, Tag("(own)")]
    | Annotated[FlatCosts, Tag("(rate)")],
    one_of(
        'a plan (none, zerodha, fyers), a rate such as {"bps": 10}, or {"plan": "custom", …}',
        plan=is_text,
        own=lambda value: isinstance(value, OwnCosts) or (isinstance(value, dict) and "plan" in value),
        rate=lambda value: isinstance(value, FlatCosts | dict),
    ),
]


def _bounded(value: str | list[str]) -> str | list[str]:
    if isinstance(value, list) and not 1 <= len(value) <= 5000:
        raise ValueError("give 1 to 5000 symbols")
    return value


Universe = Annotated[
    Annotated[str, Tag("(index)")] | Annotated[list[str], Tag("(symbols)")],
    one_of("the id of an index, or a list of symbols", index=is_text, symbols=lambda value: isinstance(value, list)),
    AfterValidator(_bounded),
]


class BacktestRequest(StrictWire):
    """What to run. Fields that the engine does not know yet are refused rather than ignored."""

    strategy_ids: list[str] = Field(min_length=1, max_length=20)
    params: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Parameters by strategy id")
    universe: Universe = Field(default="NIFTY50", description="An index id, or a list of symbols")
    start_date: IsoDate
    end_date: IsoDate
    timeframe: Literal["1m", "5m", "15m", "30m", "1h", "1d"] = Field(
        default="1d", description="Intraday bars are those of imported files, or made from finer ones"
    )
    product: Literal["CNC", "MIS", "FUT"] | None = Field(
        default=None,
        description="Delivery, intraday (ended before the close) or futures (the cash series as a PROXY); "
        "each strategy's own where it is left out",
    )
    initial_capital: float = Field(default=1_000_000, gt=0, le=1e13)
    sizing: Literal["equity_per_member", "equity_per_position", "value", "quantity"] = "equity_per_member"
    sizing_value: float | None = Field(default=None, gt=0, le=1e13, description="Rupees, or shares")
    max_positions: int | None = Field(default=None, ge=1, le=5000)
    allocations: dict[str, float] | None = Field(default=None, description="Share of the capital by strategy id")
    costs: Costs = Field(
        default_factory=lambda: FlatCosts(bps=10), description="A rate, a broker's charges by date, or none"
    )
    slippage_bps: float = Field(default=0, ge=0, le=1000)
    impact_bps: float = Field(
        default=0, ge=0, le=10_000, description="Slippage of an order as large as its bar's volume"
    )
    volume_cap: float | None = Field(default=None, gt=0, le=1, description="Share of a bar's volume traded at most")
    unfilled: Literal["cancel", "carry"] = Field(default="cancel", description="What the cap leaves of an entry")
    settle_next_session: bool = Field(
        default=False, description="Money of a delivery sale pays for entries from the next session on"
    )
    market: Literal["nse", "none"] = Field(
        default="nse", description="The exchange's rules by date; none switches them off and allows shorts"
    )
    fill_at: Literal["next_open", "this_close"] = Field(
        default="next_open", description="this_close is not tradeable and labels the run"
    )
    benchmark: str | None = Field(
        default=None, max_length=40, description='An index beside the run, or "none"; else the universe\'s or NIFTY 50'
    )
    cash_rates: list[CashRate] = Field(default_factory=list, max_length=200, description="What cash earns beside it")
    policy_id: Id | None = Field(default=None, description="Risk policy the account is under; none: unconstrained")
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    asof_members: bool = Field(default=True, description="Members as of each date; false: today's list throughout")
    strict_actions: bool = Field(
        default=False, description="Leave a stock alone from an inferred action on that became known only later"
    )

    @field_validator("strategy_ids")
    @classmethod
    def _distinct(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("a strategy is named twice")
        return value

    @field_validator("end_date")
    @classmethod
    def _in_order(cls, value: date, info: ValidationInfo) -> date:
        return kept_order(value, info.data.get("start_date"), "start_date")

    @field_validator("params")
    @classmethod
    def _of_the_run(cls, value: dict[str, dict[str, Any]], info: ValidationInfo) -> dict[str, dict[str, Any]]:
        unknown = sorted(set(value) - set(info.data.get("strategy_ids", value)))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is no strategy of the run")
        return value


class DailyPoint(BaseModel):
    """The account at the close of one session."""

    date: date
    equity: float
    drawdown: float
    exposure: float
    daily_return: float | None
    state: str


class TradeOut(BaseModel):
    """From entry to exit; a position still open at the end has no exit. Prices are those of their day, as traded."""

    book: str
    symbol: str
    key: str
    entry_at: date | datetime = Field(description="Session; of intraday bars their time in India")
    entry_price: float
    exit_at: date | datetime | None
    exit_price: float | None
    quantity: float = Field(description="Shares bought, as of the entry")
    exit_quantity: float | None = Field(description="Shares sold: other than bought after a split or bonus")
    pnl: float | None = Field(description="Rupees, after costs; of an open trade at the last close")
    costs: float
    income: float = Field(description="Rupees paid out while it was held")
    exit_reason: str | None
    open: bool
    side: Literal["LONG", "SHORT"]
    ambiguous: bool = Field(description="A bar held two prices and does not say which came first; the worse was taken")
    adverse_excursion: float | None = Field(
        description="Worst price while held, as a fraction of the entry price; null for runs that did not measure it"
    )
    favourable_excursion: float | None = Field(description="Best price while held, as a fraction of the entry price")


class NaiveCause(BaseModel):
    """What one thing that naive engines leave out changed."""

    cause: str
    difference: float = Field(
        description="Rupees of final equity; the causes add up from the naive figure to the run's"
    )


class NaiveTwin(BaseModel):
    """What an engine without bands, ticks, charges, caps and slippage would have said."""

    final_equity: float
    causes: list[NaiveCause]


class Benchmark(BaseModel):
    """What stands beside the run's curve, from the close of its first session on."""

    kind: Literal["index", "universe", "cash"]
    name: str
    words: str = Field(description="What it is, or why there is none")
    equity: list[float | None] | None = Field(description="At each session's close, with the run's capital to begin")
    metrics: dict[str, float | None]
    reasons: dict[str, str]


class FrozenHolding(BaseModel):
    """What is held at the end of a run and could not be sold: its instrument no longer trades."""

    book: str
    symbol: str
    key: str
    quantity: float = Field(description="Shares, below zero when short")
    last_price: float = Field(description="Rupees; what it is valued at")
    last_traded: date | datetime
    value: float = Field(description="Rupees of the final equity, below zero when short")
    reason: Literal["QUARANTINED", "DELISTED", "NO_TRADE_SINCE"]
    since: date = Field(
        description="First day of the quarantine, day of the exchange's list without it, or its last session"
    )
    exit_refused_at: date | datetime | None = Field(
        description="When an exit first found nobody to sell to; null where none was given"
    )


class ClosedTrades(BaseModel):
    """What the closed trades of a run came to, after costs."""

    count: int
    won: float = Field(description="Rupees of those with a profit")
    lost: float = Field(description="Rupees of those with a loss, above zero")


class RunHead(BaseModel):
    """A run's result without its long tables: what its page shows first."""

    run_id: str
    digest: str
    strategy_ids: list[str]
    start_date: date
    end_date: date
    metrics: dict[str, Any]
    metric_reasons: dict[str, str] = Field(description="Why a metric is null")
    daily_chart: list[DailyPoint]
    trades_count: int
    closed_trades: ClosedTrades
    refused: dict[str, int] = Field(description="Orders that were cut down or not carried out, by reason")
    frozen_holdings: list[FrozenHolding] = Field(
        description="The largest first; `frozen_value`, `frozen_share`, `frozen_positions` and "
        "`final_equity_without_frozen` of the metrics are their sum; empty for runs of an engine that did not tell"
    )
    drawdown_sessions: dict[str, date | None]
    coverage: dict[str, int] = Field(description="Member-days of the universe, and how many of them traded")
    naive_twin: NaiveTwin | None = Field(description="null for runs of an engine that did not compute it")
    benchmarks: list[Benchmark] = Field(description="An index, the equal-weighted universe, and cash")
    assumptions: list[str]
    warnings: list[str]
    spec: dict[str, Any]
    point_in_time: bool
    proofs: list[StrategyProof] = Field(description="The look-ahead proof of each book's strategy")


class RunTables(BaseModel):
    """The long tables of a run."""

    trades: list[TradeOut]
    rejections: list[dict[str, Any]] = Field(
        description="Orders that were cut down or not carried out, with the reason; `until` of an exit that found no "
        "bar from `at` to the end of the run"
    )
    decisions: list[dict[str, Any]] = Field(
        description="What the risk policy decided, with its numbers; would_have_made: rupees of the part refused. "
        "SCALE: the target weights of a strategy's rebalance were cut down together; wanted and granted are rupees of "
        "all of them then, else shares"
    )


class BacktestOut(RunHead, RunTables):
    """A run's result. The bytes for one run id are always the same."""


class TradeFill(BaseModel):
    """A fill of a trade: what was asked of the market, what it gave, and what was charged."""

    side: Literal["BUY", "SELL"]
    reason: str
    decided_at: date | datetime
    filled_at: date | datetime
    quantity: float
    reference_price: float = Field(description="Rupees: the bar's price before slippage")
    price: float
    cost: float = Field(description="Rupees; the components are their sum")
    components: dict[str, float] = Field(description="Rupees by kind of charge, those that are not zero")


class SignificanceOut(BaseModel):
    """The doubt about a run's Sharpe: computed when it is asked for, with the trials counted until then."""

    run_id: str
    sharpe: float | None = Field(description="A year, as in the run's metrics")
    probabilistic_sharpe: float | None = Field(description="Probability that the true Sharpe is above zero")
    deflated_sharpe: float | None = Field(
        description="Probability that the true Sharpe is above the best that luck alone gives in so many trials"
    )
    trials: int = Field(
        description="Specifications of the strategy evaluated so far, failures included; of several, the most tried"
    )
    trial_sharpe_variance: float | None = Field(
        description="Of the Sharpe ratios per session of the trials of a like record: it has three quarters of the "
        "returns of the longer one or more, and they share three quarters of the days of the longer one or more. Luck "
        "alone spreads short records more than long ones, and other years saw another market"
    )
    trials_compared: int = Field(description="Trials of a like record that have a Sharpe: the variance is theirs")
    trials_unknown: int = Field(description="Trials with a Sharpe of which the record is not known: they are left out")
    expected_max_sharpe: float | None = Field(description="Best Sharpe that luck alone gives in the trials, a year")
    min_track_record_sessions: int | None = Field(
        description="Sessions after which a Sharpe like this is above zero with 95 % confidence"
    )
    min_track_record_years: float | None
    sessions: int = Field(description="Daily returns the figures rest on")
    skewness: float | None = Field(description="Of the daily returns, population moment")
    kurtosis: float | None = Field(description="Of the daily returns, population moment; 3 of a normal distribution")
    reasons: dict[str, str] = Field(description="Why a figure is null, or says little")


class RunSummary(BaseModel):
    """A stored run in a list."""

    run_id: str
    strategy_ids: list[str]
    universe: str
    start_date: date
    end_date: date
    metrics: dict[str, Any]
    created_at: datetime


class RunPage(BaseModel):
    """A page of runs, newest first."""

    data: list[RunSummary]
    meta: PageMeta


class VerifyOut(BaseModel):
    """What a recomputation of a run gave."""

    run_id: str
    outcome: Literal["identical", "differs", "inputs_changed"]
    changed: list[str] = Field(description="Which inputs are others now; empty where none is")
    note: str | None = Field(description="What could not be compared, and why")
    digest: str = Field(description="Of the stored result; of the recomputed one where there is one")
