import { Suspense } from "react";
import { AlertsPage } from "@/features/screener/alerts-page";

export default function Page() {
  return (
    <Suspense>
      <AlertsPage />
    </Suspense>
  );
}
