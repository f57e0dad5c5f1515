"use client";

import { Suspense } from "react";
import { ImproveTab } from "@/features/portfolio-risk/improve-tab";
import { ReportLinks } from "@/features/portfolio-risk/report-links";
import { RiskTab } from "@/features/portfolio-risk/risk-tab";
import { StressTab } from "@/features/portfolio-risk/stress-tab";
import { PortfolioPage } from "@/features/portfolios/portfolio-page";

/** The tabs that another feature fills: features do not know each other, so that they meet here. */
const RISK_TABS = [
  { value: "risk", label: "Risk", panel: (id: number) => <RiskTab portfolio={id} /> },
  { value: "stress", label: "Stress", panel: (id: number) => <StressTab portfolio={id} /> },
  { value: "improve", label: "Improve", panel: (id: number) => <ImproveTab portfolio={id} /> },
] as const;

export default function Page() {
  return (
    <Suspense>
      <PortfolioPage more={RISK_TABS} links={(id) => <ReportLinks portfolio={id} />} />
    </Suspense>
  );
}
