import type { ReactNode } from "react";
import { Unknown } from "@/components/marks";
import { getErrorMessage } from "@/lib/errors";
import { count, counted, grouped, likeIt, probability } from "@/lib/format";
import type { Significance } from "@/lib/types";
import type { Beside } from "./metrics";

/** As much of a query as is drawn. */
export interface Asked {
  data: Significance | undefined;
  error: Error | null;
}

type Name = Exclude<keyof Significance, "run_id" | "reasons">;

/** One figure: its value, a dash with the reason, or the room it will take. */
function drawn({ data, error }: Asked, name: Name, draw: (value: number) => string): ReactNode {
  if (!data) {
    if (error) return <Unknown why={getErrorMessage(error)} />;
    return (
      <i className="sk" style={{ display: "inline-block", width: 28, height: 10 }}>
        <span className="sr">Loading</span>
      </i>
    );
  }
  const value = data[name];
  const why = data.reasons[name];
  if (value === null) return <Unknown why={why ?? "the server did not compute it"} />;
  return why ? <span title={why}>{draw(value)}</span> : draw(value);
}

/** No Sharpe stands alone: the chance that it is above zero, and above what the search for it would have found. */
export function besideSharpe(asked: Asked): Beside {
  const { data } = asked;
  const twins = [
    { name: "Probabilistic", value: drawn(asked, "probabilistic_sharpe", probability) },
    {
      name: data ? `Deflated, ${counted(data.trials, "trial")}` : "Deflated",
      value: drawn(asked, "deflated_sharpe", probability),
    },
  ];
  const years = data?.min_track_record_years;
  return {
    twins,
    inputs: [
      ...twins,
      {
        name: "Best by luck alone",
        value: drawn(asked, "expected_max_sharpe", (value) => grouped(value, 2)),
      },
      {
        name: "Trials of a like record",
        value: drawn(asked, "trials_compared", (value) => likeIt(value, data)),
      },
      {
        name: "Sessions needed, 95%",
        value: drawn(
          asked,
          "min_track_record_sessions",
          (value) => `${count(value)}${years == null ? "" : `, ${grouped(years, 1)} years`}`,
        ),
      },
      { name: "Skewness", value: drawn(asked, "skewness", (value) => grouped(value, 2)) },
      { name: "Kurtosis, normal is 3", value: drawn(asked, "kurtosis", (value) => grouped(value, 2)) },
    ],
  };
}

/** The sentence under the figures: how many were tried, and what the best of so many would show without any merit. */
export function luck({ data, error }: Asked): string {
  if (!data) return error ? "The trials could not be counted." : "Counting the trials of its strategy.";
  if (data.trials === 1) return "It is the first trial of its strategy.";
  const best = data.expected_max_sharpe;
  const tried = `${counted(data.trials, "trial")} of its strategy so far`;
  return best === null
    ? `${tried}.`
    : `${tried}: the best of so many would show a Sharpe of ${grouped(best, 2)} by luck alone. How far luck spreads is told by the trials of a like record: three quarters of its returns and days or more, of the longer of the two.`;
}
