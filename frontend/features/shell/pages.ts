import type { IconName } from "@/components/icon";

export interface Page {
  label: string;
  href: string;
  icon: IconName;
  keys: string;
}

/** What is built, and nothing else: a page that is not built is not in the navigation. */
export const PAGES: readonly { heading: string | null; pages: readonly Page[] }[] = [
  { heading: null, pages: [{ label: "Screener", href: "/screener/", icon: "screen", keys: "g s" }] },
  {
    heading: "Quant",
    pages: [
      { label: "Strategies", href: "/quant/strategies/", icon: "folder", keys: "g l" },
      { label: "Backtest", href: "/quant/backtest/", icon: "flask", keys: "g q" },
      { label: "Runs", href: "/quant/runs/", icon: "spark", keys: "g r" },
    ],
  },
  {
    heading: "System",
    pages: [
      { label: "Data", href: "/data/", icon: "data", keys: "g d" },
      { label: "Settings", href: "/settings/", icon: "gear", keys: "g ," },
    ],
  },
];

export const ALL_PAGES: readonly Page[] = PAGES.flatMap((section) => section.pages);

/** The entry of the navigation that a path belongs to. */
export function currentPage(path: string): string | null {
  if (path.startsWith("/stock")) return "/screener/";
  if (path.startsWith("/quant/strateg")) return "/quant/strategies/";
  if (path.startsWith("/quant/run") || path.startsWith("/quant/compare")) return "/quant/runs/";
  return ALL_PAGES.find((page) => path.startsWith(page.href.slice(0, -1)))?.href ?? null;
}
