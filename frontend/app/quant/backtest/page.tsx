import { Suspense } from "react";
import { BacktestPage } from "@/features/backtest/backtest-page";

export default function Page() {
  return (
    <Suspense>
      <BacktestPage />
    </Suspense>
  );
}
