import { useQueries, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { tableCsv, type Column } from "@/components/data-table";
import { toast } from "@/components/toast";
import { downloadText } from "@/lib/csv";
import { getErrorMessage } from "@/lib/errors";
import { count, grouped } from "@/lib/format";
import { healthQuery } from "@/lib/queries";
import type { ScreenerMeta, ScreenerRow } from "@/lib/types";
import { allRows, PAGE_SIZE, screenerHeadQuery, screenerPageQuery, type ScreenerAsk } from "./queries";

/** The whole list by index, fetched page by page where the eye is. */
export function useRows(ask: ScreenerAsk, onPage: (page: number) => void) {
  const health = useQuery(healthQuery);
  const head = useQuery({ ...screenerHeadQuery(ask), enabled: health.data?.data !== null });
  const shown = head.data?.ask ?? ask;
  const old = head.isPlaceholderData;
  const [span, setSpan] = useState({ from: 1, to: 1 });
  const pages = Array.from({ length: span.to - span.from + 1 }, (_, index) => span.from + index);
  const answers = useQueries({
    queries: pages.map((page) => ({ ...screenerPageQuery(shown, page), enabled: head.data !== undefined })),
  });
  const loaded = new Map(pages.map((page, index) => [page, answers[index]?.data?.data]));
  if (head.data) loaded.set(1, head.data.data);
  const rowAt = (index: number): ScreenerRow | undefined =>
    loaded.get(Math.floor(index / PAGE_SIZE) + 1)?.[index % PAGE_SIZE];
  const onVisible = useCallback(
    (first: number, last: number) => {
      const from = Math.floor(first / PAGE_SIZE) + 1;
      const to = Math.floor(last / PAGE_SIZE) + 1;
      setSpan((before) => (before.from === from && before.to === to ? before : { from, to }));
      onPage(from);
    },
    [onPage],
  );
  return { head, meta: head.data?.meta, old, rowAt, onVisible };
}

/** All rows as a file or on the clipboard, in the columns that are shown. */
export function useExport(
  ask: ScreenerAsk,
  columns: readonly Column<ScreenerRow>[],
  meta: ScreenerMeta | undefined,
) {
  const [busy, setBusy] = useState(false);
  const gather = async (take: (rows: ScreenerRow[]) => Promise<void> | void) => {
    setBusy(true);
    try {
      await take(await allRows(ask));
    } catch (error) {
      toast({ title: "The export stopped", text: getErrorMessage(error), tone: "er" });
    } finally {
      setBusy(false);
    }
  };
  const csv = () =>
    gather((rows) => {
      const name = ["screener", ask.filters.index, ask.filters.sector, meta?.asof]
        .filter(Boolean)
        .join("-")
        .replaceAll(/[^\w-]+/g, "_");
      const stamp = meta && {
        "As of": meta.asof,
        "Point-in-time": meta.point_in_time,
        Data: meta.snapshot,
        Expression: meta.expression ?? "",
      };
      downloadText(`${name}.csv`, tableCsv(columns, rows, stamp));
      toast({ title: `${count(rows.length)} stocks exported`, text: `${name}.csv` });
    });
  const copy = () =>
    gather(async (rows) => {
      const exported = columns.flatMap((column) => (column.csv ? [{ ...column, csv: column.csv }] : []));
      const lines = [
        exported.map((column) => (column.unit ? `${column.header} (${column.unit})` : column.header)),
        ...rows.map((row) => exported.map((column) => column.csv(row) ?? "")),
      ];
      await navigator.clipboard.writeText(lines.map((line) => line.join("\t")).join("\n"));
      toast({
        title: `${grouped(rows.length)} stocks copied`,
        text: "Tabs between columns, as a sheet takes them",
      });
    });
  return { busy, csv: () => void csv(), copy: () => void copy() };
}
