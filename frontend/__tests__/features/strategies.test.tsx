import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { hunks } from "@/features/strategies/diff";
import { LibraryPage } from "@/features/strategies/library-page";
import { StrategyPage } from "@/features/strategies/strategy-page";
import type { LibraryEntry, StrategyCard, StrategyVersion } from "@/lib/types";
import { getCommands } from "@/lib/commands";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { smaCross } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));

const BASE = "/api/portfolio/strategies";

const entry = (strategy_id: string, change: Partial<LibraryEntry> = {}): LibraryEntry => ({
  strategy_id,
  display_name: strategy_id,
  state: "ready",
  error: null,
  versions: 1,
  runs: 0,
  trials: 0,
  typical: null,
  best: null,
  ...change,
});

const version = (number: number, source: string, source_hash = `${number}`.repeat(64)): StrategyVersion => ({
  number,
  source,
  source_hash,
  created_at: "2026-11-20T08:00:00Z",
  lifecycle_status: "RESEARCH",
  proofs: 1,
});

const CROSS: StrategyCard = {
  ...smaCross,
  strategy_id: "cross",
  display_name: "Crossover",
  regime: "TREND",
  hypothesis: "Prices trend.",
  when_it_loses: "In ranges.",
  regime_notes: "In ranges.",
  proof: null,
};
const FADE: StrategyCard = {
  ...smaCross,
  strategy_id: "fade",
  display_name: "Gap fade",
  regime: "REVERSAL",
  timeframe: "5m",
  when_it_loses: "On news.",
  regime_notes: "Lost all of March.",
};
const RUN = {
  typical: { runs: 4, cagr: 0.08, sharpe: 0.4, max_drawdown: -0.2 },
  best: {
    run_id: "ab".repeat(32),
    start_date: "2020-01-01",
    end_date: "2024-12-31",
    cagr: 0.19,
    sharpe: 1.1,
    max_drawdown: -0.11,
  },
};

const library = () =>
  fakeApi({
    [`GET ${BASE}/available`]: [CROSS, FADE],
    [`GET ${BASE}/load-errors`]: [],
    [`GET ${BASE}/library`]: [
      entry("cross", { runs: 5, trials: 37, ...RUN }),
      entry("fade", { trials: 2 }),
      entry("mine", {
        display_name: "My own",
        state: "broken",
        versions: 3,
        error: {
          file: "mine.py",
          line: 4,
          strategy_id: "mine",
          message: "no hypothesis",
          expected: "a text",
        },
      }),
    ],
  });

const items = () => screen.getAllByRole("listitem");

test("each strategy says what it claims, when it loses, and what its runs say", async () => {
  library();
  const { container } = renderApp(<LibraryPage />);
  const cross = within((await screen.findByText("Crossover")).closest("li") as HTMLElement);
  for (const said of ["Prices trend.", "In ranges.", "TREND", "Daily bars", "Not tested for look-ahead"]) {
    expect(cross.getByText(said)).toBeInTheDocument();
  }
  const figures = cross.getByRole("table", { name: "Figures of the runs of cross" });
  expect(within(figures).getByText("Typical of 4 runs")).toBeInTheDocument();
  expect(within(figures).getByText("Best run, 37 trials")).toBeInTheDocument();
  const rows = within(figures)
    .getAllByRole("row")
    .map((row) => row.textContent);
  expect(rows.slice(1)).toEqual(["CAGR8.0%19.0%", "Sharpe0.401.10", "Drawdown−20.0%−11.0%", "Runabababab"]);
  const fade = within(screen.getByText("Gap fade").closest("li") as HTMLElement);
  expect(fade.getByText("Lost all of March.")).toBeInTheDocument(); // a note stands in the author's place
  expect(fade.getByText("2 trials, none of which ended with a result.")).toBeInTheDocument();
  expect(fade.getByText("5-minute bars")).toBeInTheDocument();
  const mine = within(screen.getByText("My own").closest("li") as HTMLElement);
  expect(mine.getByText("Does not load")).toBeInTheDocument();
  expect(mine.getByText("mine.py, line 4: no hypothesis. Expected a text")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("the library is narrowed by words, regime and bars, which stand in the address", async () => {
  library();
  const { url } = renderApp(<LibraryPage />);
  await screen.findByText("Crossover");
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Regime" }), "REVERSAL");
  expect(items()).toHaveLength(1);
  expect(url().get("regime")).toBe("REVERSAL");
  await userEvent.type(screen.getByRole("textbox", { name: "Find a strategy" }), "ranges");
  expect(await screen.findByText("No strategy matches")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Show all 3" }));
  expect(items()).toHaveLength(3);
});

const page = (answers: Record<string, unknown> = {}) =>
  fakeApi({
    [`GET ${BASE}/available`]: [CROSS, FADE],
    [`GET ${BASE}/library`]: [
      entry("cross", { runs: 5, trials: 37, versions: 3, ...RUN }),
      entry("gone", { state: "gone", versions: 1 }),
    ],
    [`GET ${BASE}/cross/versions`]: [
      version(3, "a = 1\nb = 3\nc = 4\n"),
      version(2, "a = 1\nb = 2\n"),
      version(1, "a = 1\nb = 2\n", "9".repeat(64)),
    ],
    ...answers,
  });

test("a strategy's page has its parameters, its figures and the way to the form", async () => {
  page();
  const { container } = renderApp(<StrategyPage />, "strategy=cross");
  expect(await screen.findByRole("heading", { level: 1, name: /Crossover v/ })).toBeInTheDocument();
  const parameters = screen.getByRole("region", { name: "Parameters, scrolls" });
  for (const name of Object.keys((CROSS.parameters as { properties: object }).properties)) {
    expect(within(parameters).getByText(name)).toBeInTheDocument();
  }
  const form = screen.getByRole("link", { name: "New backtest" });
  expect(form.getAttribute("href")).toMatch(/^\/quant\/backtest\/?\?strategy=cross$/);
  expect(screen.getByText("Best run, 37 trials")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("notes are written, and what stays is not sent", async () => {
  const asked = page({ [`PATCH ${BASE}/cross`]: CROSS });
  renderApp(<StrategyPage />, "strategy=cross");
  await userEvent.click(await screen.findByRole("button", { name: "Edit notes" }));
  const notes = screen.getByRole("textbox", { name: "Notes: when it loses" });
  await userEvent.clear(notes);
  await userEvent.type(notes, "Lost in 2022.");
  await userEvent.click(screen.getByRole("button", { name: "Save notes" }));
  await waitFor(() => expect(screen.queryByRole("textbox")).not.toBeInTheDocument());
  const sent = asked.requests.find((request) => request.method === "PATCH");
  expect(await sent?.json()).toEqual({ regime_notes: "Lost in 2022." });
});

test("Escape leaves notes that were not touched, and throws nothing away that was written", async () => {
  page();
  renderApp(<StrategyPage />, "strategy=cross");
  const escape = () =>
    act(() =>
      getCommands()
        .find((command) => command.id === "leave")
        ?.run(),
    );
  await userEvent.click(await screen.findByRole("button", { name: "Edit notes" }));
  escape();
  expect(screen.queryByRole("textbox", { name: "Notes: when it loses" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Edit notes" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Notes: when it loses" }), " And more.");
  escape();
  expect(screen.getByRole("textbox", { name: "Notes: when it loses" })).toHaveValue("In ranges. And more.");
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(screen.queryByRole("textbox")).toBeNull();
});

test("a note that is refused stays in the form, with the reason", async () => {
  page({ [`PATCH ${BASE}/cross`]: failure(422, "VALIDATION_ERROR", "The text is too long") });
  renderApp(<StrategyPage />, "strategy=cross");
  await userEvent.click(await screen.findByRole("button", { name: "Edit notes" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Notes: when it loses" }), " And more.");
  await userEvent.click(screen.getByRole("button", { name: "Save notes" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The text is too long");
  expect(screen.getByRole("textbox", { name: "Notes: when it loses" })).toHaveValue("In ranges. And more.");
});

test("the source of a version is shown, and what changed since another one", async () => {
  page();
  const { container, url } = renderApp(<StrategyPage />, "strategy=cross&tab=source");
  expect(await screen.findByRole("region", { name: "Source of version 3, scrolls" })).toHaveTextContent(
    /b = 3/,
  );
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Compared with" }), "2");
  expect(screen.getByText("From version 2 to 3: 2 lines added, 1 removed.")).toBeInTheDocument();
  const rows = screen.getAllByRole("row").map((row) => row.textContent);
  expect(rows.slice(1)).toEqual(["11 a = 1", "2−removedb = 2", "2+addedb = 3", "3+addedc = 4"]);
  expect(url().get("against")).toBe("2");
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Version" }), "1");
  expect(screen.getByText("The file is the same in both")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("the tabs are turned by the keyboard", async () => {
  page({ [`GET ${BASE}/runs`]: { data: [], meta: { page: 1, limit: 100, total: 0, total_pages: 0 } } });
  renderApp(<StrategyPage />, "strategy=cross");
  (await screen.findByRole("tab", { name: "About" })).focus();
  await userEvent.keyboard("{ArrowRight}");
  expect(screen.getByRole("tab", { name: /Runs 5/ })).toHaveFocus();
  expect(await screen.findByText("Never run here")).toBeInTheDocument();
  await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(screen.getByRole("tab", { name: /Source and history/ })).toHaveAttribute("aria-selected", "true");
});

test("a strategy whose file is gone keeps its page; an unknown one has none", async () => {
  page();
  const { unmount } = renderApp(<StrategyPage />, "strategy=gone");
  expect(await screen.findByText(/no longer in the strategies folder/)).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "New backtest" })).not.toBeInTheDocument();
  unmount();
  renderApp(<StrategyPage />, "strategy=nobody");
  expect(await screen.findByText("Nothing is known of nobody.")).toBeInTheDocument();
});

test("far apart changes stand in hunks of their own, with the lines around them", () => {
  const lines = Array.from({ length: 20 }, (_, at) => `line ${at + 1}`);
  const changed = lines.map((line, at) => (at === 1 || at === 18 ? `${line}!` : line));
  const found = hunks(lines.join("\n"), changed.join("\n"));
  expect(found.map((hunk) => hunk.filter((line) => line.mark !== " ").map((line) => line.text))).toEqual([
    ["line 2", "line 2!"],
    ["line 19", "line 19!"],
  ]);
  expect(found[0]?.[0]).toEqual({ mark: " ", text: "line 1", before: 1, after: 1 });
  expect(found[1]?.at(-1)).toEqual({ mark: " ", text: "line 20", before: 20, after: 20 });
  expect(hunks("a\n", "a\n")).toEqual([]);
});
