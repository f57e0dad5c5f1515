"use client";

import { parseAsInteger, parseAsStringLiteral, useQueryState } from "nuqs";
import { EmptyState } from "@/components/shared/DataState";
import { Tabs } from "@/components/tabs";
import { useCrumbs } from "@/lib/crumbs";
import { ImproveTab } from "./improve-tab";
import { RiskTab } from "./risk-tab";
import { StressTab } from "./stress-tab";

const TABS = [
  { value: "risk", label: "Risk" },
  { value: "stress", label: "Stress" },
  { value: "improve", label: "Improve" },
] as const;
const NAMES = TABS.map((tab) => tab.value);

export function PortfolioRiskPage() {
  const [id] = useQueryState("id", parseAsInteger);
  const [tab, setTab] = useQueryState("tab", parseAsStringLiteral(NAMES).withDefault("risk"));
  useCrumbs([{ label: "Analyst" }, { label: "Portfolio" }]);
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
      <h1 className="sr">Portfolio</h1>
      <Tabs label="Portfolio" tabs={TABS} value={tab} onChange={(next) => void setTab(next)} />
      <div id={`panel-${tab}`} role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "risk" && <RiskTab portfolio={id} />}
        {tab === "stress" && <StressTab portfolio={id} />}
        {tab === "improve" && <ImproveTab portfolio={id} />}
      </div>
    </div>
  );
}
