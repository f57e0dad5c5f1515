"use client";

import { useQuery } from "@tanstack/react-query";
import { DateInput, Segmented } from "@/components/fields";
import { Icon } from "@/components/icon";
import { count, percent } from "@/lib/format";
import { indicesQuery } from "@/lib/queries";
import type { RiskAnalysis } from "@/lib/types";
import { LOOKBACKS, useRiskWindow } from "./window";

type Stamped = Pick<RiskAnalysis, "window" | "left_out">;

/** Lookback, benchmark and day, and on the same line what is judged and what is left out. */
export function WindowControls({ of }: { of: Stamped | undefined }) {
  const { window, set } = useRiskWindow();
  const indices = useQuery(indicesQuery);
  const lookback = String(window.lookback_days);
  return (
    <div className="row between wrap" style={{ margin: "12px 0", gap: "8px 16px" }}>
      <div className="row wrap" style={{ gap: "8px 16px" }}>
        <span className="row">
          <span className="t3 xs">Lookback</span>
          <Segmented
            label="Lookback"
            value={lookback}
            options={LOOKBACKS}
            onChange={(value) => void set({ lookback: Number(value) })}
          />
        </span>
        <label className="row">
          <span className="t3 xs">Benchmark</span>
          <span className="input sel" style={{ height: 28, width: 170 }}>
            <select
              value={window.benchmark ?? ""}
              onChange={(event) => void set({ benchmark: event.target.value || null })}
            >
              <option value="">Usual</option>
              {indices.data?.indices
                .filter((index) => index.id !== "ALL")
                .map((index) => (
                  <option key={index.id} value={index.id}>
                    {index.name}
                  </option>
                ))}
            </select>
            <Icon name="down" size="xs" />
          </span>
        </label>
        <label className="row">
          <span className="t3 xs nowrap">As of</span>
          <DateInput
            empty="Latest session"
            width={160}
            value={window.asof ?? ""}
            onChange={(event) => void set({ asof: event.target.value || null })}
          />
        </label>
      </div>
      {of && (
        <span className="t3 xs num">
          {count(of.window.sessions)} sessions · daily, without dividends and charges
          {of.left_out.map((one) => ` · ${one.symbol} left out: ${one.reason}`).join("")}
          {of.window.covered < 0.9995 && ` · ${percent(of.window.covered)} of the value is judged`}
        </span>
      )}
    </div>
  );
}
