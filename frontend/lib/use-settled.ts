"use client";

import { useEffect, useState } from "react";

const AFTER = 2_500;
let settled = false;

/** False while the first page is still being drawn: what only saves time later, as pages fetched ahead, waits for it. */
export function useSettled(): boolean {
  const [now, setNow] = useState(settled);
  useEffect(() => {
    if (settled) return;
    const timer = setTimeout(() => {
      settled = true;
      setNow(true);
    }, AFTER);
    return () => clearTimeout(timer);
  }, []);
  return now;
}
