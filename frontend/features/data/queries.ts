import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { dataAPI, unwrap } from "@/lib/api-client";

export const dataStatusQuery = queryOptions({
  queryKey: ["data", "status"],
  queryFn: ({ signal }) => unwrap(dataAPI.status(signal)),
});

export const syncQuery = queryOptions({
  queryKey: ["data", "sync"],
  queryFn: ({ signal }) => unwrap(dataAPI.syncState(signal)),
});

export const FINDINGS_PER_PAGE = 100;

export type Severity = "refused" | "warning" | "note";

export const findingsQuery = (page: number, severity: Severity | null, rule: string | null) =>
  queryOptions({
    queryKey: ["data", "findings", page, severity, rule],
    queryFn: ({ signal }) =>
      unwrap(
        dataAPI.findings(
          { page, limit: FINDINGS_PER_PAGE, ...(severity && { severity }), ...(rule && { rule }) },
          signal,
        ),
      ),
    placeholderData: keepPreviousData,
  });

export const coverageQuery = (year: number) =>
  queryOptions({
    queryKey: ["data", "coverage", year],
    queryFn: ({ signal }) => unwrap(dataAPI.coverage(year, signal)),
    placeholderData: keepPreviousData,
  });

export const coverageYearsQuery = queryOptions({
  queryKey: ["data", "coverage", "years"],
  queryFn: ({ signal }) => unwrap(dataAPI.coverageYears(signal)),
});

export const snapshotsQuery = queryOptions({
  queryKey: ["data", "snapshots"],
  queryFn: ({ signal }) => unwrap(dataAPI.snapshots({ page: 1, limit: 50 }, signal)),
});

export const provenanceQuery = (symbol: string, day: string) =>
  queryOptions({
    queryKey: ["data", "provenance", symbol, day],
    queryFn: ({ signal }) => unwrap(dataAPI.provenance(symbol, day, signal)),
  });

export const QUARANTINE_PER_PAGE = 25;

export const quarantineQuery = (page: number) =>
  queryOptions({
    queryKey: ["data", "quarantine", page],
    queryFn: ({ signal }) => unwrap(dataAPI.quarantine({ page, limit: QUARANTINE_PER_PAGE }, signal)),
    placeholderData: keepPreviousData,
  });

export const decisionsQuery = queryOptions({
  queryKey: ["data", "decisions"],
  queryFn: ({ signal }) => unwrap(dataAPI.decisions({ page: 1, limit: 50 }, signal)),
});
