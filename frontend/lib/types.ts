import type { components } from "./api-types";

/** The wire's shapes under the names the pages use. They come from the generated contract, so a change there is a type error here. */
type Schemas = components["schemas"];

export type Market = "real" | "sample";
export type Health = Schemas["Health"];
export type ScreenerRow = Schemas["ScreenerRow"];
export type ScreenerMeta = Schemas["ScreenerMeta"];
export type ScreenerPage = Schemas["ScreenerPage"];
export type FieldCard = Schemas["FieldCard"];
export type FunctionCard = Schemas["FunctionCard"];
export type CheckedExpression = Schemas["CheckedExpression"];
export type StrategyWish = Schemas["StrategyWishIn"];
export type MadeStrategy = Schemas["MadeStrategy"];
export type ScreenHistory = Schemas["ScreenHistory"];
export type ForwardReturn = Schemas["ForwardOut"];
export type PresetCard = Schemas["PresetCard"];
export type ColumnCard = Schemas["ColumnCard"];
export type ScreenQuestion = Schemas["ScreenQuestionIn"];
export type SavedScreen = Schemas["ScreenOut"];
export type ScreenEventPage = Schemas["ScreenEventPage"];
export type WhyAnswer = Schemas["WhyOut"];
export type NearMisses = Schemas["NearMisses"];
export type ScreenTerm = Schemas["TermOut"];
export type HeldScreen = Schemas["HeldOut"];
export type MarketOverview = Schemas["MarketOverviewOut"];
export type WatchlistItem = Schemas["WatchlistOut"];
export type IndexInfo = Schemas["IndexOut"];
export type SearchHit = Schemas["SearchHit"];
export type BarsSeries = Schemas["BarColumns"];
export type BarsAction = Schemas["BarAction"];
export type SectorCount = Schemas["SectorCount"];
export type MarketStatus = Schemas["MarketStatus"];
export type MarketChoice = Schemas["MarketOut"];
export type StrategyCard = Schemas["StrategyOut"];
export type StrategyVersion = Schemas["StrategyVersionOut"];
export type StrategyChange = Schemas["StrategyChange"];
export type LibraryEntry = Schemas["LibraryEntry"];
export type StrategyLoadError = Schemas["StrategyLoadError"];
export type LifecycleStatus = StrategyCard["lifecycle_status"];
export type DailyPoint = Schemas["DailyPoint"];
export type Trade = Schemas["TradeOut"];
export type RunDetail = Schemas["BacktestOut"];
export type FrozenHolding = Schemas["FrozenHolding"];
export type RunCard = Schemas["RunSummary"];
export type Verification = Schemas["VerifyOut"];
export type Comparison = Schemas["ComparisonOut"];
export type RunAnalysis = Schemas["RunAnalysisOut"];
export type Significance = Schemas["SignificanceOut"];
export type StockPortfolio = Schemas["PortfolioOut"];
export type RiskAnalysis = Schemas["AnalysisOut"];
export type FactorExposures = Schemas["FactorsOut"];
export type StressAnswer = Schemas["StressOut"];
export type StressRequest = Schemas["StressRequest"];
export type ImproveAnswer = Schemas["ImproveOut"];
export type ImproveRequest = Schemas["ImproveRequest"];
export type RebalanceAnswer = Schemas["RebalanceOut"];
export type RebalanceRequest = Schemas["RebalanceRequest"];
export type SweepRequest = Schemas["SweepRequest"];
export type SweepAccepted = Schemas["SweepAccepted"];
export type SweepsPage = Schemas["SweepPage"];
export type SweepCard = Schemas["SweepSummary"];
export type Sweep = Schemas["SweepOut"];
export type SweepPoint = Schemas["SweepPoint"];
export type SweepPoints = Schemas["SweepPoints"];
export type SweepMetric = Schemas["HeatMap"]["metric"];
export type HeatMap = Schemas["HeatMap"];
export type Landscape = Schemas["Landscape"];
export type PlacedPoint = Schemas["PlacedPoint"];
export type SweepDoubt = Schemas["SweepDoubt"];
export type WalkForwardRequest = Schemas["WalkForwardRequest"];
export type WalkForwardAccepted = Schemas["WalkForwardAccepted"];
export type WalkForwardsPage = Schemas["WalkForwardPage"];
export type WalkForwardCard = Schemas["WalkForwardSummary"];
export type WalkForward = Schemas["WalkForwardOut"];
export type Policy = Schemas["PolicyOut"];
export type PolicyRequest = Schemas["PolicyRequest"];
export type BacktestRequest = Schemas["BacktestRequest"];
export type RunsPage = Schemas["RunPage"];
export type Job = Schemas["JobOut"];
export type JobDetail = Schemas["JobDetail"];
export type JobEvent = Schemas["JobEventOut"];
export type DataStatus = Schemas["DataStatus"];
export type SyncState = Schemas["SyncState"];
export type Finding = Schemas["FindingOut"];
export type FindingsPage = Schemas["FindingPage"];
export type Coverage = Schemas["Coverage"];
export type CoverageDay = Schemas["CoverageDay"];
export type CoverageMonth = Schemas["CoverageMonth"];
export type CoverageYear = Schemas["CoverageYear"];
export type Snapshot = Schemas["SnapshotOut"];
export type SnapshotsPage = Schemas["SnapshotPage"];
export type Provenance = Schemas["Provenance"];
export type QuarantinedAction = Schemas["ActionOut"];
export type ActionsPage = Schemas["ActionPage"];
export type ActionDecision = Schemas["DecisionOut"];
export type DecisionsPage = Schemas["DecisionPage"];
export type DecisionRequest = Schemas["DecisionRequest"];

/** What the form reads of a strategy's parameter schema; the server sends JSON Schema, which OpenAPI leaves open. */
export interface ParameterSchema {
  properties?: Record<string, ParameterProperty>;
  required?: string[];
}

export interface ParameterProperty {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  enum?: unknown[];
  unit?: string;
  "x-unit"?: string;
}

/** A metric that is not known is null, with its reason beside it. */
export type Metrics = Record<string, number | null>;
