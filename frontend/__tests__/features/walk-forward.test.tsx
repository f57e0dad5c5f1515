import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { WalkPage } from "@/features/sweeps/walk-page";
import { fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { ANSWERS, closed, ID, opened, walk, WALKS } from "../support/sweeps";

test("a walk-forward shows its cone, its stress, its variants, and what is not known with the reason", async () => {
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: walk });
  const { container } = renderApp(<WalkPage />, `?id=${ID}`);
  expect(await screen.findByText("Needs 4.1 more years.")).toBeInTheDocument();
  screen.getByRole("img", {
    name: "The tested account ends at ₹10,20,000; nine of ten paths of these returns drawn again end between ₹9,00,000 and ₹11,00,000",
  });
  const figures = screen.getByRole("region", { name: "Figures" });
  expect(within(figures).getByRole("row", { name: /^CAGR/ })).toHaveTextContent("10.1%−10.0% to 30.0%");
  const stress = screen.getByRole("region", { name: "Cost stress" });
  expect(within(stress).getByRole("row", { name: /^2×/ })).toHaveTextContent("1.0%5.0%0.40−6.0%");
  expect(within(stress).getAllByText(/1500 bps are beyond/)).toHaveLength(4);
  const variants = screen.getByRole("region", { name: "All points tried" });
  expect(within(variants).getByRole("row", { name: /SPA/ })).toHaveTextContent("0.42");
  expect(within(variants).getByRole("row", { name: /Probability of overfitting/ })).toHaveTextContent(
    "fewer than 320",
  );
  const stability = screen.getByRole("region", { name: "Stability of the choices" });
  expect(within(stability).getByRole("row", { name: /^fast/ })).toHaveTextContent("5: 2 times, 10: 1 time");
  expect(screen.getByText("None: no point had a value")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("points beside a walk are told as they were worked out, and what could not be sold is warned of", async () => {
  const warning = "FROZEN: at the end of one test the account held what could not be sold any more, 3.20 %";
  const variants = { ...walk.variants, restarted: true, compared: 3, not_compared: 1 };
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: { ...walk, variants, warnings: [warning] } });
  const { unmount } = renderApp(<WalkPage />, `?id=${ID}`);
  expect(await screen.findByText(warning.replace("3.20 %", "3.20%"))).toBeInTheDocument();
  expect(screen.getByText("1 warning before the curve is believed")).toBeInTheDocument();
  expect(screen.getByText(/it begins each test in cash/)).toBeInTheDocument();
  expect(screen.getByText(/Not compared with the walk, for want of a Sharpe: 1 point/)).toBeInTheDocument();
  unmount();
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: walk }); // an older one
  renderApp(<WalkPage />, `?id=${ID}`);
  expect(await screen.findByText(/held right through the tested sessions/)).toBeInTheDocument();
  expect(screen.queryByText(/before the curve is believed/)).toBeNull();
});

test("a part of the tests is chosen, and its curve is drawn of its own sessions", async () => {
  const count = 3000; // more than a chart draws points
  const sessions = Array.from({ length: count }, (_, at) =>
    new Date(Date.UTC(2012, 0, 2 + at)).toISOString().slice(0, 10),
  );
  const equity = sessions.map((_, at) => 1_000_000 + at * 10);
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: { ...walk, sessions, equity, benchmarks: [] } });
  renderApp(<WalkPage />, `?id=${ID}`);
  const curve = within(await screen.findByRole("region", { name: "Tested curve" }));
  const whole = await curve.findByRole("img", { name: /from ₹10,00,000 on 2 Jan 2012/ });
  expect(whole).toHaveAccessibleName(/to ₹10,29,990 on 19 Mar 2020/);
  await userEvent.click(curve.getByRole("button", { name: "1 y" }));
  // the last 252 sessions, each of them
  expect(
    await curve.findByRole("img", { name: /on 12 Jul 2019 to ₹10,29,990 on 19 Mar 2020/ }),
  ).toBeInTheDocument();
  await userEvent.click(curve.getByRole("button", { name: "View as table" }));
  expect(curve.getByLabelText("Equity and drawdown by session")).toHaveAttribute("aria-rowcount", "253");
});

test("each figure of a walk-forward opens its formula and what it is made of", async () => {
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: walk });
  const { container } = renderApp(<WalkPage />, `?id=${ID}`);
  const figures = await screen.findByRole("region", { name: "Figures" });
  let about = await opened("Total return", figures);
  expect(about).toHaveTextContent("= ₹10,20,000.00 ÷ ₹10,00,000.00 − 1");
  expect(about).toHaveTextContent("None: Drawn for a year’s growth");
  await closed();
  about = await opened("CAGR", figures);
  expect(about).toHaveTextContent("−10.0% to 30.0%");
  expect(about).toHaveTextContent("= (₹10,20,000.00 ÷ ₹10,00,000.00) ^ (252 / 2) − 1");
  expect(about).toHaveTextContent("Draws2,000");
  expect(await axe(container)).toHaveNoViolations();
  await closed();
  about = await opened("Maximum drawdown", figures);
  // 9,90,000 on the first session, from the opening capital
  expect(about).toHaveTextContent("= ₹9,90,000.00 on 2 Jan 2023 ÷ ₹10,00,000.00 − 1");
  await closed();
  about = await opened("Deflated Sharpe, 30 trials", figures);
  expect(about).toHaveTextContent("Φ((S − S₀) · √(T − 1)");
  await closed();
  about = await opened("Sharpe ratio", screen.getByRole("region", { name: "Cost stress" }));
  expect(about).toHaveTextContent("Costs 1×0.80Costs 2×0.40Costs 3×–");
  await closed();
  const tried = screen.getByRole("region", { name: "All points tried" });
  about = await opened("Points with a Sharpe no better", tried);
  expect(about).toHaveTextContent("75%");
  expect(about).toHaveTextContent("Sharpe of the walk0.80");
  await closed();
  about = await opened("Sharpe of the median and the best point", tried);
  expect(about).toHaveTextContent("0.30 and 1.40");
  await closed();
  const steady = screen.getByRole("region", { name: "Stability of the choices" });
  about = await opened("45% of that in training", steady);
  expect(about).toHaveTextContent("(Π(1 + return of the test) ^ (252 ÷ sessions) − 1)");
  await closed();
  about = await opened("At an end", steady);
  expect(about).toHaveTextContent("The grid has ends only");
  expect(about).toHaveTextContent("Windows with a choice2");
  await closed();
  about = await opened("Return", screen.getByRole("region", { name: "Windows" }));
  expect(about).toHaveTextContent("2.0%");
  expect(about).toHaveTextContent("equity at the end of the test ÷ equity before it − 1");
});

test("a stored walk-forward is verified, and one whose inputs changed says which", async () => {
  let outcome = { outcome: "identical", changed: [] as string[], note: null as string | null };
  fakeApi({
    ...ANSWERS,
    [`GET ${WALKS}/${ID}`]: walk,
    [`POST ${WALKS}/${ID}/verify`]: () => ({ walk_forward_id: ID, digest: "d", ...outcome }),
  });
  renderApp(<WalkPage />, `?id=${ID}`);
  await userEvent.click(await screen.findByRole("button", { name: "Verify" }));
  expect(await screen.findByRole("status")).toHaveTextContent("Verified");
  outcome = { outcome: "inputs_changed", changed: ["data"], note: null };
  await userEvent.click(screen.getByRole("button", { name: "Verify" }));
  await waitFor(() => expect(screen.getByRole("status")).toHaveTextContent("Inputs changed: prices"));
});

test("a verification that takes long is shown at work, can be cancelled, and tells its outcome", async () => {
  const job = {
    id: "5f0c1d7e-0000-4000-8000-000000000001",
    kind: "verify_walk_forward",
    market: "real",
    state: "RUNNING",
    progress: 0.4,
    message: "Window 2 of 5",
    result: null as unknown,
    error: null,
    cancel_requested: false,
    created_at: "2026-03-02T10:00:00Z",
    started_at: "2026-03-02T10:00:00Z",
    finished_at: null,
  };
  let now: Record<string, unknown> = { ...job, events: [] };
  const second = job.id.replace(/1$/, "2");
  const cancelled = jest.fn(() => {
    now = { ...now, state: "CANCELLED", cancel_requested: true };
    return now;
  });
  fakeApi({
    ...ANSWERS,
    [`GET ${WALKS}/${ID}`]: walk,
    [`POST ${WALKS}/${ID}/verify`]: () => {
      const id = now["state"] === "SUCCEEDED" ? second : job.id;
      now = { ...job, id, events: [] };
      return { job: { ...job, id } };
    },
    [`GET /api/jobs/${job.id}`]: () => now,
    [`GET /api/jobs/${second}`]: () => now,
    [`POST /api/jobs/${second}/cancel`]: cancelled,
  });
  renderApp(<WalkPage />, `?id=${ID}`);
  await userEvent.click(await screen.findByRole("button", { name: "Verify" }));
  expect(await screen.findByText(/Window 2 of 5/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Verifying" })).toBeDisabled();
  now = {
    ...now,
    state: "SUCCEEDED",
    progress: 1,
    result: { walk_forward_id: ID, outcome: "differs", changed: [], note: null, digest: "e" },
  };
  expect(await screen.findByText("Differs from stored bytes")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Verify" }));
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.getByRole("button", { name: "Verify" })).toBeEnabled());
  expect(cancelled).toHaveBeenCalledTimes(1);
  expect(screen.queryByText("Differs from stored bytes")).not.toBeInTheDocument();
});

test("a walk-forward without an account left says why nothing was drawn", async () => {
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: { ...walk, luck: "equity reached zero" } });
  renderApp(<WalkPage />, `?id=${ID}`);
  expect(await screen.findByText("No ranges: equity reached zero.")).toBeInTheDocument();
});
