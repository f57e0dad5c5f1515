import { Suspense } from "react";
import { RunsPage } from "@/features/backtest/runs-page";

export default function Page() {
  return (
    <Suspense>
      <RunsPage />
    </Suspense>
  );
}
