"""Answers about a portfolio's risk on the wire: ratios are fractions, money decimal strings, null is unknown."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.common import Wire

Number = float | None
Money = str | None


class WindowOut(Wire):
    """The sessions that are judged; `covered` is the part of the portfolio that has enough of them."""

    lookback_days: int
    sessions: int
    required: int
    first: str
    last: str
    covered: float


class RiskBenchmarkOut(Wire):
    """The benchmark; `reason` says why nothing is told beside it."""

    id: str
    name: str
    reason: str | None


class LeftOutOut(Wire):
    """A holding that is left out of what rests on returns."""

    symbol: str
    reason: str


class StampedOut(Wire):
    """Of what and when an answer is."""

    portfolio_id: int
    name: str
    version: int
    timestamp: str
    asof: str
    snapshot: str
    value: Money
    window: WindowOut
    benchmark: RiskBenchmarkOut
    left_out: list[LeftOutOut]
    assumptions: list[str]


class DrawdownOut(Wire):
    """The deepest fall; `recovery_days` are sessions from the trough."""

    max_drawdown: float
    peak_date: str | None
    trough_date: str | None
    recovery_date: str | None
    recovery_days: int | None
    peak_before_window: bool


class MarketRiskOut(Wire):
    """Annual figures of the portfolio, and losses of one session as positive fractions."""

    annual_return: Number
    volatility: Number
    portfolio_volatility: Number
    downside_deviation: Number
    sharpe_ratio: Number
    sortino_ratio: Number
    skewness: Number
    kurtosis: Number
    excess_kurtosis: Number
    beta: Number
    beta_interval: list[float] | None
    correlation: Number
    tracking_error: Number
    alpha: Number
    information_ratio: Number
    benchmark_volatility: Number
    benchmark_return: Number
    benchmark_max_drawdown: Number
    max_drawdown: DrawdownOut
    var_95: Number
    cvar_95: Number
    var_95_cornish_fisher: Number
    cvar_95_cornish_fisher: Number
    var_95_filtered: Number
    cvar_95_filtered: Number
    var_99: Number
    cvar_99: Number
    var_99_cornish_fisher: Number
    cvar_99_cornish_fisher: Number
    var_99_filtered: Number
    cvar_99_filtered: Number


class ContributionOut(Wire):
    """A holding's part of the risk; the shares sum to 1."""

    symbol: str
    company_name: str | None
    sector: str
    weight: float
    marginal_contribution: Number
    contribution: Number
    contribution_share: Number
    cvar_95_share: Number
    volatility: Number
    beta: Number
    max_drawdown: Number
    var_95: Number
    untraded_sessions: int


class MatrixOut(Wire):
    """Correlations, holdings in the order of their clusters."""

    symbols: list[str]
    matrix: list[list[float]]


class SpreadOut(Wire):
    """How money and risk are spread."""

    hhi: float
    effective_holdings: float
    holdings: int
    top_3_concentration: float
    top_5_concentration: float
    top_10_concentration: float
    max_position: float
    max_position_symbol: str
    diversification_ratio: Number
    marginal_contributions: list[ContributionOut]
    avg_correlation: Number
    max_correlation: Number
    min_correlation: Number
    correlation_matrix: MatrixOut


class PartOut(Wire):
    """Points of a score, the most there are, and the figure they rest on."""

    points: Number
    most: float
    figure: Number


class ScoreOut(Wire):
    """How easily a company's accounts break, 0 to 100."""

    symbol: str
    sector: str
    score: Number
    known_points: float
    period: str | None
    parts: dict[str, PartOut]


class AllocationOut(Wire):
    """A name and its part of the portfolio."""

    name: str
    allocation: float


class AccountsOut(Wire):
    """What the companies' accounts say."""

    avg_leverage: Number
    fragility_scores: list[ScoreOut]
    avg_fragility: Number
    market_caps: list[AllocationOut]
    point_in_time: bool
    note: str


class ExitOut(Wire):
    """Sessions to sell a holding; null where nobody trades it."""

    symbol: str
    weight: float
    usual_volume: float
    days: Number


class LiquidityOut(Wire):
    """Days to exit at a share of the usual volume."""

    participation: float
    sessions: int
    sold_within: dict[str, float]
    longest_days: int | None
    holdings: list[ExitOut]


class PerformanceOut(Wire):
    """Returns of each session, as columns."""

    dates: list[str]
    portfolio_returns: list[float]
    benchmark_returns: list[Number]


class ChartsOut(Wire):
    """What charts are drawn from."""

    performance: PerformanceOut
    sectors: list[AllocationOut]


class AnalysisOut(StampedOut):
    """The risk of a portfolio; `reasons` says by name why a figure is null."""

    market_risk: MarketRiskOut
    portfolio_risk: SpreadOut
    fundamental_risk: AccountsOut
    liquidity: LiquidityOut
    charts: ChartsOut
    reasons: dict[str, str]


class ExposureOut(Wire):
    """A slope with its 95 % interval."""

    id: str
    name: str
    exposure: Number
    low: Number
    high: Number
    reason: str | None


class FactorsOut(StampedOut):
    """Exposures to factors."""

    factors: list[ExposureOut]
    r_squared: Number
    sessions: int
    note: str


Basis = Literal["OWN", "SECTOR", "BETA", "NONE"]


class LivedOut(Wire):
    """What a holding did over a past fall, and what tells it."""

    symbol: str
    return_: Number = Field(alias="return")
    basis: Basis


class ReplayOut(Wire):
    """A past fall lived again by what is held now."""

    id: str
    name: str
    first: str
    last: str
    benchmark_return: Number
    portfolio_return: Number
    change: Money
    own_share: float
    estimated_share: float
    unknown_share: float
    reason: str | None
    holdings: list[LivedOut]


class ShockOut(Wire):
    """What a shock would do."""

    name: str
    market: float
    sectors: dict[str, float]
    factors: dict[str, Number]
    portfolio_return: float
    change: Money
    unknown_share: float
    reasons: list[str]


class StuckOut(Wire):
    """A holding that cannot be sold."""

    symbol: str
    weight: float
    change: Money
    days_to_sell_before: Number


class CircuitOut(Wire):
    """Holdings that close locked at their lower band."""

    symbols: list[str]
    sessions: int
    band: float
    fall: float
    cannot_sell_share: float
    cannot_sell: Money
    portfolio_return: float
    change: Money
    holdings: list[StuckOut]


class DepthOut(Wire):
    """How likely a fall of more than a depth is."""

    depth: float
    probability: float


class ConeOut(Wire):
    """Quantiles of what 1 rupee becomes, session by session; the first is today."""

    horizon: int
    paths: int
    seed: int
    block: float
    quantiles: list[float]
    levels: list[list[float]]
    loss_probability: float
    fall_probability: list[DepthOut]
    worst_fall_95: float
    final: dict[str, Money]


class StressOut(StampedOut):
    """What would hurt."""

    replays: list[ReplayOut]
    shocks: list[ShockOut]
    circuit: CircuitOut
    cone: ConeOut
    bases: dict[str, str]


class WeightOut(Wire):
    """A holding's weight today and by a method."""

    symbol: str
    sector: str
    today: float
    weight: float


class InSampleOut(Wire):
    """What the weights would have risked in the sessions they were estimated from."""

    volatility: Number
    cvar_95: Number
    effective_holdings: float
    diversification_ratio: Number
    largest: float


class OutOfSampleOut(Wire):
    """How a method did where it could not look; with a reason alone where there is nothing to judge."""

    reason: str | None
    sessions: int | None = None
    annual_return: Number = None
    volatility: Number = None
    sharpe_ratio: Number = None
    cvar_95: Number = None
    max_drawdown: Number = None
    turnover: Number = None
    rebalances: int | None = None


class MethodOut(Wire):
    """A way to spread the money; `colliding` are the limits that leave it no weights."""

    id: str
    name: str
    baseline: bool
    reason: str | None
    colliding: list[str]
    weights: list[WeightOut] | None
    in_sample: InSampleOut | None
    turnover: Number
    out_of_sample: OutOfSampleOut | None


class CurvesOut(Wire):
    """Growth of 1 rupee out of sample, by method."""

    dates: list[str]
    growth: dict[str, list[float]]


class ImproveOut(StampedOut):
    """Ways to spread the money over the same shares."""

    methods: list[MethodOut]
    limits: list[str]
    estimate_sessions: int
    rebalance_every: int
    cost: float
    cost_note: str
    curves: CurvesOut
    improve_assumptions: list[str]


class RebalanceTradeOut(Wire):
    """An order of a rebalance."""

    symbol: str
    side: Literal["buy", "sell"]
    quantity: int
    price: float
    value: Money
    charges: Money
    held: int
    weight_before: float
    weight_wanted: float
    weight_after: float


class WaitOut(Wire):
    """What is saved by selling on a later day, at the same price."""

    until: str
    days: int
    saves: Money


class SaleTaxOut(Wire):
    """The gains of a sale by how they are taxed; `wait` is null where waiting saves nothing."""

    symbol: str
    short_term_gain: Money
    long_term_gain: Money
    gain_of_unknown_age: Money
    wait: WaitOut | None


class RebalanceTaxOut(Wire):
    """Tax on the sales of a rebalance; with a reason alone where it is not estimated."""

    reason: str | None
    year: str | None = None
    cost: Money = None
    sales: list[SaleTaxOut] = Field(default=[])
    notice: str | None = None


class RebalanceOut(StampedOut):
    """The orders that bring the portfolio to weights; nothing is entered."""

    method: str | None
    trades: list[RebalanceTradeOut]
    bought: Money
    sold: Money
    charges: Money
    charges_by_line: dict[str, Money]
    cash_in: Money
    cash_left: Money
    turnover: float
    plan: str
    priced_on: str
    unverified: list[str]
    note: str
    tax: RebalanceTaxOut
