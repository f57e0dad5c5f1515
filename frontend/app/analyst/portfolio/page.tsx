import { Suspense } from "react";
import { PortfolioRiskPage } from "@/features/portfolio-risk/portfolio-risk-page";

export default function Page() {
  return (
    <Suspense>
      <PortfolioRiskPage />
    </Suspense>
  );
}
