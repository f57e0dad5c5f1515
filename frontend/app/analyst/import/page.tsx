import { Suspense } from "react";
import { ImportPage } from "@/features/portfolios/import-page";

export default function Page() {
  return (
    <Suspense>
      <ImportPage />
    </Suspense>
  );
}
