import { FigureTable, FigureValue } from "@/components/figure-value";
import { barTime, count, counted, date, percent, rupees } from "@/lib/format";
import type { FrozenHolding, RunHead } from "@/lib/types";
import { frozenFigure } from "./cell-figures";
import { reasonText } from "./refusals";

/** How much of the final equity could not be sold, in the line below the headline figures. */
export function FrozenLine({ run }: { run: RunHead }) {
  const { final_equity: final, frozen_value: value, frozen_share: share } = run.metrics;
  const { frozen_positions: holdings, final_equity_without_frozen: without } = run.metrics;
  if (typeof final !== "number") return null;
  if (typeof value !== "number" || typeof holdings !== "number" || typeof without !== "number") {
    return (
      <>
        Final equity {rupees(final)}; how much of it could not be sold was not measured by the engine of this
        run.{" "}
      </>
    );
  }
  if (holdings === 0) return <>Final equity {rupees(final)}, none of it frozen. </>;
  return (
    <>
      Final equity {rupees(final)}, of which{" "}
      <a className="link wn" href="#frozen">
        {rupees(value)}
        {typeof share === "number" && ` (${percent(share, 1)})`} is frozen in {counted(holdings, "holding")}{" "}
        that could not be sold
      </a>
      ; were they worth nothing, {rupees(without)}.{" "}
    </>
  );
}

/** What is held at the end of instruments that no longer trade, the largest first. */
export function FrozenHoldings({ run }: { run: RunHead }) {
  if (run.frozen_holdings.length === 0) return null;
  return (
    <section className="card" id="frozen" aria-label="Frozen holdings" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>Frozen holdings</h2>
      </div>
      <div className="tw-wrap" role="region" aria-label="Frozen holdings, scrolls" tabIndex={0}>
        <FigureTable className="t num">
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col">Why</th>
              <th scope="col">Last traded</th>
              <th scope="col">Exit refused</th>
              <th scope="col" className="r">
                Shares
              </th>
              <th scope="col" className="r">
                Last price
              </th>
              <th scope="col" className="r">
                Value
              </th>
            </tr>
          </thead>
          <tbody>
            {run.frozen_holdings.map((row) => (
              <tr key={`${row.book} ${row.key}`}>
                <th scope="row" className="sym">
                  {row.symbol}
                </th>
                <td title={reasonText(row.reason)}>{whyFrozen(row)}</td>
                <td>{barTime(row.last_traded)}</td>
                <td className="t2">
                  {row.exit_refused_at === null ? "no exit was given" : barTime(row.exit_refused_at)}
                </td>
                <td className="r">{count(row.quantity)}</td>
                <td className="r">{rupees(row.last_price, true)}</td>
                <td className="r">
                  <FigureValue
                    name={`${row.symbol}, value: ${rupees(row.value, true)}`}
                    figure={() => frozenFigure(run, row)}
                  >
                    {rupees(row.value, true)}
                  </FigureValue>
                </td>
              </tr>
            ))}
          </tbody>
        </FigureTable>
      </div>
      <div className="card-f">
        Each is counted in the final equity at the last price it had, which nobody may pay. In quarantine the
        market goes on, but how many shares are held is not known from then on.
      </div>
    </section>
  );
}

export function whyFrozen({ reason, since }: Pick<FrozenHolding, "reason" | "since">): string {
  if (reason === "QUARANTINED") return `Quarantined from ${date(since)}`;
  if (reason === "DELISTED") return `Delisted: not in the list of ${date(since)}`;
  return "No trade since";
}
