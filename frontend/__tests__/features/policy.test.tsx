import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { useState } from "react";
import { decisionsOf, refusedByPolicy, ruleName } from "@/features/backtest/decisions";
import { PolicyField } from "@/features/backtest/policy-field";
import { RunPage } from "@/features/backtest/run-page";
import type { Policy, RunDetail } from "@/lib/types";
import { failure, fakeApi, json } from "../support/api";
import { renderApp } from "../support/render";
import { partsOf, run, smaCross } from "../support/wire";

const policy: Policy = {
  id: 3,
  name: "House rules",
  cash_reserve_percent: 30,
  max_equity_exposure_percent: 90,
  daily_stop_loss_percent: -2,
  max_strategy_allocation_percent: 25,
  allocation_sensitivity: "MEDIUM",
  correlation_penalty: "MODERATE",
  max_position_percent: null,
  max_sector_percent: null,
  max_turnover_percent: null,
  max_drawdown_percent: null,
  on_breach: "block",
  notes: ["A cash reserve of 30 % leaves 70 % to invest: tighter than the exposure of 90 %."],
  created_at: "2026-01-01T00:00:00Z",
};

const URL_ = "/api/portfolio/strategies/policy";

function Field({ seen }: { seen: (value: string) => void }) {
  const [value, setValue] = useState("");
  return (
    <PolicyField
      value={value}
      onChange={(next) => {
        setValue(next);
        seen(next);
      }}
    />
  );
}

test("a policy is chosen, and says its numbers and which rule binds", async () => {
  fakeApi({ [`GET ${URL_}`]: [policy] });
  const seen = jest.fn();
  const { container } = renderApp(<Field seen={seen} />);
  expect(await screen.findByText("The run is unconstrained")).toBeInTheDocument();
  await userEvent.selectOptions(
    await screen.findByLabelText("Risk policy"),
    await screen.findByText("House rules"),
  );
  expect(seen).toHaveBeenLastCalledWith("3");
  expect(screen.getByText("30% in cash, 90% invested at most, daily stop −2%")).toBeInTheDocument();
  expect(screen.getByText(/tighter than the exposure of 90%/)).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("Enter in a field of a new policy saves it, and sends no form around it", async () => {
  const api = fakeApi({ [`GET ${URL_}`]: [], [`POST ${URL_}`]: () => json(policy, 201) });
  const sent = jest.fn();
  const seen = jest.fn();
  renderApp(
    <form
      onSubmit={(event) => {
        event.preventDefault();
        sent();
      }}
    >
      <Field seen={seen} />
      <button type="submit">Run</button>
    </form>,
  );
  await userEvent.selectOptions(await screen.findByLabelText("Risk policy"), "NEW");
  expect(screen.getByText("It applies once it is saved")).toBeInTheDocument();
  await userEvent.type(screen.getByLabelText("Name"), "House rules{Enter}");
  await waitFor(() => expect(seen).toHaveBeenLastCalledWith("3"));
  expect(sent).not.toHaveBeenCalled();
  expect(api.requests.filter((request) => request.method === "POST")).toHaveLength(1);
});

test("a new policy is written down with what was typed, empty limits left out", async () => {
  const api = fakeApi({ [`GET ${URL_}`]: [], [`POST ${URL_}`]: () => json(policy, 201) });
  const seen = jest.fn();
  renderApp(<Field seen={seen} />);
  await userEvent.selectOptions(await screen.findByLabelText("Risk policy"), "NEW");
  await userEvent.click(screen.getByRole("button", { name: "Save policy" }));
  expect(screen.getByText("A name.")).toBeInTheDocument();
  await userEvent.type(screen.getByLabelText("Name"), "House rules");
  await userEvent.clear(screen.getByLabelText("Stays in cash"));
  await userEvent.type(screen.getByLabelText("Stays in cash"), "30");
  await userEvent.click(screen.getByRole("button", { name: "Save policy" }));
  await waitFor(() => expect(seen).toHaveBeenLastCalledWith("3"));
  const sent = await api.requests.find((request) => request.method === "POST")?.json();
  expect(sent).toMatchObject({ name: "House rules", cash_reserve_percent: 30, daily_stop_loss_percent: -2 });
  expect(sent).not.toHaveProperty("max_sector_percent");
});

test("what the server refuses stands under its field", async () => {
  fakeApi({
    [`GET ${URL_}`]: [],
    [`POST ${URL_}`]: () =>
      failure(422, "VALIDATION_ERROR", "The request is not valid", {
        problems: [{ field: "daily_stop_loss_percent", message: "a loss is written as a negative number" }],
      }),
  });
  renderApp(<Field seen={jest.fn()} />);
  await userEvent.selectOptions(await screen.findByLabelText("Risk policy"), "NEW");
  await userEvent.type(screen.getByLabelText("Name"), "X");
  await userEvent.click(screen.getByRole("button", { name: "Save policy" }));
  expect(await screen.findByText(/negative number/)).toBeInTheDocument();
});

const decision = (change: Record<string, unknown>) => ({
  sequence: 1,
  at: "2020-01-02",
  outcome: "TRIM",
  rule: "STRATEGY",
  state: "NORMAL",
  symbol: "ARUVI",
  book: "sma_cross",
  side: "BUY",
  wanted: 1000,
  granted: 250,
  price: 100,
  equity: 1_000_000,
  cash: 1_000_000,
  limit: 25_000,
  stop_used: 0,
  would_have_made: -4200,
  ...change,
});

function page(change: Partial<RunDetail>) {
  fakeApi({
    ...partsOf({ ...run, ...change }),
    "GET /api/portfolio/strategies/available": [smaCross],
  });
  return renderApp(<RunPage />, `?run=${run.run_id}&orders=policy`);
}

test("the run's page lists what the policy decided and what the refused part would have made", async () => {
  page({
    decisions: [
      decision({}),
      decision({
        sequence: 2,
        outcome: "NOTICE",
        rule: "DAILY_STOP",
        symbol: null,
        book: null,
        wanted: null,
      }),
    ],
  });
  const table = await screen.findByRole("grid", { name: "Decisions of the policy" });
  expect(within(table).getByText("One strategy")).toBeInTheDocument();
  expect(within(table).getByText("Account")).toBeInTheDocument();
  expect(within(table).getByText("−₹4,200")).toBeInTheDocument();
  expect(screen.getByText(/1 order refused or cut down/)).toHaveTextContent("they made −₹4,200");
});

test("target weights that were scaled are rupees of the strategy, and no refused order", async () => {
  page({
    decisions: [
      decision({
        outcome: "SCALE",
        rule: "EXPOSURE",
        symbol: null,
        side: null,
        price: null,
        wanted: 900_000,
        granted: 720_000,
        limit: 720_000,
        would_have_made: null,
      }),
    ],
  });
  const table = await screen.findByRole("grid", { name: "Decisions of the policy" });
  expect(within(table).getByText("All targets")).toBeInTheDocument();
  expect(within(table).getByText("Scaled")).toBeInTheDocument();
  expect(within(table).getByText("₹9,00,000")).toBeInTheDocument();
  expect(within(table).getAllByText("₹7,20,000")).toHaveLength(2);
  expect(within(table).getByText("sma_cross")).toBeInTheDocument();
  expect(screen.queryByText(/refused or cut down/)).not.toBeInTheDocument();
});

test("an unconstrained run says so", async () => {
  page({});
  expect(await screen.findByText(/The run is unconstrained/)).toBeInTheDocument();
});

test("the look-ahead search stands beside the name, the worst finding first", async () => {
  page({
    proofs: [
      {
        strategy_id: "a",
        proof: {
          outcome: "passed",
          sentence: "Nothing found",
          findings: [],
          tested: {},
          params: {},
          timeframe: "1d",
          source_hash: "a",
        },
      },
      {
        strategy_id: "b",
        proof: {
          outcome: "leak",
          sentence: "entry at 2020-01-02",
          findings: [],
          tested: {},
          params: {},
          timeframe: "1d",
          source_hash: "b",
        },
      },
    ],
  });
  expect(await screen.findByText("Look-ahead")).toBeInTheDocument();
  expect(screen.getByTitle(/b: entry at 2020-01-02/)).toBeInTheDocument();
});

test("rows of unknown shape are read with care", () => {
  const [odd] = decisionsOf({ decisions: [{ symbol: 5, granted: "all" }] });
  expect(odd).toMatchObject({ sequence: 0, symbol: null, granted: null });
  expect(ruleName("SOMETHING_NEW")).toBe("Something new");
  expect(refusedByPolicy(decisionsOf({ decisions: [decision({ would_have_made: null })] }))).toEqual({
    count: 1,
    made: 0,
    known: 0,
  });
});
