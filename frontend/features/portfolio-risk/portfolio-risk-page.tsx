"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsInteger, parseAsStringLiteral, useQueryState } from "nuqs";
import { Icon } from "@/components/icon";
import { Badge, Delta, Unknown } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { Tabs } from "@/components/tabs";
import { useCrumbs } from "@/lib/crumbs";
import { counted, rupees } from "@/lib/format";
import { ImproveTab } from "./improve-tab";
import { RiskTab } from "./risk-tab";
import { StressTab } from "./stress-tab";
import { portfolioQuery, reportHref, useRiskWindow } from "./window";

const TABS = [
  { value: "risk", label: "Risk" },
  { value: "stress", label: "Stress" },
  { value: "improve", label: "Improve" },
] as const;
const FORMATS = [
  ["pdf", "PDF"],
  ["xlsx", "Excel"],
  ["html", "page"],
] as const;
const NAMES = TABS.map((tab) => tab.value);

export function PortfolioRiskPage() {
  const [id] = useQueryState("id", parseAsInteger);
  const [tab, setTab] = useQueryState("tab", parseAsStringLiteral(NAMES).withDefault("risk"));
  const { window } = useRiskWindow();
  const portfolio = useQuery({ ...portfolioQuery(id ?? 0), enabled: id !== null });
  useCrumbs([{ label: "Analyst" }, { label: portfolio.data?.name ?? "Portfolio" }]);
  if (id === null)
    return (
      <div className="page">
        <h1>Portfolio</h1>
        <EmptyState title="No portfolio is chosen">
          The address names none: it ends in ?id= and a number.
        </EmptyState>
      </div>
    );
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <div className="row g3 wrap">
            <h1>{portfolio.data?.name ?? "Portfolio"}</h1>
            {portfolio.data && <Badge>{counted(portfolio.data.num_positions, "holding")}</Badge>}
            {portfolio.data?.client && <Badge>Client: {portfolio.data.client}</Badge>}
          </div>
          {portfolio.data && (
            <div className="row wrap" style={{ gap: "4px 14px", alignItems: "baseline" }}>
              <span className="num" style={{ fontSize: 20, lineHeight: "26px", fontWeight: 520 }}>
                {portfolio.data.market_value === null ? (
                  <Unknown why="no holding has a price" />
                ) : (
                  rupees(Number(portfolio.data.market_value))
                )}
              </span>
              {portfolio.data.day_change_pct !== null && <Delta value={portfolio.data.day_change_pct} />}
            </div>
          )}
        </div>
        <div className="row wrap">
          {FORMATS.map(([format, name]) => (
            <a key={format} className="btn" href={reportHref(id, format, window)} download>
              <Icon name="dl" size="s" />
              Report, {name}
            </a>
          ))}
        </div>
      </div>
      <Tabs label="Portfolio" tabs={TABS} value={tab} onChange={(next) => void setTab(next)} />
      <div id={`panel-${tab}`} role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "risk" && <RiskTab portfolio={id} />}
        {tab === "stress" && <StressTab portfolio={id} />}
        {tab === "improve" && <ImproveTab portfolio={id} />}
      </div>
    </div>
  );
}
