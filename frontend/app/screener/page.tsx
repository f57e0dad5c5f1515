"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { Suspense, useEffect } from "react";
import { ScreenerPage } from "@/features/screener/screener-page";
import { StockPanel } from "@/features/stock/stock-panel";
import { healthQuery } from "@/lib/queries";

export default function Page() {
  const router = useRouter();
  const health = useQuery(healthQuery);
  const empty = health.data?.data === null;
  useEffect(() => {
    // A market without data has nothing to screen: the start offers the ways to some.
    if (empty) router.replace("/");
  }, [empty, router]);
  if (empty) return null;
  return (
    <Suspense>
      <ScreenerPage renderStock={(symbol) => <StockPanel symbol={symbol} />} />
    </Suspense>
  );
}
