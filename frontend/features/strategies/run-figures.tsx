import Link from "next/link";
import { Unknown } from "@/components/marks";
import { counted, dateRange } from "@/lib/format";
import { shortLabelOf, written } from "@/lib/measures";
import type { LibraryEntry } from "@/lib/types";
import { formOf } from "./words";

type Figures = Pick<NonNullable<LibraryEntry["typical"]>, "cagr" | "sharpe" | "max_drawdown">;

const MEASURED = ["cagr", "sharpe", "max_drawdown"] as const satisfies readonly (keyof Figures)[];

/** The typical run beside the best one, each with how many it stands for: the best of many says little. */
export function RunFigures({ entry }: { entry: LibraryEntry }) {
  const { typical, best } = entry;
  if (typical === null) {
    return (
      <div className="stack g1">
        <p className="t3">
          {entry.runs > 0
            ? `${counted(entry.runs, "run")}, each together with other strategies.`
            : entry.trials > 0
              ? `${counted(entry.trials, "trial")}, none of which ended with a result.`
              : "Never run here."}
        </p>
        {entry.state === "ready" && (
          <Link className="link" href={formOf(entry.strategy_id)}>
            Run it<span className="sr">: {entry.display_name}</span>
          </Link>
        )}
      </div>
    );
  }
  const cell = (figures: Figures | null, name: keyof Figures) => {
    const value = figures?.[name];
    return typeof value === "number" ? written(name, value) : <Unknown why="No run has this figure" />;
  };
  return (
    <table className="t num figs-of-runs">
      <caption className="sr">Figures of the runs of {entry.display_name}</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="sr">Figure</span>
          </th>
          <th
            scope="col"
            className="r"
            title="The median over the runs of this strategy alone, each figure for itself"
          >
            Typical of {counted(typical.runs, "run")}
          </th>
          <th
            scope="col"
            className="r"
            title="The stored run with the highest Sharpe; the more trials, points of sweeps among them, the more of it is luck"
          >
            Best run, {counted(entry.trials, "trial")}
          </th>
        </tr>
      </thead>
      <tbody>
        {MEASURED.map((name) => (
          <tr key={name}>
            <th scope="row">{shortLabelOf(name)}</th>
            <td className="r">{cell(typical, name)}</td>
            <td className="r">{cell(best, name)}</td>
          </tr>
        ))}
        {best && (
          <tr>
            <th scope="row">Run</th>
            <td />
            <td className="r">
              <Link
                className="link mono"
                href={`/quant/run/?run=${best.run_id}`}
                title={dateRange(best.start_date, best.end_date)}
              >
                {best.run_id.slice(0, 8)}
              </Link>
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
