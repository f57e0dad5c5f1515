import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { CoverageYears } from "@/features/data/coverage";
import { Downloads } from "@/features/data/downloads";
import { CoverageCalendar } from "@/features/data/heat-map";
import { ProvenanceLookup } from "@/features/data/provenance";
import { Quarantine } from "@/features/data/quarantine";
import { Snapshots } from "@/features/data/snapshots";
import type {
  ActionDecision,
  Coverage,
  CoverageYear,
  Provenance,
  QuarantinedAction,
  Snapshot,
  SyncState,
} from "@/lib/types";
import { failure, fakeApi, json } from "../support/api";
import { renderApp } from "../support/render";

const meta = (total: number) => ({ page: 1, limit: 50, total, total_pages: total > 0 ? 1 : 0 });

const coverage: Coverage = {
  year: 2024,
  years: [2023, 2024],
  days: [
    { date: "2024-01-01", rows: 830, expected: true, state: "OK" },
    { date: "2024-01-02", rows: 0, expected: true, state: "MISSING" },
    { date: "2024-01-03", rows: 90, expected: true, state: "PARTIAL" },
    { date: "2024-02-03", rows: 12, expected: false, state: "UNEXPECTED" },
    { date: "2024-12-31", rows: 0, expected: true, state: "OUTSIDE" },
  ],
  states: { OK: 1, MISSING: 1, PARTIAL: 1, UNEXPECTED: 1, OUTSIDE: 1 },
  calendar_warning: null,
};

const snapshot: Snapshot = {
  root: "7f3ac21e0000",
  adjustments_hash: "aa11bb220000",
  membership_hash: "cc33dd440000",
  rules_version: "1",
  changed_inputs: ["prices", "membership"],
  changed_years: [2010, 2011, 2012, 2016],
  changed_instruments: null,
  instruments: 831,
  first_session: "2010-01-04",
  last_session: "2024-12-31",
  first_seen_at: "2026-11-20T10:00:00Z",
  last_seen_at: "2026-11-20T10:00:00Z",
};

const price = { open: 100, high: 104, low: 99, close: 102.5, prev_close: 100, turnover: 1000, trades: 10 };
const row: Provenance["rows"][number] = {
  ...price,
  symbol: "ARUVI",
  series: "EQ",
  counts: true,
  why: "Counts: source rank 40 is above 30",
  file_name: "cm10JUL2017bhav.csv",
  container: "cm10JUL2017bhav.csv.zip",
  kind: "legacy",
  sha256: "ab",
  line: 1240,
  source_rank: 40,
  published_at: null,
  recorded_at: "2026-11-20T10:00:00Z",
  superseded_at: null,
  volume: 815433,
  delivery: null,
  isin: null,
};
const provenance: Provenance = {
  symbol: "ARUVI",
  asked: "ARUVI",
  instrument_key: "k1",
  date: "2017-07-10",
  bar: {
    ...price,
    symbol: "ARUVI",
    series: "EQ",
    volume: 815433,
    delivery: 400,
    lent: [{ field: "delivery", file_name: "sec_bhavdata_full_10072017.csv", line: 77 }],
  },
  rows: [
    row,
    {
      ...row,
      counts: false,
      sha256: "cd",
      line: 77,
      file_name: "sec_bhavdata_full_10072017.csv",
      why: "Kept",
    },
  ],
  cumulative_factor: 1,
  actions: [
    {
      ex_date: "2017-09-07",
      factor: 2,
      tier: "LISTED",
      purpose: "Bonus 1:1",
      known_at: "2017-09-07",
      in_force: false,
    },
  ],
  snapshot: "7f",
};

const entry: QuarantinedAction = {
  instrument_key: "k1",
  symbol: "ARUVI",
  symbol_then: "ARUVIOLD",
  session: "2024-12-30",
  status: "QUARANTINED",
  factor: null,
  proposed_factor: 5,
  previous_close: 500,
  open: 101,
  close: 100,
  ratio: 0.2,
  purpose: null,
  known_at: null,
  evidence: {},
  decision: null,
};
const made: ActionDecision = {
  id: 9,
  instrument_key: "k1",
  symbol: "ARUVIOLD",
  session: "2024-12-30",
  decision: "ACCEPT",
  factor: 5,
  kind: null,
  reason: null,
  previous: {},
  decided_by: "you",
  decided_at: "2026-11-20T10:00:00Z",
  undone_at: null,
};

const month = (number: number, states: Partial<Record<string, number>>, rows = 800) => ({
  month: number,
  rows,
  states: { OK: 0, MISSING: 0, PARTIAL: 0, UNEXPECTED: 0, OUTSIDE: 0, ...states } as Record<string, number>,
});

const years: CoverageYear[] = [2023, 2024].map((year) => ({
  year,
  sessions: 240,
  expected: 246,
  instruments: 830,
  months: Array.from({ length: 12 }, (_, at) =>
    month(at + 1, at === 1 ? { OK: 18, MISSING: 2 } : { OK: 20 }),
  ),
}));

describe("the overview of all years", () => {
  test("the arrows walk over months and years, Enter opens one", async () => {
    fakeApi({ "GET /api/data/coverage/years": years });
    const picked = jest.fn();
    const { container } = renderApp(<CoverageYears onPick={picked} />);
    const grid = await screen.findByLabelText("Stored sessions of all years by month");
    await userEvent.tab();
    expect(
      within(grid).getByLabelText(/^Jan 2024: sessions 20 stored; usually 800 instruments/),
    ).toHaveFocus();
    await userEvent.keyboard("{ArrowRight}{ArrowDown}");
    expect(within(grid).getByLabelText(/^Feb 2023: sessions 18 stored, 2 missing/)).toHaveFocus();
    await userEvent.keyboard("{ArrowDown}{Enter}"); // there is no older year
    expect(picked).toHaveBeenLastCalledWith(2023, 2);
    await userEvent.keyboard("{End} ");
    expect(picked).toHaveBeenLastCalledWith(2023, 12);
    await userEvent.click(within(grid).getByLabelText(/^Mar 2024/));
    expect(picked).toHaveBeenLastCalledWith(2024, 3);
    expect(await axe(container)).toHaveNoViolations();
  });

  test("nothing stored is said", async () => {
    fakeApi({ "GET /api/data/coverage/years": [] });
    renderApp(<CoverageYears onPick={() => undefined} />);
    expect(await screen.findByText("No session is stored")).toBeInTheDocument();
  });

  test("the calendar goes to a month and says that it is there", async () => {
    fakeApi({ "GET /api/data/coverage": coverage });
    const reached = jest.fn();
    renderApp(<CoverageCalendar years={[2024]} goTo="2024-02" onReached={reached} />);
    await waitFor(() => expect(screen.getByLabelText(/3 Feb 2024: stored, though/)).toHaveFocus());
    expect(reached).toHaveBeenCalledTimes(1);
  });
});

describe("the coverage calendar", () => {
  test("every day says its state in words, and the arrows walk over the sessions", async () => {
    const { urls } = fakeApi({ "GET /api/data/coverage": coverage });
    const { container, url } = renderApp(<CoverageCalendar years={[2023, 2024]} />);
    const grid = await screen.findByLabelText("Sessions of 2024");
    const first = within(grid).getByLabelText(/1 Jan 2024: stored, 830 instruments/);
    first.focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(within(grid).getByLabelText(/2 Jan 2024: missing/)).toHaveFocus();
    await userEvent.keyboard("{End}");
    expect(within(grid).getByLabelText(/3 Jan 2024: thin/)).toHaveFocus();
    await userEvent.keyboard("{ArrowDown}");
    expect(within(grid).getByLabelText(/3 Feb 2024: stored, though/)).toHaveFocus();
    expect(await axe(container)).toHaveNoViolations();
    await userEvent.selectOptions(screen.getByLabelText("Year of the calendar"), "2023");
    await waitFor(() => expect(url().get("year")).toBe("2023"));
    await waitFor(() => expect(urls.some((asked) => asked.searchParams.get("year") === "2023")).toBe(true));
  }, 30_000); // a year has 372 cells for axe to look at

  test("nothing stored is said; a failure stands in its own panel", async () => {
    fakeApi({ "GET /api/data/coverage": () => failure(500, "DATABASE_ERROR", "The database is busy") });
    const { unmount } = renderApp(<CoverageCalendar years={[]} />);
    expect(screen.getByText("No session is stored")).toBeInTheDocument();
    unmount();
    renderApp(<CoverageCalendar years={[2024]} />);
    expect(await screen.findByText("The database is busy")).toBeInTheDocument();
  });
});

describe("snapshots and provenance", () => {
  test("a snapshot says what changed, and what is not known", async () => {
    fakeApi({ "GET /api/data/snapshots": { data: [snapshot], meta: meta(1) } });
    const { container } = renderApp(<Snapshots />);
    expect(await screen.findByText("2010–2012, 2016")).toBeInTheDocument();
    expect(screen.getByText("prices, membership")).toBeInTheDocument();
    expect(screen.getByText(/Unknown: The state before/)).toBeInTheDocument();
    expect(await axe(container)).toHaveNoViolations();
  });

  test("a bar leads to its file and line, and to the row that lost", async () => {
    const { urls } = fakeApi({ "GET /api/data/provenance": provenance });
    const { container, url } = renderApp(<ProvenanceLookup />);
    await userEvent.click(screen.getByRole("button", { name: "Look up the bar" }));
    expect(screen.getByText("Choose a session")).toBeInTheDocument();
    await userEvent.type(screen.getByLabelText("Symbol"), "aruvi");
    await userEvent.type(screen.getByLabelText("Session"), "2017-07-10");
    await userEvent.click(screen.getByRole("button", { name: "Look up the bar" }));
    expect(await screen.findByText("cm10JUL2017bhav.csv:1240")).toBeInTheDocument();
    expect(screen.getAllByText("sec_bhavdata_full_10072017.csv:77")).toHaveLength(2);
    expect(urls[0]?.search).toBe("?symbol=ARUVI&date=2017-07-10");
    expect(url().get("bar")).toBe("ARUVI");
    expect(await axe(container)).toHaveNoViolations();
  });
});

describe("the quarantine", () => {
  const DATA = {
    "GET /api/data/actions": { data: [entry], meta: meta(1), statuses: { QUARANTINED: 1 } },
    "GET /api/data/actions/decisions": { data: [], meta: meta(0) },
    "POST /api/data/actions/decisions": () => json(made, 201),
  };

  test("one click accepts the proposed factor", async () => {
    const { requests } = fakeApi(DATA);
    const { container } = renderApp(<Quarantine />);
    await userEvent.click(await screen.findByRole("button", { name: "Accept factor 5 for ARUVIOLD" }));
    await waitFor(() => expect(requests.some((request) => request.method === "POST")).toBe(true));
    const sent = requests.find((request) => request.method === "POST");
    expect(await sent?.json()).toEqual({
      instrument_key: "k1",
      session: "2024-12-30",
      decision: "ACCEPT",
      factor: 5,
    });
    expect(await axe(container)).toHaveNoViolations();
  });

  test("after the last decision of the last page the page before is shown", async () => {
    const at = (page: number): QuarantinedAction => ({
      ...entry,
      instrument_key: `k${page}`,
      symbol_then: `P${page}`,
    });
    let left = 2;
    fakeApi({
      ...DATA,
      "GET /api/data/actions": (asked: URL) => {
        const page = Number(asked.searchParams.get("page"));
        const total_pages = left;
        return json({
          data: page <= total_pages ? [at(page)] : [],
          meta: { page, limit: 25, total: total_pages, total_pages },
          statuses: { QUARANTINED: total_pages },
        });
      },
      "POST /api/data/actions/decisions": () => {
        left = 1;
        return json(made, 201);
      },
    });
    renderApp(<Quarantine />);
    await userEvent.click(await screen.findByRole("button", { name: "Older" }));
    await userEvent.click(await screen.findByRole("button", { name: "Dismiss P2" }));
    expect(await screen.findByRole("button", { name: "Dismiss P1" })).toBeInTheDocument();
    expect(screen.queryByText("Nothing is in quarantine")).not.toBeInTheDocument();
  });

  test("a move without a proposal can only be corrected or dismissed; a bad factor is told", async () => {
    const { requests } = fakeApi({
      ...DATA,
      "GET /api/data/actions": {
        data: [{ ...entry, proposed_factor: null }],
        meta: meta(1),
        statuses: { QUARANTINED: 1 },
      },
    });
    renderApp(<Quarantine />);
    expect(await screen.findByRole("button", { name: /Accept nothing proposed/ })).toBeDisabled();
    await userEvent.click(screen.getByRole("button", { name: "Correct ARUVIOLD" }));
    await userEvent.type(screen.getByLabelText("Factor"), "-2");
    await userEvent.click(screen.getByRole("button", { name: "Correct the factor" }));
    expect(screen.getByText(/A number above 0/)).toBeInTheDocument();
    expect(requests.some((request) => request.method === "POST")).toBe(false);
  });

  test("what no list names is entered with its kind; what is missing is asked for, a refusal stands at the form", async () => {
    let refuse = true;
    const { requests } = fakeApi({
      ...DATA,
      "POST /api/data/actions/decisions": () =>
        refuse ? failure(404, "DATA_NOT_FOUND", "RELIANCE did not trade on 2023-07-22") : json(made, 201),
    });
    const { container } = renderApp(<Quarantine />);
    await userEvent.click(await screen.findByRole("button", { name: "Enter an action…" }));
    await userEvent.click(screen.getByRole("button", { name: "Enter the action" }));
    expect(screen.getByText(/A symbol of any time/)).toBeInTheDocument();
    await userEvent.type(screen.getByLabelText("Stock"), "reliance");
    await userEvent.type(screen.getByLabelText("Ex-date"), "2023-07-22");
    await userEvent.type(screen.getByLabelText("Factor"), "1.1015");
    await userEvent.type(screen.getByLabelText("Reason"), "Jio Financial");
    expect(await axe(container)).toHaveNoViolations();
    await userEvent.click(screen.getByRole("button", { name: "Enter the action" }));
    expect(await screen.findByText("RELIANCE did not trade on 2023-07-22")).toBeInTheDocument();
    refuse = false;
    await userEvent.click(screen.getByRole("button", { name: "Enter the action" }));
    await waitFor(() => expect(screen.queryByLabelText("Ex-date")).not.toBeInTheDocument());
    expect(
      await requests
        .filter((request) => request.method === "POST")
        .at(-1)
        ?.json(),
    ).toEqual({
      symbol: "RELIANCE",
      session: "2023-07-22",
      decision: "CORRECT",
      factor: 1.1015,
      kind: "DEMERGER",
      reason: "Jio Financial",
    });
  });

  test("a decision that stands can be undone; a refusal is told", async () => {
    const { urls } = fakeApi({
      ...DATA,
      "GET /api/data/actions/decisions": { data: [made], meta: meta(1) },
      "POST /api/data/actions/decisions": () => failure(409, "CONFLICT", "It has been decided already"),
      "POST /api/data/actions/decisions/9/undo": { ...made, undone_at: "2026-11-20T11:00:00Z" },
    });
    renderApp(<Quarantine />);
    await userEvent.click(await screen.findByRole("button", { name: "Dismiss ARUVIOLD" }));
    expect(await screen.findByText("It has been decided already")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: /Undo the decision on ARUVIOLD/ }));
    await waitFor(() => expect(urls.some((asked) => asked.pathname.endsWith("/9/undo"))).toBe(true));
  });
});

describe("downloads", () => {
  const off: SyncState = {
    enabled: false,
    enabled_at: null,
    blocked_until: null,
    terms: "The exchange forbids systematic collection.",
    downloads: {},
    last_asked: null,
    last_price_day: "2026-11-20",
    published_until: "2026-11-20",
  };

  test("they are off until switched on, with the terms in sight", async () => {
    const { requests } = fakeApi({
      "GET /api/data/sync": off,
      "PUT /api/data/sync": { ...off, enabled: true, downloads: { KEPT: 12 } },
    });
    const { container } = renderApp(<Downloads />);
    expect(await screen.findByText(off.terms)).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Download what is missing" })).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Switch downloads on" }));
    expect(await screen.findByRole("button", { name: "Download what is missing" })).toBeEnabled();
    expect(screen.getByText("12")).toBeInTheDocument();
    expect(await requests.at(-1)?.json()).toEqual({ enabled: true });
    expect(await axe(container)).toHaveNoViolations();
  });

  test("a refusal by the exchange is told, and a run without prices wants a first day", async () => {
    fakeApi({
      "GET /api/data/sync": {
        ...off,
        enabled: true,
        last_price_day: null,
        blocked_until: "2026-11-20T14:00:00Z",
      },
      "POST /api/data/sync": () => failure(503, "EXTERNAL_API_ERROR", "Nothing is asked before 19:30 IST"),
    });
    renderApp(<Downloads />);
    const start = await screen.findByRole("button", { name: "Download what is missing" });
    expect(start).toBeDisabled();
    expect(screen.getByText("Refused until")).toBeInTheDocument();
    await userEvent.type(screen.getByLabelText(/^From/), "2026-11-02");
    await userEvent.click(start);
    expect(await screen.findByText("Nothing is asked before 19:30 IST")).toBeInTheDocument();
  });
});
