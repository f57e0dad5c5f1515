"use client";

import { useMemo } from "react";
import { useChartColors } from "@/components/chart-colors";
import { EChart } from "@/components/echart";
import { percent } from "@/lib/format";
import type { RiskAnalysis } from "@/lib/types";

const CAPS: Record<string, string> = { large: "Large", mid: "Mid", small: "Small", unknown: "Not known" };

/** Where the money is: a treemap by sector and holding, and the size of the companies. */
export function Sectors({ found }: { found: RiskAnalysis }) {
  const colors = useChartColors();
  const { sectors } = found.charts;
  const option = useMemo(() => {
    const held = found.portfolio_risk.marginal_contributions;
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily },
      tooltip: {
        backgroundColor: colors.overlay,
        borderColor: colors.borderStrong,
        textStyle: { color: colors.text, fontSize: 12 },
        formatter: (node: unknown) => {
          const { name, value } = node as { name: string; value: number };
          return `${name}: ${percent(value)}`;
        },
      },
      series: [
        {
          type: "treemap",
          roam: false,
          nodeClick: false,
          breadcrumb: { show: false },
          left: 0,
          right: 0,
          top: 0,
          bottom: 0,
          color: [colors.accent],
          upperLabel: { show: true, height: 22, fontSize: 12, color: colors.text },
          label: { show: true, fontSize: 12, color: colors.text, textBorderWidth: 0, overflow: "truncate" },
          itemStyle: { gapWidth: 1, borderColor: colors.surface, borderWidth: 1 },
          levels: [
            { itemStyle: { gapWidth: 3, borderWidth: 0 } },
            { itemStyle: { gapWidth: 1, borderColor: colors.border, borderWidth: 1 } },
            { itemStyle: { colorAlpha: 0.28 } },
          ],
          data: sectors.map((sector) => ({
            name: sector.name,
            value: sector.allocation,
            children: inSector(held, sector, found.window.covered),
          })),
        },
      ],
    };
  }, [found, sectors, colors]);
  const label = `Allocation by sector: ${sectors.map((one) => `${one.name} ${percent(one.allocation)}`).join(", ")}`;
  const caps = found.fundamental_risk.market_caps.filter((one) => one.allocation > 0);
  return (
    <section className="card" aria-label="Sectors and sizes">
      <div className="card-h">
        <h2>Sectors and sizes</h2>
        <span className="sp t3 xs">by value</span>
      </div>
      <div style={{ padding: "8px 12px" }}>
        <EChart option={option} label={label} height={280} />
      </div>
      <ul className="row wrap card-b num" style={{ listStyle: "none", gap: "4px 16px", paddingTop: 0 }}>
        {sectors.slice(0, 8).map((one) => (
          <li key={one.name}>
            <span className="t2">{one.name}</span> {percent(one.allocation)}
          </li>
        ))}
      </ul>
      <div className="card-f">
        Companies by rank of market value:{" "}
        {caps.map((one) => `${CAPS[one.name] ?? one.name} ${percent(one.allocation)}`).join(", ")}. The first
        100 are large, the next 150 mid.
      </div>
    </section>
  );
}

/** Its holdings; one box of its own where all of them are left out of the judgement. */
function inSector(
  held: RiskAnalysis["portfolio_risk"]["marginal_contributions"],
  sector: { name: string; allocation: number },
  covered: number,
) {
  const shown = held
    .filter((one) => one.sector === sector.name)
    .map((one) => ({ name: one.symbol, value: one.weight * covered }));
  return shown.length > 0 ? shown : [{ name: sector.name, value: sector.allocation }];
}
