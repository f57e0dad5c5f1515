import { Suspense } from "react";
import { StockPage } from "@/features/stock/stock-page";

export default function Page() {
  return (
    <Suspense>
      <StockPage />
    </Suspense>
  );
}
