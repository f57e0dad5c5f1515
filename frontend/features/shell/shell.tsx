"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { usePathname, useRouter } from "next/navigation";
import { useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { AheadLink } from "@/components/ahead-link";
import { Icon, Logo } from "@/components/icon";
import { Sheet } from "@/components/layers";
import { Kbd, SampleMark } from "@/components/marks";
import { toast, Toasts } from "@/components/toast";
import { ErrorState } from "@/components/shared/DataState";
import { useSwitchMarket } from "@/components/data-jobs";
import { useCommands, type Command } from "@/lib/commands";
import { useCurrentCrumbs } from "@/lib/crumbs";
import { getErrorMessage } from "@/lib/errors";
import { useMarketSeen, whenMarketChanges } from "@/lib/market-seen";
import { setPreferences, toggleTheme, usePreferences } from "@/lib/preferences";
import { count } from "@/lib/format";
import { healthQuery, marketChoiceQuery, unreadEventsQuery } from "@/lib/queries";
import { KeysDialog } from "./keys-dialog";
import { ALERTS, ALL_PAGES, currentPage, PAGES, PHONE_MORE, PHONE_TABS } from "./pages";
import { Palette } from "./palette";
import { Clock, StatusBar, StatusFacts } from "./status-bar";
import { useKeyboard } from "./use-keyboard";

/** The frame around every page. It stays mounted while pages change. */
export function Shell({ children }: { children: ReactNode }) {
  const path = usePathname();
  const [palette, setPalette] = useState(false);
  const [keys, setKeys] = useState(false);
  const [more, setMore] = useState(false);
  const current = currentPage(path);
  const health = useQuery(healthQuery);
  const pane = path.startsWith("/screener");
  const hydrated = useHydrated();
  const seen = useMarketSeen();
  useMarketChanges();
  useKeyboard(!palette);
  useShellCommands({ openPalette: () => setPalette(true), openKeys: () => setKeys(true) });

  return (
    <div className="app">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <nav className="nav" aria-label="Main">
        <AheadLink
          className="brand"
          href="/screener/"
          aria-label="SmartTrader, screener"
          style={{ height: "var(--topbar-h)" }}
        >
          <Logo />
          <span>SmartTrader</span>
        </AheadLink>
        {PAGES.map((section) => (
          <div key={section.heading ?? "first"}>
            {section.heading && <h4>{section.heading}</h4>}
            {section.pages.map((page) => (
              <AheadLink
                key={page.href}
                href={page.href}
                aria-label={page.label}
                title={page.label}
                aria-current={page.href === current ? "page" : undefined}
              >
                <Icon name={page.icon} />
                <span>{page.label}</span>
                {page.href === ALERTS && <Unread />}
                <Kbd>{page.keys}</Kbd>
              </AheadLink>
            ))}
          </div>
        ))}
      </nav>
      <header className="top">
        <Crumbs />
        {(seen === null ? health.data?.market === "sample" : seen === "SAMPLE") && <SampleMark />}
        <button type="button" className="search" onClick={() => setPalette(true)}>
          <Icon name="search" size="s" />
          <span>Search or run a command</span>
          <kbd className="kbd no-phone">⌘K</kbd>
        </button>
        <button
          type="button"
          className="btn q i"
          aria-label="Switch theme"
          title="Switch theme (t)"
          onClick={toggleTheme}
        >
          <Icon name="sun" />
        </button>
      </header>
      <main className={`main ${pane ? "pane" : ""}`} id="main" tabIndex={-1}>
        {health.error && !health.data ? (
          <div className="page">
            <section className="card">
              <ErrorState
                title="SmartTrader is not answering"
                error={health.error}
                onRetry={() => void health.refetch()}
              />
            </section>
          </div>
        ) : (
          hydrated && children
        )}
      </main>
      <nav className="tabbar" aria-label="Main, phone">
        {PHONE_TABS.map((page) => (
          <AheadLink
            key={page.href}
            href={page.href}
            aria-current={page.href === current ? "page" : undefined}
          >
            <Icon name={page.icon} />
            {page.label}
          </AheadLink>
        ))}
        <a
          href="/settings/"
          aria-current={current === "/settings/" ? "page" : undefined}
          onClick={(event) => {
            event.preventDefault();
            setMore(true);
          }}
        >
          <Icon name="menu" />
          More
        </a>
      </nav>
      <StatusBar />
      <Sheet open={more} onClose={() => setMore(false)} title="More">
        <div className="stack g3">
          {PHONE_MORE.map((page) => (
            <AheadLink key={page.href} className="btn" href={page.href} onClick={() => setMore(false)}>
              <Icon name={page.icon} size="s" />
              {page.label}
              {page.href === ALERTS && <Unread />}
            </AheadLink>
          ))}
          <dl className="kv num">
            <StatusFacts />
            <dt>Clock</dt>
            <dd>
              <Clock />
            </dd>
          </dl>
        </div>
      </Sheet>
      <Palette open={palette} onClose={() => setPalette(false)} />
      <KeysDialog open={keys} onClose={() => setKeys(false)} />
      <Toasts />
    </div>
  );
}

/**
 * False in the exported HTML and while React takes it over. The frame's queries may answer before a page's own part is taken over; drawn
 * from the cache it would then differ from the exported HTML.
 */
function useHydrated(): boolean {
  return useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  );
}

/** The market is one for the whole installation: where another window or a command switches it, nothing old stays on screen. */
function useMarketChanges(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      whenMarketChanges((now) => {
        toast({
          title: now === "SAMPLE" ? "The sample market is open now" : "The real market is open now",
          text: "All figures are asked for again. Where you did not ask for it here, another window or a command did.",
          tone: "wn",
        });
        void client.resetQueries();
      }),
    [client],
  );
}

/** How much of the alerts nobody has read. */
function Unread() {
  const unread = useQuery(unreadEventsQuery).data?.meta.unread ?? 0;
  if (unread === 0) return null;
  return (
    <span className="badge ac sm num" title={`${count(unread)} unread`}>
      {count(unread)}
      <span className="sr"> unread</span>
    </span>
  );
}

function Crumbs() {
  const crumbs = useCurrentCrumbs();
  return (
    <div className="crumb">
      {crumbs.map((crumb, index) => {
        const last = index === crumbs.length - 1;
        return (
          <span
            key={`${index}-${crumb.label}`}
            className={`row ${last ? "" : "no-phone"}`}
            style={{ gap: 6 }}
          >
            {index > 0 && <Icon name="right" size="xs" className="no-phone" />}
            {last ? (
              <b className="trunc">{crumb.label}</b>
            ) : crumb.href ? (
              <AheadLink href={crumb.href}>{crumb.label}</AheadLink>
            ) : (
              crumb.label
            )}
          </span>
        );
      })}
    </div>
  );
}

function useShellCommands({ openPalette, openKeys }: { openPalette: () => void; openKeys: () => void }) {
  const router = useRouter();
  const { density, gainloss } = usePreferences();
  const choice = useQuery(marketChoiceQuery);
  const market = choice.data?.market;
  const switching = useSwitchMarket();
  const other = market === "sample" ? "real" : "sample";
  const canSwitch = market === "sample" || choice.data?.sample_ready === true;
  const commands: Command[] = [
    ...ALL_PAGES.map((page): Command => ({
      id: `go ${page.href}`,
      label: page.label,
      keys: page.keys,
      group: "Go to",
      run: () => router.push(page.href),
    })),
    {
      id: "palette",
      label: "Search or run a command",
      keys: "mod+k",
      group: "Actions",
      hidden: true,
      run: openPalette,
    },
    { id: "keys", label: "All keys of this page", keys: "?", group: "Actions", run: openKeys },
    { id: "theme", label: "Switch theme", keys: "t", group: "Actions", run: toggleTheme },
    {
      id: "density",
      label: density === "compact" ? "Comfortable rows" : "Compact rows",
      group: "Actions",
      run: () => setPreferences({ density: density === "compact" ? "comfortable" : "compact" }),
    },
    {
      id: "gainloss",
      label: gainloss === "safe" ? "Classic green and red" : "Colour-blind safe gain and loss",
      group: "Actions",
      run: () => setPreferences({ gainloss: gainloss === "safe" ? "classic" : "safe" }),
    },
    ...(canSwitch
      ? [
          {
            id: "market",
            label: other === "sample" ? "Open the sample market" : "Open the real market",
            group: "Actions" as const,
            run: () =>
              switching.mutate(other, {
                onSuccess: () =>
                  toast({
                    title: other === "sample" ? "The sample market is open" : "The real market is open",
                  }),
                onError: (error) =>
                  toast({ title: "The market was not switched", text: getErrorMessage(error), tone: "er" }),
              }),
          },
        ]
      : []),
  ];
  useCommands(commands);
}
