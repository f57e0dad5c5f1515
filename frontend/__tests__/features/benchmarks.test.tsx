import { screen, within } from "@testing-library/react";
import { axe } from "jest-axe";
import { Benchmarks } from "@/features/backtest/benchmarks";
import { fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { run } from "../support/wire";

const cash = {
  kind: "cash" as const,
  name: "Cash",
  words: "Without interest: no rate was given.",
  equity: [1, 1],
  metrics: { cagr: 0, volatility: 0, sharpe: null, max_drawdown: 0 },
  reasons: { sharpe: "returns do not vary" },
};
const index = {
  kind: "index" as const,
  name: "NIFTY50",
  words: "No series of NIFTY50 is stored.",
  equity: null,
  metrics: {},
  reasons: {},
};

test("the run stands beside its benchmarks, and what is unknown has a reason", async () => {
  fakeApi({});
  const { container } = renderApp(<Benchmarks run={{ ...run, benchmarks: [index, cash] }} />);
  const table = await screen.findByRole("table");
  expect(within(table).getByRole("row", { name: /This run/ })).toHaveTextContent("12.6");
  expect(
    within(within(table).getByRole("row", { name: /Cash/ })).getByText("Unknown: returns do not vary"),
  ).toBeInTheDocument();
  expect(within(table).getAllByText("Unknown: No series of NIFTY50 is stored.")).toHaveLength(4);
  expect(await axe(container)).toHaveNoViolations();
});

test("a run of an engine without benchmarks shows none", () => {
  fakeApi({});
  const { container } = renderApp(<Benchmarks run={run} />);
  expect(container.querySelector("section")).toBeNull();
});
