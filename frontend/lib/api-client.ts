/** The API, a file of `api/` for each of its parts; whoever calls it imports from here. */
export { result, unwrap, type Result } from "./api/client";
export * from "./api/data";
export * from "./api/market";
export * from "./api/platform";
export * from "./api/portfolio-risk";
export * from "./api/portfolios";
export * from "./api/screener";
export * from "./api/strategies";
export * from "./api/sweeps";
export { ApiError, getErrorMessage, fieldProblems } from "./errors";
