import { Suspense } from "react";
import { StrategyPage } from "@/features/strategies/strategy-page";

export default function Page() {
  return (
    <Suspense>
      <StrategyPage />
    </Suspense>
  );
}
