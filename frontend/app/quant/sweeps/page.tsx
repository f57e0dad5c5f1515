import { Suspense } from "react";
import { SweepsPage } from "@/features/sweeps/sweeps-page";

export default function Page() {
  return (
    <Suspense>
      <SweepsPage />
    </Suspense>
  );
}
