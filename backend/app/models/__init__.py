"""The tables. Importing this package registers every one of them on `Base.metadata`."""

from app.models.action_decisions import ActionDecision, Dividend
from app.models.actions import AdjustmentFactor, CorporateAction, UnexplainedJump
from app.models.bands import LargeDeal, SecurityFlag, SecurityListing, SeriesMove, Week52Level
from app.models.base import LOCAL_OWNER_ID, Base
from app.models.downloads import Download
from app.models.files import DataVersion, Finding, ImportFile
from app.models.fundamentals import AnnouncedHoliday, FundamentalValue
from app.models.identity_decisions import IdentityDecision
from app.models.indices import (
    FileSighting,
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
from app.models.portfolios import PortfolioPolicy, PortfolioPosition, PortfolioTransaction, UserPortfolio
from app.models.prices import HistoricalPrice, PriceDay
from app.models.push import PushMessage, PushState, PushSubscription
from app.models.screens import SavedScreen, ScreenEvent, ScreenTrial, ScreenVersion, WatchlistItem
from app.models.series import IndexValue, IntradaySlice, IntradaySource
from app.models.snapshots import DataSnapshot
from app.models.strategies import (
    BacktestRun,
    Lifecycle,
    RunHead,
    RunStrategy,
    StrategyMetadata,
    StrategyVersion,
    Trial,
)
from app.models.sweeps import Sweep, SweepChunk, WalkForwardPart, WalkForwardRun

__all__ = [
    "LOCAL_OWNER_ID",
    "ActionDecision",
    "AdjustmentFactor",
    "AnnouncedHoliday",
    "AppSetting",
    "BacktestRun",
    "Base",
    "CompanySymbol",
    "CorporateAction",
    "DataSnapshot",
    "DataVersion",
    "Dividend",
    "Download",
    "FileSighting",
    "Finding",
    "FundamentalValue",
    "HistoricalPrice",
    "IdempotencyKey",
    "IdentityDecision",
    "ImportFile",
    "IndexEvent",
    "IndexEventCorrection",
    "IndexHistorySpan",
    "IndexList",
    "IndexListEntry",
    "IndexMember",
    "IndexValue",
    "Instrument",
    "InstrumentAlias",
    "InstrumentIsin",
    "InstrumentName",
    "InstrumentSymbol",
    "IntradaySlice",
    "IntradaySource",
    "Job",
    "JobEvent",
    "JobState",
    "LargeDeal",
    "Lifecycle",
    "ListedSecurity",
    "MarketIndex",
    "NameChange",
    "Owner",
    "PortfolioPolicy",
    "PortfolioPosition",
    "PortfolioTransaction",
    "PriceDay",
    "PushMessage",
    "PushState",
    "PushSubscription",
    "RunHead",
    "RunStrategy",
    "SavedScreen",
    "ScreenEvent",
    "ScreenTrial",
    "ScreenVersion",
    "SecurityFlag",
    "SecurityListing",
    "SeriesMove",
    "StrategyMetadata",
    "StrategyVersion",
    "Sweep",
    "SweepChunk",
    "SymbolChange",
    "Trial",
    "UnexplainedJump",
    "UserPortfolio",
    "WalkForwardPart",
    "WalkForwardRun",
    "WatchlistItem",
    "Week52Level",
]
