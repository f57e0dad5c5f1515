import { Suspense } from "react";
import { HistoryPage } from "@/features/screener/history-page";

export default function Page() {
  return (
    <Suspense>
      <HistoryPage />
    </Suspense>
  );
}
