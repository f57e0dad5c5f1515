import { Suspense } from "react";
import { RunPage } from "@/features/backtest/run-page";

export default function Page() {
  return (
    <Suspense>
      <RunPage />
    </Suspense>
  );
}
