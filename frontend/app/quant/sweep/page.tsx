import { Suspense } from "react";
import { SweepPage } from "@/features/sweeps/sweep-page";

export default function Page() {
  return (
    <Suspense>
      <SweepPage />
    </Suspense>
  );
}
