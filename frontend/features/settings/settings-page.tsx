"use client";

import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { Segmented } from "@/components/fields";
import { Badge, SampleMark } from "@/components/marks";
import { DataState, ErrorState } from "@/components/shared/DataState";
import { sentence, useSwitchMarket } from "@/components/data-jobs";
import { toast } from "@/components/toast";
import { useCrumbs } from "@/lib/crumbs";
import { setPreferences, usePreferences, type Preferences } from "@/lib/preferences";
import { healthQuery, marketChoiceQuery } from "@/lib/queries";
import { Alerts } from "./alerts";
import { Row } from "./row";

export function SettingsPage() {
  useCrumbs([{ label: "System" }, { label: "Settings" }]);
  return (
    <div className="page" style={{ maxWidth: 860 }}>
      <div className="page-h">
        <div className="stack g1">
          <h1>Settings</h1>
          <p className="t2">
            Kept in this browser, except the market and whom alerts go to, which all of this installation
            shares.
          </p>
        </div>
      </div>
      <div className="stack g3">
        <Appearance />
        <MarketChoice />
        <Alerts />
        <About />
      </div>
    </div>
  );
}

function Appearance() {
  const preferences = usePreferences();
  const choose = <K extends keyof Preferences>(key: K) => ({
    value: preferences[key],
    onChange: (value: Preferences[K]) => setPreferences({ [key]: value }),
  });
  return (
    <section className="card">
      <div className="card-h">
        <h2>Appearance and keys</h2>
      </div>
      <ul className="rowlist">
        <Row title="Theme" text="System follows the setting of this machine.">
          <Segmented
            label="Theme"
            {...choose("theme")}
            options={[
              { value: "system", label: "System" },
              { value: "dark", label: "Dark" },
              { value: "light", label: "Light" },
            ]}
          />
        </Row>
        <Row title="Row height" text="On a touch screen rows are higher whatever is chosen.">
          <Segmented
            label="Row height"
            {...choose("density")}
            options={[
              { value: "compact", label: "Compact" },
              { value: "comfortable", label: "Comfortable" },
            ]}
          />
        </Row>
        <Row
          title="Gain and loss"
          text="Classic green and red are hard to tell apart for some eyes; signs and arrows stay."
        >
          <Segmented
            label="Gain and loss"
            {...choose("gainloss")}
            options={[
              { value: "safe", label: "Blue and orange" },
              { value: "classic", label: "Green and red" },
            ]}
          />
        </Row>
        <Row title="Single-key shortcuts" text="Keys such as j, t or /. Those with ⌘ or Ctrl always work.">
          <Segmented
            label="Single-key shortcuts"
            {...choose("shortcuts")}
            options={[
              { value: "on", label: "On" },
              { value: "off", label: "Off" },
            ]}
          />
        </Row>
      </ul>
    </section>
  );
}

function MarketChoice() {
  const query = useQuery(marketChoiceQuery);
  const switching = useSwitchMarket(() => toast({ title: "The market is switched" }));
  return (
    <section className="card">
      <div className="card-h">
        <h2>Market</h2>
        {query.data?.market === "sample" && <SampleMark small />}
      </div>
      <DataState query={query} failed="The market cannot be read">
        {(choice) => (
          <ul className="rowlist">
            <Row
              title="Shown on every page"
              text={
                choice.sample_ready
                  ? "The sample market is fictional and has a database of its own."
                  : "The sample market has not been made yet: the Data page makes it."
              }
            >
              <Segmented
                label="Market"
                value={choice.market}
                onChange={(market) => market !== choice.market && switching.mutate(market)}
                options={[
                  { value: "real", label: "Real" },
                  ...(choice.sample_ready || choice.market === "sample"
                    ? [{ value: "sample" as const, label: "Sample" }]
                    : []),
                ]}
              />
            </Row>
          </ul>
        )}
      </DataState>
      {switching.error && <ErrorState title="The market was not switched" error={switching.error} />}
    </section>
  );
}

function About() {
  const health = useQuery(healthQuery);
  return (
    <section className="card">
      <div className="card-h">
        <h2>This installation</h2>
        {health.data && (
          <Badge tone={health.data.status === "READY" ? "ok" : "wn"}>{health.data.status}</Badge>
        )}
      </div>
      <DataState query={health} failed="The server does not answer">
        {(data) => (
          <dl className="kv card-b">
            <dt>Version</dt>
            <dd className="num">{data.version}</dd>
            {Object.entries(data.checks).map(([name, check]) => (
              <Fragment key={name}>
                <dt>{sentence(name)}</dt>
                <dd className={check.ok ? "" : "wn"}>{sentence(check.message)}</dd>
              </Fragment>
            ))}
          </dl>
        )}
      </DataState>
      <div className="card-f row wrap g3">
        <span>
          Price charts by{" "}
          <a className="link" href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
            TradingView
          </a>
          ,{" "}
          <a className="link" href="/licences/lightweight-charts-NOTICE.txt">
            notice
          </a>
        </span>
        <span>
          Typefaces Inter and JetBrains Mono,{" "}
          <a className="link" href="/fonts/OFL-Inter.txt">
            licence
          </a>
        </span>
      </div>
    </section>
  );
}
