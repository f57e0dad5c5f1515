import { Suspense } from "react";
import { DataPage } from "@/features/data/data-page";

export default function Page() {
  return (
    <Suspense>
      <DataPage />
    </Suspense>
  );
}
