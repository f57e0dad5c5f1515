import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { RunsPage } from "@/features/backtest/runs-page";
import { DataPage } from "@/features/data/data-page";
import { SettingsPage } from "@/features/settings/settings-page";
import { setPreferences } from "@/lib/preferences";
import type { DataStatus, Finding } from "@/lib/types";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { health, job, run, smaCross } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }), usePathname: () => "/" }));

const status: DataStatus = {
  market: "real",
  rows: 1642118,
  files: 2471,
  instruments: 831,
  first_session: "2023-01-02",
  last_session: "2024-12-31",
  snapshot: "7f3ac21e00000000",
  notices: [],
  panel_is_stale: false,
  years: [
    {
      year: 2023,
      sessions: 239,
      expected_sessions: 246,
      instruments: 700,
      first_session: "2023-01-02",
      last_session: "2023-12-29",
    },
    {
      year: 2024,
      sessions: 246,
      expected_sessions: 246,
      instruments: 831,
      first_session: "2024-01-01",
      last_session: "2024-12-31",
    },
  ],
  files_by_kind: { legacy: 2471 },
  listed_actions: 14,
  unexplained_jumps: 3,
  findings: { refused: 1 },
  gaps: {
    expected: 492,
    missing: 7,
    dates: ["2023-11-12"],
    unexpected: 0,
    instruments_with_holes: 12,
    worst_holes: [{ symbol: "ARUVI", sessions: 40, first: "2023-01-02", last: "2024-12-31" }],
  },
  adjustments_hash: "aa11bb22",
  membership_hash: "cc33dd44",
  bytes_database: 1205100000,
  bytes_panel: 425000000,
  other_rows: { dividends: 3 },
  recent_files: [],
  import_roots: ["/home/me"],
};

const finding: Finding = {
  id: 1,
  file_name: "cm04MAY2021bhav.csv",
  line: 12,
  rule: "CLOSE_OUTSIDE_RANGE",
  severity: "refused",
  subject: "ARUVI",
  message: "close 120.5 lies above the high 119.0",
  action: "The file was left out",
  recorded_at: "2026-11-20T10:00:00Z",
};

const DATA = {
  "GET /api/health": health,
  "GET /api/data/status": status,
  "GET /api/data/market": { market: "real", real_ready: true, sample_ready: true },
  "GET /api/jobs": { data: [job], meta: { page: 1, limit: 50, total: 1, total_pages: 1 } },
  "GET /api/data/coverage/years": [
    {
      year: 2024,
      sessions: 242,
      expected: 249,
      instruments: 830,
      months: Array.from({ length: 12 }, (_, at) => ({
        month: at + 1,
        states: { OK: at === 4 ? 14 : 20, MISSING: at === 4 ? 7 : 0, PARTIAL: 0, UNEXPECTED: 0, OUTSIDE: 0 },
        rows: 800,
      })),
    },
  ],
  "GET /api/data/findings": {
    data: [finding],
    meta: { page: 1, limit: 100, total: 1, total_pages: 1 },
    rules: {},
  },
};

describe("the data page", () => {
  test("coverage names the missing sessions; findings name file, line and what was done", async () => {
    fakeApi(DATA);
    const { container } = renderApp(
      <main>
        <DataPage />
      </main>,
    );
    expect(await screen.findByText("16,42,118 rows")).toBeInTheDocument();
    expect(screen.getByLabelText(/^May 2024: sessions 14 stored, 7 missing; usually 800/)).toHaveTextContent(
      "7",
    );
    expect(await screen.findByText("close 120.5 lies above the high 119.0")).toBeInTheDocument();
    expect(screen.getByText(":12")).toBeInTheDocument();
    expect(screen.getByText("The file was left out")).toBeInTheDocument();
    expect(await axe(container)).toHaveNoViolations();
  });

  test("the kind of finding goes into the URL and to the server", async () => {
    const { urls } = fakeApi(DATA);
    const { url } = renderApp(<DataPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Refused 1" }));
    await waitFor(() => expect(url().get("severity")).toBe("refused"));
    await waitFor(() =>
      expect(urls.some((asked) => asked.searchParams.get("severity") === "refused")).toBe(true),
    );
  });

  test("a part that fails stands alone; the rest stays", async () => {
    fakeApi({
      ...DATA,
      "GET /api/data/findings": () => failure(500, "DATABASE_ERROR", "The findings table is locked"),
    });
    renderApp(<DataPage />);
    expect(await screen.findByText("The findings table is locked")).toBeInTheDocument();
    expect(screen.getByText("16,42,118 rows")).toBeInTheDocument();
  });

  test("the sample market takes no files and says the way out", async () => {
    const { requests } = fakeApi({
      ...DATA,
      "GET /api/data/status": { ...status, market: "sample" },
      "GET /api/data/market": { market: "sample", real_ready: true, sample_ready: true },
      "PUT /api/data/market": { market: "real", real_ready: true, sample_ready: true },
    });
    renderApp(<DataPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Open the real market" }));
    await waitFor(() => expect(requests.some((request) => request.method === "PUT")).toBe(true));
    expect(screen.queryByRole("button", { name: "Import files" })).not.toBeInTheDocument();
  });
});

test("runs are listed with their figures and open on a click", async () => {
  const card = {
    run_id: run.run_id,
    strategy_ids: ["sma_cross"],
    universe: "NIFTY50",
    start_date: run.start_date,
    end_date: run.end_date,
    metrics: { ...run.metrics, sharpe: null },
    created_at: "2026-11-20T10:00:00Z",
  };
  fakeApi({
    "GET /api/portfolio/strategies/runs": {
      data: [card],
      meta: { page: 1, limit: 100, total: 1, total_pages: 1 },
    },
    "GET /api/portfolio/strategies/available": [smaCross],
  });
  renderApp(<RunsPage />);
  await userEvent.click(await screen.findByText("12.6"));
  expect(push).toHaveBeenCalledWith(`/quant/run/?run=${run.run_id}`);
  expect(screen.getByText(/Unknown: Not defined for this run/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("checkbox", { name: `Compare run ${run.run_id.slice(0, 8)}` }));
  expect(push).toHaveBeenCalledTimes(1);
  const compare = screen.getByRole("link", { name: "Compare 1 run" });
  expect(compare.getAttribute("href")).toContain(`?runs=${run.run_id}`);
});

test("a strategy without a run leaves a way back to all runs", async () => {
  const none = { data: [], meta: { page: 1, limit: 100, total: 0, total_pages: 0 } };
  fakeApi({
    "GET /api/portfolio/strategies/runs": none,
    "GET /api/portfolio/strategies/available": [smaCross],
  });
  const { url } = renderApp(<RunsPage />, "?strategy=sma_cross&page=3");
  expect(await screen.findByText("Moving-average crossover has not been run.")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Show all runs" }));
  expect([url().get("strategy"), url().get("page")]).toEqual([null, null]);
  expect(await screen.findByRole("link", { name: "Set up a backtest" })).toBeInTheDocument();
});

describe("settings", () => {
  const ANSWERS = {
    "GET /api/health": health,
    "GET /api/data/market": { market: "sample", real_ready: false, sample_ready: true },
  };

  test("choices hold and reach the page", async () => {
    fakeApi(ANSWERS);
    renderApp(<SettingsPage />);
    await userEvent.click(screen.getByRole("button", { name: "Comfortable" }));
    await userEvent.click(screen.getByRole("button", { name: "Green and red" }));
    expect(document.documentElement.dataset).toMatchObject({ density: "comfortable", gainloss: "classic" });
    expect(JSON.parse(localStorage.getItem("smarttrader.preferences") ?? "{}")).toMatchObject({
      density: "comfortable",
      gainloss: "classic",
    });
    act(() => setPreferences({ density: "compact", gainloss: "safe" }));
  });

  test("a market that cannot be switched says so", async () => {
    fakeApi({
      ...ANSWERS,
      "PUT /api/data/market": () => failure(409, "CONFLICT", "A job of this market is running"),
    });
    renderApp(<SettingsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Real" }));
    expect(await screen.findByText("A job of this market is running")).toBeInTheDocument();
  });
});
