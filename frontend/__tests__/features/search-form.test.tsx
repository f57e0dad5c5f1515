import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { SearchForm } from "@/features/sweeps/search-form";
import { SweepsPage } from "@/features/sweeps/sweeps-page";
import { failure, fakeApi, json } from "../support/api";
import { renderApp } from "../support/render";
import { ANSWERS, ID, meta, sweep, SWEEPS, WALKS } from "../support/sweeps";
import { job, smaCross } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));
beforeEach(() => {
  push.mockClear();
});

const FORM = {
  ...ANSWERS,
  "GET /api/screener/indices": {
    default: "NIFTY50",
    indices: [{ id: "NIFTY50", name: "Nifty 50", count: 50, kind: "broad" }],
  },
  "GET /api/health": {
    data: {
      first_session: "2015-01-01",
      last_session: "2024-12-31",
      snapshot: "abcdef0123456789",
      market: "real",
    },
  },
  [`GET ${SWEEPS}`]: { data: [{ ...sweep, done: 1, state: "INTERRUPTED" }], meta },
  [`GET ${WALKS}`]: { data: [], meta: { ...meta, total: 0 } },
};

test("the form counts the points, says what is wrong, and asks for what was typed", async () => {
  const network = fakeApi({ ...FORM, [`POST ${SWEEPS}`]: json({ sweep, job: null }) });
  const { container } = renderApp(<SearchForm />);
  const fast = await screen.findByRole("textbox", { name: "fast" });
  await userEvent.clear(fast);
  await userEvent.type(fast, "5:20");
  expect(screen.getByText("Give start:stop:step, such as 5:50:5")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Start sweep" })).toBeDisabled();
  await userEvent.clear(fast);
  await userEvent.type(fast, "5:20:5");
  const slow = screen.getByRole("textbox", { name: "slow" });
  await userEvent.clear(slow);
  await userEvent.type(slow, "30, 60, 90");
  expect(screen.getByText(/12 combinations of fast and slow/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Start sweep" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/sweep/?sweep=${ID}`));
  const sent = await network.requests.find((one) => one.method === "POST")!.json();
  expect(sent.grid).toEqual({ fast: { start: 5, stop: 20, step: 5 }, slow: [30, 60, 90] });
  expect(sent.run).toMatchObject({ strategy_ids: ["sma_cross"], universe: "NIFTY50", costs: { bps: 10 } });
  expect(await axe(container)).toHaveNoViolations();
});

test("the form begins with a strategy whose parameters have values, wherever it stands in the list", async () => {
  const other = { ...smaCross, strategy_id: "atr_breakout", display_name: "ATR breakout" };
  fakeApi({ ...FORM, "GET /api/portfolio/strategies/available": [other, smaCross] });
  renderApp(<SearchForm />);
  expect(await screen.findByRole("combobox", { name: "Strategy" })).toHaveValue("sma_cross");
  expect(screen.getByText(/20 combinations of fast and slow/)).toBeInTheDocument(); // 5 to 25 by 5, 30 to 90 by 20
  expect(screen.getByRole("button", { name: "Start sweep" })).toBeEnabled();
});

test("without data the form says so and leads to them, and what cannot be read is told", async () => {
  fakeApi({ ...FORM, "GET /api/health": { data: null } });
  const { unmount } = renderApp(<SearchForm />);
  expect(await screen.findByText("No data yet")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Start with data" })).toHaveAttribute("href", "/");
  unmount();
  fakeApi({ ...FORM, "GET /api/screener/indices": failure(500, "INTERNAL", "The lists are broken") });
  renderApp(<SearchForm />);
  expect(await screen.findByText("The indices cannot be read")).toBeInTheDocument();
});

test("a walk-forward is asked for with its windows, and its job is followed to its page", async () => {
  const network = fakeApi({
    ...FORM,
    [`POST ${WALKS}`]: json({ walk_forward_id: ID, job: { ...job, id: "j1", state: "RUNNING" } }, 202),
    "GET /api/jobs/j1": { ...job, id: "j1", state: "SUCCEEDED", events: [] },
  });
  renderApp(<SearchForm />);
  await userEvent.click(await screen.findByRole("button", { name: "Walk-forward" }));
  const train = screen.getByRole("textbox", { name: "Sessions of training" });
  await userEvent.clear(train);
  await userEvent.type(train, "250");
  await userEvent.click(screen.getByRole("button", { name: "Walk forward" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/walk-forward/?id=${ID}`));
  const sent = await network.requests.find((one) => one.method === "POST")!.json();
  expect(sent).toMatchObject({ train: 250, test: 126, purge: 0, mode: "rolling" });
});

test("a walk-forward that was cancelled can be asked for again, and none while one is at work", async () => {
  let state = "RUNNING";
  const network = fakeApi({
    ...FORM,
    [`POST ${WALKS}`]: () => json({ walk_forward_id: ID, job: { ...job, id: "j1" } }, 202),
    "GET /api/jobs/j1": () => ({ ...job, id: "j1", state, events: [] }),
  });
  renderApp(<SearchForm />);
  await userEvent.click(await screen.findByRole("button", { name: "Walk-forward" }));
  await userEvent.click(screen.getByRole("button", { name: "Walk forward" }));
  expect(await screen.findByRole("progressbar")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Walk forward" })).toBeDisabled();
  fireEvent.submit(screen.getByRole("form", { name: "New search" }));
  expect(network.requests.filter((one) => one.method === "POST")).toHaveLength(1);
  state = "CANCELLED";
  await waitFor(() => expect(screen.getByRole("button", { name: "Walk forward" })).toBeEnabled(), {
    timeout: 3000,
  });
  await userEvent.click(screen.getByRole("button", { name: "Walk forward" }));
  await waitFor(() => expect(network.requests.filter((one) => one.method === "POST")).toHaveLength(2));
});

test("what is no whole number of sessions or draws is said before anything is asked for", async () => {
  const network = fakeApi({ ...FORM, [`POST ${SWEEPS}`]: json({ sweep, job: null }) });
  renderApp(<SearchForm />);
  const draws = await screen.findByRole("textbox", { name: "Random points" });
  await userEvent.type(draws, "1.5");
  expect(screen.getByText("A whole number, 1 or more, or nothing.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Start sweep" })).toBeDisabled();
  await userEvent.clear(draws);
  await userEvent.type(draws, "1,000");
  expect(screen.getByText(/1,000 combinations/)).toBeInTheDocument();
  const symbols = screen.getByRole("textbox", { name: "Or symbols" });
  await userEvent.type(symbols, "tcs; INFY tcs");
  await userEvent.click(screen.getByRole("button", { name: "Walk-forward" }));
  const train = screen.getByRole("textbox", { name: "Sessions of training" });
  await userEvent.clear(train);
  expect(screen.getByText("A whole number, 1 or more.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Walk forward" })).toBeDisabled();
  await userEvent.click(screen.getByRole("button", { name: "Sweep" })); // has no windows
  await userEvent.click(screen.getByRole("button", { name: "Start sweep" }));
  await waitFor(() => expect(push).toHaveBeenCalled());
  const sent = await network.requests.find((one) => one.method === "POST")!.json();
  expect(sent).toMatchObject({ random: { draws: 1000 }, run: { universe: ["TCS", "INFY"] } });
});

test("a search can ask all that a run can, by the names of a run, and says what is no number", async () => {
  const network = fakeApi({
    ...FORM,
    "GET /api/portfolio/strategies/policy": [{ id: 7, name: "Careful", notes: [] }],
    [`POST ${WALKS}`]: json({ walk_forward_id: ID, job: null }),
  });
  renderApp(<SearchForm />);
  await userEvent.click(await screen.findByRole("button", { name: "Walk-forward" }));
  await userEvent.click(screen.getByText("What else a run is asked"));
  const fill = async (name: string, value: string) => {
    await userEvent.clear(screen.getByRole("textbox", { name }));
    await userEvent.type(screen.getByRole("textbox", { name }), value);
  };
  const choose = (name: string, value: string) =>
    userEvent.selectOptions(screen.getByRole("combobox", { name }), value);
  await fill("Capital", "5,00,000");
  await choose("Size of an entry", "value");
  expect(screen.getByRole("button", { name: "Walk forward" })).toBeDisabled(); // rupees are missing
  await fill("Sum an entry", "5O,000");
  expect(screen.getByText("“5O,000” is no number")).toBeInTheDocument();
  await fill("Sum an entry", "50,000");
  await fill("Positions at most", "3");
  await fill("Share of the capital", "50");
  await fill("Slippage", "3");
  await fill("Impact", "7");
  await fill("Volume at most", "10");
  await choose("What the cap leaves", "carry");
  await choose("Product", "CNC");
  await choose("Risk policy", "7");
  await fill("Benchmark", "none");
  await fill("Cash earns", "7");
  await fill("Seed", "9");
  await choose("Orders fill", "this_close");
  await choose("Exchange rules", "none");
  for (const name of [/T\+1/, /became known only later/, /Today’s members/])
    await userEvent.click(screen.getByRole("checkbox", { name }));
  await fill("Embargo", "2");
  await choose("Chosen by", "sortino");
  await userEvent.click(screen.getByRole("button", { name: "Walk forward" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/walk-forward/?id=${ID}`));
  const sent = await network.requests.find((one) => one.method === "POST")!.json();
  expect(sent).toMatchObject({ metric: "sortino", embargo: 2 });
  expect(sent.run).toMatchObject({
    initial_capital: 500_000,
    sizing: "value",
    sizing_value: 50_000,
    max_positions: 3,
    allocations: { [sent.run.strategy_ids[0]]: 0.5 },
    slippage_bps: 3,
    impact_bps: 7,
    volume_cap: 0.1,
    unfilled: "carry",
    product: "CNC",
    policy_id: 7,
    benchmark: "none",
    cash_rates: [{ start: "1994-01-01", percent: 7 }],
    seed: 9,
    fill_at: "this_close",
    market: "none",
    settle_next_session: true,
    strict_actions: true,
    asof_members: false,
  });
});

test("the lists name what is there, how far it is, and what is not there yet", async () => {
  fakeApi(FORM);
  renderApp(<SweepsPage />);
  const list = await screen.findByRole("region", { name: "Sweeps" });
  expect(await within(list).findByText("1 of 4")).toBeInTheDocument();
  expect(within(list).getByText("Interrupted")).toBeInTheDocument();
  expect(await screen.findByText("No walk-forward yet")).toBeInTheDocument();
});
