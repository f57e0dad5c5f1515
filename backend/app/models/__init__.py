"""The tables. Importing this package registers every one of them on `Base.metadata`."""

from app.models.actions import AdjustmentFactor, CorporateAction, UnexplainedJump
from app.models.base import LOCAL_OWNER_ID, Base
from app.models.files import DataVersion, Finding, ImportFile
from app.models.indices import (
    IndexEvent,
    IndexEventCorrection,
    IndexHistorySpan,
    IndexList,
    IndexListEntry,
    IndexMember,
    MarketIndex,
)
from app.models.instruments import (
    CompanySymbol,
    Instrument,
    InstrumentAlias,
    InstrumentIsin,
    InstrumentName,
    InstrumentSymbol,
    ListedSecurity,
    NameChange,
    SymbolChange,
)
from app.models.jobs import IdempotencyKey, Job, JobEvent, JobState
from app.models.owners import AppSetting, Owner
from app.models.portfolios import PortfolioPolicy, PortfolioPosition, UserPortfolio
from app.models.prices import HistoricalPrice
from app.models.strategies import BacktestRun, Lifecycle, RunStrategy, StrategyMetadata, StrategyVersion, Trial

__all__ = [
    "LOCAL_OWNER_ID",
    "AdjustmentFactor",
    "AppSetting",
    "BacktestRun",
    "Base",
    "CompanySymbol",
    "CorporateAction",
    "DataVersion",
    "Finding",
    "HistoricalPrice",
    "IdempotencyKey",
    "ImportFile",
    "IndexEvent",
    "IndexEventCorrection",
    "IndexHistorySpan",
    "IndexList",
    "IndexListEntry",
    "IndexMember",
    "Instrument",
    "InstrumentAlias",
    "InstrumentIsin",
    "InstrumentName",
    "InstrumentSymbol",
    "Job",
    "JobEvent",
    "JobState",
    "Lifecycle",
    "ListedSecurity",
    "MarketIndex",
    "NameChange",
    "Owner",
    "PortfolioPolicy",
    "PortfolioPosition",
    "RunStrategy",
    "StrategyMetadata",
    "StrategyVersion",
    "SymbolChange",
    "Trial",
    "UnexplainedJump",
    "UserPortfolio",
]
