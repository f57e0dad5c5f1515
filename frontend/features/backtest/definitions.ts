import type { Definition } from "@/lib/definitions";
import { barTime, count, date, grouped, percent, rupees } from "@/lib/format";
import type { Metrics, RunHead } from "@/lib/types";

/** The run's own numbers that a figure is made of, for its popover. */
export function inputsOf(run: RunHead, of: Definition["of"] = []): { name: string; value: string }[] {
  const metrics = run.metrics as Metrics;
  const day = (value: string | null | undefined) => (value ? barTime(value) : "–");
  const capital = Number(run.spec.initial_capital);
  return of.flatMap((name) => {
    switch (name) {
      case "sessions": {
        const returns = metrics.returns;
        return [
          { name: "Sessions", value: count(run.daily_chart.length) },
          ...(typeof returns === "number" ? [{ name: "Returns", value: count(returns) }] : []),
        ];
      }
      case "bars":
        return [{ name: "Sessions", value: count(run.daily_chart.length) }];
      case "capital":
        return [{ name: "Opening capital", value: rupees(capital) }];
      case "final":
        return typeof metrics.final_equity === "number"
          ? [{ name: "Final equity", value: rupees(metrics.final_equity, true) }]
          : [];
      case "trades":
        return [
          { name: "Closed trades", value: count(run.closed_trades.count) },
          { name: "Won", value: rupees(run.closed_trades.won, true) },
          { name: "Lost", value: rupees(run.closed_trades.lost, true) },
        ];
      case "drawdown":
        return [
          { name: "Peak", value: day(run.drawdown_sessions.peak) },
          { name: "Trough", value: day(run.drawdown_sessions.trough) },
          { name: "Recovery", value: day(run.drawdown_sessions.recovery) },
        ];
      case "benchmark": {
        const index = run.benchmarks.find((row) => row.kind === "index");
        const growth = index?.metrics.cagr;
        return [
          { name: "Index", value: index?.name ?? "none" },
          ...(typeof growth === "number" ? [{ name: "Its growth a year", value: percent(growth) }] : []),
        ];
      }
    }
  });
}

/** The formula with the run's numbers in it, where they are few enough to be written; null elsewhere. */
export function worked(run: RunHead, name: string): string | null {
  const metrics = run.metrics as Metrics;
  const value = (of: string) => metrics[of];
  const capital = Number(run.spec.initial_capital);
  const final = value("final_equity");
  const points = run.daily_chart;
  const first = points[0]?.equity;
  const last = points.at(-1)?.equity;
  switch (name) {
    case "total_return":
      return typeof final === "number" ? `${rupees(final, true)} ÷ ${rupees(capital)} − 1` : null;
    case "cagr":
      return first && last && typeof metrics.returns === "number"
        ? `(${rupees(last, true)} ÷ ${rupees(first, true)}) ^ (252 / ${count(metrics.returns)}) − 1`
        : null;
    case "max_drawdown": {
      const { peak, trough } = run.drawdown_sessions;
      const at = (day: string | null | undefined) => points.find((point) => point.date === day)?.equity;
      const [high, low] = [peak ? at(peak) : capital, at(trough)];
      return high && low && trough
        ? `${rupees(low, true)} on ${date(trough)} ÷ ${rupees(high, true)} − 1`
        : null;
    }
    case "calmar": {
      const [growth, deepest] = [value("cagr"), value("max_drawdown")];
      return typeof growth === "number" && typeof deepest === "number"
        ? `${percent(growth, 2)} ÷ ${percent(Math.abs(deepest), 2)}`
        : null;
    }
    case "profit_factor": {
      const [won, lost] = inputsOf(run, ["trades"]).slice(1);
      return won && lost ? `${won.value} ÷ ${lost.value}` : null;
    }
    case "kelly": {
      const [rate, payoff] = [value("win_rate"), value("payoff")];
      return typeof rate === "number" && typeof payoff === "number"
        ? `${grouped(rate, 3)} − ${grouped(1 - rate, 3)} ÷ ${grouped(payoff, 3)}`
        : null;
    }
    default:
      return null;
  }
}
