"use client";

import { useEffect, useRef, useState, type ReactNode } from "react";

/** Once what is on screen has been drawn, the rest follows by itself. */
const REST_AFTER = 700;

/** What lies below the first screen: drawn when it comes near, or a moment after the page, so that nothing waits for it. */
export function Later({
  height,
  id,
  rest = REST_AFTER,
  children,
}: {
  height: number;
  id?: string;
  /** Milliseconds after which it follows by itself. */
  rest?: number;
  children: ReactNode;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [due, setDue] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    const element = place.current;
    if (due || !element) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setDue(true);
      },
      { rootMargin: "200px" },
    );
    observer.observe(element);
    const timer = setTimeout(() => setDue(true), rest);
    return () => {
      observer.disconnect();
      clearTimeout(timer);
    };
  }, [due, rest]);
  return (
    <div ref={place} id={id} style={due ? undefined : { minHeight: height }} aria-busy={!due || undefined}>
      {due && children}
    </div>
  );
}
