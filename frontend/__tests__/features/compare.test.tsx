import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { keptSessions } from "@/components/curves-chart";
import { ComparePage } from "@/features/compare/compare-page";
import { measureFigure } from "@/features/compare/figures";
import { inputName, inputValue } from "@/features/compare/words";
import type { Comparison } from "@/lib/types";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { run, smaCross } from "../support/wire";

const A = run.run_id;
const B = "c52e9c07e2b41f9c07e2b41f9c07e2b41f9c07e2b41f9c07e2b41f9c07e2abcd";
const measure = (name: string, values: (number | null)[], low: number | null, high: number | null) => ({
  name,
  values,
  reasons: values.map((value) => (value === null ? "returns do not vary" : null)),
  differences: [
    {
      value: values[0] != null && values[1] != null ? values[1] - values[0] : null,
      low,
      high,
      reason: low === null ? "returns do not vary" : null,
    },
  ],
});
const found: Comparison = {
  runs: [A, B].map((run_id) => ({
    run_id,
    strategy_ids: ["sma_cross"],
    start_date: "2020-01-01",
    end_date: "2020-01-03",
    sessions: 3,
  })),
  start_date: "2020-01-01",
  end_date: "2020-01-03",
  inputs: [
    { input: "books.1.params.fast", values: [20, 10], changed: null },
    { input: "initial_capital", values: [1_000_000, 500_000], changed: null },
    {
      input: "data_root",
      values: ["3.90ab", "3.77cd"],
      changed: "The prices or members on file changed between these runs.",
    },
    { input: "books.1.strategy_id", values: ["sma_cross", "gone"], changed: null },
    { input: "books.1.product", values: ["CNC", "MIS"], changed: null },
    { input: "books.1.allocation", values: [0.5, null], changed: null },
  ],
  measures: [measure("cagr", [0.126, 0.102], -0.05, 0.004), measure("sharpe", [0.94, null], null, null)],
  correlation: [
    [1, 0.83],
    [0.83, null],
  ],
  days: ["2020-01-01", "2020-01-02", "2020-01-03"],
  growth: [
    [1, 0.99, 1.01],
    [1, 1.02, 1.03],
  ],
  drawdown: [
    [0, -0.01, 0],
    [0, 0, 0],
  ],
  method: { resamples: 2000, confidence: 0.95, block: 3.2, seed: 0, reason: null },
};
const card = (run_id: string) => ({
  run_id,
  strategy_ids: ["sma_cross"],
  universe: "NIFTY50",
  start_date: "2020-01-01",
  end_date: "2024-12-31",
  metrics: run.metrics,
  created_at: "2025-01-01T10:00:00Z",
});
const ANSWERS = {
  "GET /api/portfolio/strategies/available": [smaCross],
  "GET /api/portfolio/strategies/runs": {
    data: [card(A), card(B)],
    meta: { page: 1, limit: 500, total: 2, total_pages: 1 },
  },
  "GET /api/portfolio/strategies/runs/compare": found,
};

test("runs stand side by side with differences, intervals and what was asked differently", async () => {
  const network = fakeApi(ANSWERS);
  const { container } = renderApp(<ComparePage />, `?runs=${A},${B}`);
  const figures = await screen.findByRole("region", { name: /^Figures/ });
  const growth = within(figures).getByRole("row", { name: /^CAGR/ });
  expect(growth).toHaveTextContent("12.6%");
  expect(growth).toHaveTextContent("\u22122.4 points");
  expect(growth).toHaveTextContent("\u22125.0 to +0.4");
  expect(growth).toHaveTextContent("Not told apart: the interval holds zero");
  expect(
    within(within(figures).getByRole("row", { name: /Sharpe/ })).getByText("Unknown: returns do not vary"),
  ).toBeInTheDocument();
  const inputs = screen.getByRole("region", { name: /^Inputs/ });
  expect(within(inputs).getByRole("row", { name: /Parameter fast 20 10/ })).toBeInTheDocument();
  expect(within(inputs).getByRole("row", { name: /₹10,00,000 ₹5,00,000/ })).toBeInTheDocument();
  expect(
    within(inputs).getByRole("row", { name: "Prices and members Version 1 Version 2" }),
  ).toBeInTheDocument();
  expect(screen.getByText("The prices or members on file changed between these runs.")).toBeInTheDocument();
  expect(inputs).not.toHaveTextContent("90ab");
  // in the words of the other pages, not of the server
  for (const row of [
    /Strategy Moving-average crossover gone/,
    /Product Delivery \(CNC\) Intraday \(MIS\)/,
    /Allocation 50% Does not apply/,
  ])
    expect(within(inputs).getByRole("row", { name: row })).toBeInTheDocument();
  const asked = network.urls.find((url) => url.pathname.endsWith("/compare"));
  expect(asked?.searchParams.getAll("run")).toEqual([A, B]);
  expect(await axe(container)).toHaveNoViolations();
});

test("a run that the address names twice stands there once, and universes have their names", async () => {
  const network = fakeApi({
    ...ANSWERS,
    "GET /api/portfolio/strategies/runs": {
      data: [card(A), card(B), card("c".repeat(64))],
      meta: { page: 1, limit: 500, total: 3, total_pages: 1 },
    },
    "GET /api/screener/indices": {
      default: "NIFTY50",
      indices: [{ id: "NIFTY50", name: "NIFTY 50", description: null, count: 50 }],
    },
  });
  renderApp(<ComparePage />, `?runs=${A},${B},${A}`);
  expect(
    await screen.findByRole("option", { name: /NIFTY 50 · 1 Jan 2020 – 31 Dec 2024/ }),
  ).toBeInTheDocument();
  expect(within(screen.getByRole("region", { name: "Runs chosen" })).getAllByRole("link")).toHaveLength(2);
  const asked = network.urls.find((url) => url.pathname.endsWith("/compare"));
  expect(asked?.searchParams.getAll("run")).toEqual([A, B]);
});

test("each figure opens its formula, its differences and how they were drawn", async () => {
  fakeApi(ANSWERS);
  const { container } = renderApp(<ComparePage />, `?runs=${A},${B}`);
  await userEvent.click(await screen.findByRole("button", { name: "CAGR" }));
  const opened = await screen.findByRole("dialog", { name: "CAGR" });
  // what 1 became of two returns: 1.01
  expect(opened).toHaveTextContent("(Π (1 + r)) ^ (252 / sessions) − 1");
  expect(opened).toHaveTextContent("= 1.0100 ^ (252 / 2) − 1, of the first run");
  expect(opened).toHaveTextContent("\u22122.4 points, \u22125.0 to +0.4. Not told apart");
  expect(opened).toHaveTextContent("Draws2,000, 95% interval");
  expect(await axe(container)).toHaveNoViolations();
  await userEvent.keyboard("{Escape}");
  await userEvent.click(screen.getByRole("button", { name: "Sharpe ratio" }));
  const sharpe = await screen.findByRole("dialog", { name: "Sharpe ratio" });
  expect(sharpe).toHaveTextContent("mean(r) ÷ sd(r) · √252");
  expect(sharpe).toHaveTextContent("less the firstreturns do not vary");
  await userEvent.keyboard("{Escape}");
  await userEvent.click(screen.getByRole("button", { name: "Correlation of daily returns" }));
  expect(await screen.findByRole("dialog", { name: "Correlation of daily returns" })).toHaveTextContent(
    "cov(r, s) ÷ (sd(r) · sd(s))",
  );
});

test("a fall is opened with the session and the peak it fell from", () => {
  const deepest = measure("max_drawdown", [-0.01, 0], null, null);
  // 0.99 on the second session, from 1 on the first
  expect(measureFigure(found, deepest, ["a", "b"]).formula).toBe(
    "min (equity ÷ running peak − 1)\n= 0.9900 on 2 Jan 2020 ÷ 1.0000 − 1, of the first run",
  );
});

test("another run can be the one the others are held against, and one can be taken off", async () => {
  fakeApi(ANSWERS);
  const { url } = renderApp(<ComparePage />, `?runs=${A},${B}`);
  await userEvent.click(await screen.findByRole("button", { name: "Hold against this" }));
  expect(url().get("runs")).toBe(`${B},${A}`);
  await userEvent.click(screen.getByRole("button", { name: `Take off run ${B.slice(0, 8)}` }));
  expect(url().get("runs")).toBe(A);
  expect(await screen.findByText("One more run is needed")).toBeInTheDocument();
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Add a run" }), B);
  expect(url().get("runs")).toBe(`${A},${B}`);
});

test("runs that cannot be compared say why", async () => {
  fakeApi({
    ...ANSWERS,
    "GET /api/portfolio/strategies/runs/compare": () =>
      failure(400, "INSUFFICIENT_DATA", "runs: expected two sessions or more that all of them have"),
  });
  renderApp(<ComparePage />, `?runs=${A},${B}`);
  expect(await screen.findByText(/two sessions or more that all of them have/)).toBeInTheDocument();
});

test("inputs and their values are named in words", () => {
  expect(inputName("books.2.params.slow", 2)).toBe("Parameter slow of book 2");
  expect(inputName("costs.plan", 1)).toBe("Charges");
  expect(inputValue("start", "2020-01-01")).toBe("1 Jan 2020");
  expect(inputValue("policy", null)).toBe("None");
  expect(inputValue("policy.name", null)).toBe("Does not apply");
  expect(inputValue("books.1.params.fast", null)).toBe("No such parameter");
  expect(inputValue("max_positions", null)).toBe("No limit");
  expect(inputValue("adjustment", "forward_anchored@strict")).toBe("As known on each day");
  expect(inputName("warm_up", 1)).toBe("Bars read before the first session");
  expect(inputValue("universe.asof_members", false)).toBe("No");
});

test("decimation of curves keeps the ends and the extremes of every one", () => {
  const flat = Array.from({ length: 10_000 }, () => 1);
  const growth = [...flat];
  growth[4321] = 9;
  const drawdown = flat.map(() => 0);
  drawdown[7000] = -0.9;
  const kept = keptSessions(
    [
      { name: "a", growth: flat, drawdown },
      { name: "b", growth, drawdown: flat.map(() => 0) },
    ],
    10_000,
    600,
  );
  expect(kept.length).toBeLessThanOrEqual(602);
  expect(kept).toEqual(expect.arrayContaining([0, 4321, 7000, 9999]));
});
