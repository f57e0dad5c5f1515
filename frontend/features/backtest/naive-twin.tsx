import { Fragment } from "react";
import { FigureValue } from "@/components/figure-value";
import { toneOf } from "@/components/marks";
import { rupees, signedRupees } from "@/lib/format";
import type { RunHead } from "@/lib/types";
import { causeFigure } from "./cell-figures";
import { Waterfall } from "./waterfall";

/** What an engine without charges, slippage and market rules would have said, and what each of them took. */
export function NaiveTwin({ run }: { run: RunHead }) {
  const twin = run.naive_twin;
  const final = run.metrics.final_equity;
  if (!twin || typeof final !== "number") return null;
  return (
    <section className="card">
      <div className="card-h">
        <h2>What a naive engine would have said</h2>
      </div>
      {twin.causes.length > 0 && <Waterfall twin={twin} final={final} />}
      <dl className="kv num card-b">
        <dt>Final equity without the causes below</dt>
        <dd data-twin="naive">{rupees(twin.final_equity, true)}</dd>
        {twin.causes.map(({ cause, difference }) => (
          <Fragment key={cause}>
            <dt>{cause.charAt(0).toUpperCase() + cause.slice(1)}</dt>
            <dd className={toneOf(difference)} data-twin={cause}>
              <FigureValue
                name={`${cause}: ${signedRupees(difference, 2)}`}
                figure={() => causeFigure(run, cause)}
              >
                {signedRupees(difference, 2)}
              </FigureValue>
            </dd>
          </Fragment>
        ))}
        <dt>
          <b className="b t1">Final equity of this run</b>
        </dt>
        <dd>
          <b className="b t1">{rupees(final, true)}</b>
        </dd>
      </dl>
      <div className="card-f">
        {twin.causes.length === 0
          ? "Nothing is switched on that a naive engine leaves out: this run is the naive one."
          : "One cause after another is switched on, in this order; the differences add up to the paisa."}
      </div>
    </section>
  );
}
