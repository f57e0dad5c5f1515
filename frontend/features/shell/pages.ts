import type { IconName } from "@/components/icon";

export interface Page {
  label: string;
  href: string;
  icon: IconName;
  keys: string;
}

/** What is built, and nothing else: a page that is not built is not in the navigation. */
export const PAGES: readonly { heading: string | null; pages: readonly Page[] }[] = [
  {
    heading: null,
    pages: [
      { label: "Screener", href: "/screener/", icon: "screen", keys: "g s" },
      { label: "Market", href: "/market/", icon: "pie", keys: "g m" },
      { label: "Alerts", href: "/screener/alerts/", icon: "bell", keys: "g e" },
    ],
  },
  {
    heading: "Analyst",
    pages: [{ label: "Portfolios", href: "/analyst/", icon: "pie", keys: "g a" }],
  },
  {
    heading: "Quant",
    pages: [
      { label: "Strategies", href: "/quant/strategies/", icon: "folder", keys: "g l" },
      { label: "Backtest", href: "/quant/backtest/", icon: "flask", keys: "g q" },
      { label: "Runs", href: "/quant/runs/", icon: "spark", keys: "g r" },
      { label: "Sweeps", href: "/quant/sweeps/", icon: "filter", keys: "g w" },
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

export const ALERTS = "/screener/alerts/";

const TABS = ["/screener/", "/market/", "/quant/backtest/", "/quant/runs/"];

/** What a phone has at its foot, and what is behind More. */
export const PHONE_TABS: readonly Page[] = ALL_PAGES.filter((page) => TABS.includes(page.href));
export const PHONE_MORE: readonly Page[] = ALL_PAGES.filter((page) => !TABS.includes(page.href));

/** The entry of the navigation that a path belongs to. */
export function currentPage(path: string): string | null {
  if (path.startsWith("/stock")) return "/screener/";
  if (path.startsWith("/screener/alerts")) return "/screener/alerts/";
  if (path.startsWith("/quant/strateg")) return "/quant/strategies/";
  if (path.startsWith("/quant/sweep") || path.startsWith("/quant/walk")) return "/quant/sweeps/";
  if (path.startsWith("/quant/run") || path.startsWith("/quant/compare")) return "/quant/runs/";
  return ALL_PAGES.find((page) => path.startsWith(page.href.slice(0, -1)))?.href ?? null;
}
