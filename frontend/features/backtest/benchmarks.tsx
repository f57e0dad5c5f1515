import { BenchmarkTable } from "@/components/benchmark-table";
import type { RunHead } from "@/lib/types";
import { besideFigure } from "./cell-figures";
import { opened } from "./metrics";

/** The run beside an index, its universe in equal parts, and cash. */
export function Benchmarks({ run }: { run: RunHead }) {
  return (
    <BenchmarkTable
      label="The run beside its benchmarks, scrolls"
      mine={{
        name: "This run",
        words: "After charges and slippage",
        metrics: run.metrics,
        reasons: run.metric_reasons,
      }}
      beside={run.benchmarks}
      from="From the close of the first session on."
      figure={(measure, row) => (row ? besideFigure(run, row, measure) : opened(run, measure.name))}
    />
  );
}
