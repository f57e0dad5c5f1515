import { Suspense } from "react";
import { WalkPage } from "@/features/sweeps/walk-page";

export default function Page() {
  return (
    <Suspense>
      <WalkPage />
    </Suspense>
  );
}
