import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { dataAPI, unwrap } from "@/lib/api-client";

export const dataStatusQuery = queryOptions({
  queryKey: ["data", "status"],
  queryFn: ({ signal }) => unwrap(dataAPI.status(signal)),
});

export const FINDINGS_PER_PAGE = 100;

export type Severity = "refused" | "warning" | "note";

export const findingsQuery = (page: number, severity: Severity | null) =>
  queryOptions({
    queryKey: ["data", "findings", page, severity],
    queryFn: ({ signal }) =>
      unwrap(dataAPI.findings({ page, limit: FINDINGS_PER_PAGE, ...(severity && { severity }) }, signal)),
    placeholderData: keepPreviousData,
  });
