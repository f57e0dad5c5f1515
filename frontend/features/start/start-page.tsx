"use client";

import { useMutation } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { FollowedJob, ImportForm, useSwitchMarket } from "@/components/data-jobs";
import { Icon } from "@/components/icon";
import { SampleMark } from "@/components/marks";
import { dataAPI, unwrap } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { getErrorMessage } from "@/lib/errors";

type Way = "files" | "sample";

/** Two ways to data, side by side. After a choice the same place shows the job. */
export function StartPage() {
  useCrumbs([{ label: "Start" }]);
  const router = useRouter();
  const [started, setStarted] = useState<{ way: Way; job: string } | null>(null);
  const toScreener = () => router.push("/screener/");
  const switching = useSwitchMarket(toScreener);
  const sample = useMutation({
    mutationFn: () => unwrap(dataAPI.sample()),
    onSuccess: ({ job }) => setStarted({ way: "sample", job: job.id }),
  });
  const sampleProblem = sample.error ?? switching.error;
  return (
    <div className="page first">
      <div className="fh">
        <h1>Start with data</h1>
        <p className="md t2">
          SmartTrader computes everything on this machine from end-of-day files of the exchange. Nothing is
          here yet. Choose one way; you can add the other later.
        </p>
      </div>
      <div className="opts">
        <section className={`card opt ${started?.way === "sample" ? "" : "on"}`} aria-labelledby="way-files">
          <span className="oi">
            <Icon name="folder" size="l" />
          </span>
          <h2 id="way-files">Use files you have</h2>
          <p className="t2">
            Point at a folder of exchange files: bhavcopies of any era, zipped or not, masters and index
            lists.
          </p>
          <dl className="om">
            <dt>Takes</dt>
            <dd>about a minute for 10 years</dd>
            <dt>Network</dt>
            <dd>none</dd>
            <dt>Needs</dt>
            <dd>a folder on this machine</dd>
          </dl>
          <div className="foot">
            {started?.way === "files" ? (
              <FollowedJob
                id={started.job}
                title="Import"
                onAgain={() => setStarted(null)}
                next={
                  <Link className="btn p" href="/screener/">
                    Open the screener
                  </Link>
                }
              />
            ) : (
              <ImportForm onStarted={(job) => setStarted({ way: "files", job: job.id })} />
            )}
          </div>
        </section>
        <section className={`card opt ${started?.way === "sample" ? "on" : ""}`} aria-labelledby="way-sample">
          <span className="oi">
            <Icon name="spark" size="l" />
          </span>
          <h2 id="way-sample">Look around first</h2>
          <p className="t2">
            A generated market: about 300 fictional companies, twelve years of prices, crashes, splits,
            changes of name and delistings.
          </p>
          <dl className="om">
            <dt>Takes</dt>
            <dd>less than a minute</dd>
            <dt>Network</dt>
            <dd>none</dd>
            <dt>Mark</dt>
            <dd>
              <SampleMark small /> on every screen
            </dd>
          </dl>
          <div className="foot">
            {started?.way === "sample" ? (
              <FollowedJob
                id={started.job}
                title="Sample market"
                onAgain={() => sample.mutate()}
                onSucceeded={() => switching.mutate("sample")}
              />
            ) : (
              <button
                type="button"
                className="btn"
                disabled={sample.isPending}
                onClick={() => sample.mutate()}
              >
                Open the sample market
              </button>
            )}
            {sampleProblem && (
              <p className="er xs" role="alert">
                {getErrorMessage(sampleProblem)}
              </p>
            )}
          </div>
        </section>
      </div>
      <div className="row between wrap fn t3 xs">
        <span>The sample market has a database of its own and is never mixed with real data.</span>
        <span>
          From a terminal: <code className="mono t2">smarttrader data import PATH</code>
        </span>
      </div>
    </div>
  );
}
