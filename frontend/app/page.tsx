"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { LoadingState } from "@/components/shared/DataState";
import { StartPage } from "@/features/start/start-page";
import { healthQuery } from "@/lib/queries";

/** Without data: the start. With data: the screener. The start stays while its job runs, though data appear. */
export default function Home() {
  const router = useRouter();
  const health = useQuery(healthQuery);
  const [began, setBegan] = useState<"empty" | "filled" | null>(null);
  const known = health.data ? (health.data.data ? "filled" : "empty") : null;
  if (began === null && known !== null) setBegan(known);
  useEffect(() => {
    if (began === "filled") router.replace("/screener/");
  }, [began, router]);
  return began === "empty" ? <StartPage /> : <LoadingState label="Reading what is stored" rows={3} />;
}
