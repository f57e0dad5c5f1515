"use client";

import { useQuery } from "@tanstack/react-query";
import { Icon } from "@/components/icon";
import { LoadErrors } from "@/components/load-errors";
import { NoData } from "@/components/no-data";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { useCrumbs } from "@/lib/crumbs";
import { dateRange, shortHash } from "@/lib/format";
import { ALL_STOCKS, healthQuery, indicesQuery, strategiesQuery } from "@/lib/queries";
import { BacktestForm } from "./backtest-form";

export function BacktestPage() {
  useCrumbs([{ label: "Quant" }, { label: "Backtest" }]);
  const strategies = useQuery(strategiesQuery);
  const indices = useQuery(indicesQuery);
  const health = useQuery(healthQuery);
  const data = health.data?.data;
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Backtest</h1>
          <p className="t2">
            Signals are decided at a close and filled at the next open. Every input is part of the run’s id.
          </p>
          {data && (
            <span className="stamp">
              <span>
                <Icon name="data" size="xs" />
                Data <b className="num">{dateRange(data.first_session, data.last_session)}</b>
              </span>
              <span>
                Snapshot <code className="mono t2">{shortHash(data.snapshot)}</code>
              </span>
            </span>
          )}
        </div>
      </div>
      <LoadErrors />
      {health.data && !data && <NoData />}
      <DataState
        query={strategies}
        failed="The strategies cannot be read"
        isEmpty={(cards) => cards.length === 0}
        empty={
          <EmptyState title="No strategy is registered">The server lists no strategy to run.</EmptyState>
        }
      >
        {(cards) => (
          <DataState query={indices} failed="The indices cannot be read">
            {(known) => (
              <BacktestForm
                key={data?.last_session ?? "none"}
                strategies={cards}
                indices={known.indices.filter((index) => index.id !== ALL_STOCKS)}
                defaultIndex={known.default}
                limits={{ first: data?.first_session ?? null, last: data?.last_session ?? null }}
              />
            )}
          </DataState>
        )}
      </DataState>
    </div>
  );
}
