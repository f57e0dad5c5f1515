import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { ImportPage } from "@/features/portfolios/import-page";
import { ListPage } from "@/features/portfolios/list-page";
import { PortfolioPage } from "@/features/portfolios/portfolio-page";
import type { FilePreview, LedgerLine, PortfolioAction, PortfolioRow, TaxReport } from "@/lib/types";
import { failure, fakeApi, json } from "../support/api";
import { noActions, portfolio } from "../support/portfolio";
import { renderApp } from "../support/render";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));
beforeEach(() => push.mockClear());

const URL = "/api/portfolio/stocks/7";
const row: PortfolioRow = {
  ...portfolio,
  client: "Rao",
  spark: [10, 11, 12],
  day_change: "-4200.00",
};
const split: PortfolioAction = {
  id: "lumbra:2024-06-03:SPLIT",
  kind: "SPLIT",
  ex_date: "2024-06-03",
  symbol: "LUMBRA",
  company_name: "LUMBRA Ltd.",
  purpose: "Face Value Split Rs 10 To Rs 2",
  tier: "LISTED",
  ratio: "5:1",
  amount: null,
  pays: null,
  needs: [],
  before: { quantity: 13, cost: "12700.00", average: "976.92" },
  after: { quantity: 65, cost: "12700.00", average: "195.38" },
};
const LIST = {
  "GET /api/portfolio/stocks": { data: [row], meta: { page: 1, limit: 100, total: 1, total_pages: 1 } },
  "GET /api/portfolio/stocks/clients": [
    {
      client: "Rao",
      portfolios: 1,
      unpriced: 0,
      invested: "12820.00",
      market_value: "1000000.00",
      day_change: "-4200.00",
      unrealised_pnl: "380.00",
    },
  ],
  "GET /api/portfolio/stocks/deleted": [],
};
const ONE = { [`GET ${URL}`]: portfolio, [`GET ${URL}/actions`]: noActions };

test("the list shows what each is worth, its day and its line, and opens one", async () => {
  fakeApi(LIST);
  const { container } = renderApp(<ListPage />, "");
  const shown = await screen.findByRole("row", { name: /Family/ });
  expect(shown).toHaveTextContent("10,00,000.00");
  expect(shown).toHaveTextContent("−4,200.00");
  expect(within(shown).getByRole("img", { name: "3 sessions, up 20.0 percent" })).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
  await userEvent.click(shown);
  expect(push).toHaveBeenCalledWith("/analyst/portfolio/?id=7");
});

test("a taken name is told at its field, and nothing is left", async () => {
  fakeApi({
    ...LIST,
    "POST /api/portfolio/stocks": () =>
      failure(409, "CONFLICT", "There is a portfolio Family already; choose another name"),
  });
  renderApp(<ListPage />, "");
  await userEvent.click(await screen.findByRole("button", { name: "New portfolio" }));
  await userEvent.type(screen.getByLabelText("Name"), "Family");
  await userEvent.click(screen.getByRole("button", { name: "Make portfolio" }));
  expect(await screen.findByText(/choose another name/)).toBeInTheDocument();
  expect(push).not.toHaveBeenCalled();
});

test("a holding without a price is a dash that says why, and stands last either way", async () => {
  fakeApi(ONE);
  const { container } = renderApp(<PortfolioPage />, "?id=7");
  const table = await screen.findByRole("grid", { name: "Holdings" });
  const order = () =>
    within(table)
      .getAllByRole("row")
      .map((one) => /LUMBRA|ARUVI|CORALIS/.exec(one.textContent ?? "")?.[0])
      .filter(Boolean);
  expect(order()).toEqual(["LUMBRA", "ARUVI", "CORALIS"]);
  expect(within(table).getAllByText("Unknown: No price is stored").length).toBeGreaterThan(0);
  expect(screen.getByText(/1 stock without any price/)).toBeInTheDocument();
  await userEvent.click(within(table).getByRole("button", { name: /Value/ }));
  await waitFor(() => expect(order()).toEqual(["ARUVI", "LUMBRA", "CORALIS"]));
  expect(await axe(container)).toHaveNoViolations();
});

test("a split that waits shows the holding before and after, and is applied", async () => {
  const network = fakeApi({
    ...ONE,
    [`GET ${URL}/actions`]: { ...noActions, actions: [split] },
    [`POST ${URL}/actions/apply`]: { transaction_ids: [11], version: 4 },
  });
  renderApp(<PortfolioPage />, "?id=7");
  expect(await screen.findByText(/13 become 65 shares, cost stays ₹12,700.00/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Apply SPLIT of LUMBRA" }));
  const applied = () => network.requests.find((request) => request.url.endsWith("/apply"));
  await waitFor(() => expect(applied()).toBeDefined());
  expect(await applied()?.json()).toEqual({ actions: [{ id: split.id }], version: noActions.version });
});

test("what an action does not say is asked, sent with it, and a refusal stands at its field", async () => {
  const demerger = { ...split, id: "x:DEMERGER", kind: "DEMERGER", ratio: null, after: null } as const;
  let refused = true;
  const network = fakeApi({
    ...ONE,
    [`GET ${URL}/actions`]: {
      ...noActions,
      actions: [{ ...demerger, needs: ["target_symbol", "ratio", "cost_percent"] }],
    },
    [`POST ${URL}/actions/apply`]: () =>
      refused
        ? failure(422, "VALIDATION_ERROR", "actions.target_symbol: no share has the symbol NEWCO", {
            field: "actions.target_symbol",
          })
        : json({ transaction_ids: [11], version: 4 }),
  });
  const { container } = renderApp(<PortfolioPage />, "?id=7");
  await userEvent.click(await screen.findByRole("button", { name: "Answer DEMERGER of LUMBRA" }));
  const dialog = within(await screen.findByRole("dialog"));
  await userEvent.type(dialog.getByLabelText("New share"), "NEWCO");
  await userEvent.type(dialog.getByLabelText("Ratio, new:held"), "1:1");
  await userEvent.type(dialog.getByLabelText("Cost that goes along"), "4.68");
  expect(await axe(container)).toHaveNoViolations();
  await userEvent.click(dialog.getByRole("button", { name: "Enter demerger" }));
  expect(await dialog.findByText(/no share has the symbol NEWCO/)).toBeInTheDocument();
  refused = false;
  await userEvent.click(dialog.getByRole("button", { name: "Enter demerger" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  const sent = network.requests.filter((request) => request.url.endsWith("/apply")).at(-1);
  expect(await sent?.json()).toEqual({
    actions: [{ id: "x:DEMERGER", target_symbol: "NEWCO", ratio: "1:1", cost_percent: "4.68" }],
    version: noActions.version,
  });
});

const line: LedgerLine = {
  id: 31,
  kind: "BUY",
  date: "2024-01-15",
  symbol: "LUMBRA",
  account: "",
  quantity: 10,
  price: "100.00",
  value: "1000.00",
  charges: "5.00",
  stt: "0.00",
  amount: null,
  ratio: null,
  target_symbol: null,
  cost_percent: null,
  acquired: null,
  note: null,
  source: "manual",
  external_id: null,
  created_at: "2024-01-15T10:00:00+05:30",
};
const LEDGER = {
  ...ONE,
  [`GET ${URL}/transactions`]: { data: [line], meta: { page: 1, limit: 100, total: 1, total_pages: 1 } },
};

test("somebody else's change is told with a way out, and what was typed stays", async () => {
  let version = portfolio.version;
  const network = fakeApi({
    ...LEDGER,
    [`GET ${URL}`]: () => ({ ...portfolio, version }),
    [`PUT ${URL}/transactions/31`]: async (_url: globalThis.URL, request: Request) => {
      const body = (await request.json()) as { version: number };
      return body.version === version
        ? json({ transaction: line, version: version + 1 })
        : failure(409, "CONFLICT", `Family has changed since: it is now version ${version}`);
    },
  });
  renderApp(<PortfolioPage />, "?id=7&tab=transactions");
  await userEvent.click(await screen.findByRole("button", { name: /^Edit Buy of 10 LUMBRA/ }));
  version += 1; // somebody else
  const dialog = within(await screen.findByRole("dialog"));
  await userEvent.clear(dialog.getByLabelText("Shares"));
  await userEvent.type(dialog.getByLabelText("Shares"), "12");
  await userEvent.click(dialog.getByRole("button", { name: "Save transaction" }));
  expect(await dialog.findByText(/has changed since/)).toBeInTheDocument();
  expect(dialog.getByRole("button", { name: "Save transaction" })).toBeDisabled();
  await userEvent.click(dialog.getByRole("button", { name: "Read it again" }));
  await waitFor(() => expect(dialog.getByRole("button", { name: "Save transaction" })).toBeEnabled());
  expect(dialog.getByLabelText("Shares")).toHaveValue("12");
  await userEvent.click(dialog.getByRole("button", { name: "Save transaction" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  const sent = network.requests.filter((request) => request.method === "PUT").at(-1);
  expect(await sent?.json()).toMatchObject({ transaction: { quantity: 12, price: "100.00" }, version });
});

test("taking a transaction out asks first, and says why it cannot be", async () => {
  fakeApi({
    ...LEDGER,
    [`DELETE ${URL}/transactions/31`]: () =>
      failure(422, "VALIDATION_ERROR", "LUMBRA: 5 shares sold on 2024-02-15, 0 held"),
  });
  renderApp(<PortfolioPage />, "?id=7&tab=transactions");
  await userEvent.click(await screen.findByRole("button", { name: /^Take out Buy of 10 LUMBRA/ }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByRole("button", { name: "Keep it" })).toHaveFocus();
  await userEvent.click(dialog.getByRole("button", { name: "Take out" }));
  expect(await dialog.findByText(/5 shares sold on 2024-02-15, 0 held/)).toBeInTheDocument();
});

test("what several portfolios hold stands in one table with who holds it", async () => {
  const [held] = portfolio.positions;
  if (!held) throw new Error("the portfolio holds nothing");
  fakeApi({
    ...LIST,
    "GET /api/portfolio/stocks/combined": {
      client: null,
      portfolios: 2,
      priced_on: "2024-01-15",
      num_positions: 1,
      unpriced: 0,
      invested: "1.00",
      market_value: "1.00",
      unrealised_pnl: "0.00",
      unrealised_pnl_pct: 0,
      day_change: "0.00",
      day_change_pct: 0,
      positions: [
        {
          ...held,
          portfolios: [
            { id: 7, name: "Family", quantity: 6 },
            { id: 8, name: "Trust", quantity: 4 },
          ],
        },
      ],
    },
  });
  const { container } = renderApp(<ListPage />, "?view=together");
  const table = await screen.findByRole("grid", { name: "Holdings together" });
  expect(within(table).getByText("Family")).toHaveAttribute(
    "href",
    expect.stringMatching(/analyst\/portfolio\/?\?id=7$/),
  );
  expect(within(table).getByText("Trust")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("a sale of more than is held is told under its field and the typed line stays", async () => {
  fakeApi({
    ...ONE,
    [`GET ${URL}/transactions`]: { data: [], meta: { page: 1, limit: 100, total: 0, total_pages: 0 } },
    [`POST ${URL}/transactions`]: () =>
      failure(422, "VALIDATION_ERROR", "LUMBRA: quantity: 11 shares sold on 2024-01-16, 10 held", {
        field: "quantity",
      }),
  });
  renderApp(<PortfolioPage />, "?id=7&tab=transactions");
  await userEvent.selectOptions(await screen.findByLabelText("Kind"), "Sell");
  await userEvent.type(screen.getByLabelText("Date"), "2024-01-16");
  await userEvent.type(screen.getByLabelText("Symbol"), "LUMBRA");
  await userEvent.type(screen.getByLabelText("Shares"), "11");
  await userEvent.click(screen.getByRole("button", { name: "Enter transaction" }));
  expect(await screen.findByText(/11 shares sold on 2024-01-16, 10 held/)).toBeInTheDocument();
  expect(screen.getByLabelText("Shares")).toHaveValue("11");
});

const tax: TaxReport = {
  id: 7,
  name: "Family",
  year: "2024-25",
  years: ["2024-25"],
  notice: "An estimate, not advice",
  notes: ["LUMBRA, 2024-06-03, 10 shares: an action is not in the ledger."],
  summary: [{ kind: "SPECULATIVE", sales: 1, gains: "0.00", losses: "100.00", net: "-100.00" }],
  set_off: [],
  taxed: [
    { kind: "SPECULATIVE", rate_percent: null, left: "50.00", exempt: "0.00", amount: "50.00", tax: null },
  ],
  exemption: "125000.00",
  exemption_used: "0.00",
  brought_forward: [],
  carried_forward: [{ kind: "SPECULATIVE", of_year: "2024-25", amount: "100.00", until: "2028-29" }],
  lapsed: [],
  dividends: "500.00",
  losses_given: [],
  tax: "0.00",
  surcharge_percent: 0,
  surcharge: "0.00",
  cess: "0.00",
  total: "0.00",
  gains: [],
  hints: [],
  rules: [{ text: "A rule.", verified: false }],
};

test("the tax says what it rests on, and what is taxed at a rate it does not know", async () => {
  fakeApi({ ...ONE, [`GET ${URL}/tax`]: tax });
  const { container } = renderApp(<PortfolioPage />, "?id=7&tab=tax");
  expect(await screen.findByText("An estimate, not advice")).toBeInTheDocument();
  expect(screen.getByRole("note")).toHaveTextContent("an action is not in the ledger");
  expect(screen.getAllByText("Unknown: Taxed at the rate of your income").length).toBe(2);
  expect(screen.getByText(/₹100.00 carried, until 2028-29/)).toBeInTheDocument();
  expect(screen.getByText(/Not checked against a second source/)).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("losses and a surcharge that are given are asked with, and stand in the file's address", async () => {
  const network = fakeApi({
    ...ONE,
    [`GET ${URL}/tax`]: (url: globalThis.URL) => ({
      ...tax,
      surcharge_percent: Number(url.searchParams.get("surcharge") ?? 0),
      losses_given: url.searchParams.getAll("losses").map((one) => {
        const [kind, of_year, amount] = one.split(":");
        return { kind, of_year, amount, until: "2029-30" };
      }),
    }),
  });
  renderApp(<PortfolioPage />, "?id=7&tab=tax");
  await userEvent.type(await screen.findByLabelText("Of the year"), "2021-22");
  await userEvent.type(screen.getByLabelText("Unused at its end"), "1,000.50");
  await userEvent.click(screen.getByRole("button", { name: "Add loss" }));
  expect(await screen.findByText(/Short-term loss of 2021-22: ₹1,000.50/)).toBeInTheDocument();
  await userEvent.selectOptions(screen.getByLabelText("Surcharge"), "15%");
  expect(await screen.findByText("Surcharge, 15%")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "PDF" })).toHaveAttribute(
    "href",
    expect.stringContaining("format=pdf&year=2024-25&surcharge=15&losses=SHORT%3A2021-22%3A1000.50"),
  );
  expect(network.urls.at(-1)?.search).toContain("surcharge=15");
  await userEvent.click(screen.getByRole("button", { name: "Leave out the loss of 2021-22" }));
  await waitFor(() => expect(screen.queryByText(/Short-term loss of 2021-22/)).not.toBeInTheDocument());
});

const preview: FilePreview = {
  layout: "zerodha_tradebook",
  title: "Zerodha Console tradebook",
  holdings: false,
  header_line: 1,
  headers: ["symbol"],
  columns: { symbol: "symbol" },
  fields: ["symbol"],
  account: "",
  counts: { rows: 2, new: 1, duplicates: 0, skipped: 0, errors: 1, transactions: 1 },
  rows: [
    {
      line: 2,
      status: "NEW",
      message: null,
      transactions: [
        { kind: "BUY", date: "2024-02-05", symbol: "LUMBRA", quantity: 10, price: "100.00", charges: "0.00" },
      ],
    },
    {
      line: 3,
      status: "ERROR",
      message: "symbol: no share has or had the symbol 'LUMBRO'",
      transactions: [],
    },
  ],
  actions: [],
  version: 3,
  digest: "abc",
  ledger_error: null,
};

test("a file with a wrong row can be entered only once that row is left out", async () => {
  const sent: FormData[] = [];
  globalThis.fetch = (async (input: RequestInfo | globalThis.URL, init?: RequestInit) => {
    const address = typeof input === "string" ? input : (input as Request).url;
    if (address.endsWith("/import/preview")) {
      const form = init?.body as FormData;
      sent.push(form);
      const clean = form.get("leave_out") === "3";
      return json(
        clean
          ? {
              ...preview,
              digest: "def",
              counts: { ...preview.counts, errors: 0, skipped: 1 },
              rows: [preview.rows[0]],
            }
          : preview,
      );
    }
    if (address.endsWith("/import")) {
      sent.push(init?.body as FormData);
      return json({ ...preview, added: 1 });
    }
    return json(portfolio);
  }) as typeof fetch;
  const { container } = renderApp(<ImportPage />, "?id=7");
  const file = new File(["symbol\n"], "tradebook.csv", { type: "text/csv" });
  await userEvent.upload(await screen.findByLabelText("File"), file);
  await userEvent.click(screen.getByRole("button", { name: "Look at the file" }));
  expect(await screen.findByText(/no share has or had the symbol/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Enter 1 line" })).toBeDisabled();
  expect(await axe(container)).toHaveNoViolations();
  await userEvent.click(screen.getByRole("button", { name: "Leave out 1 row" }));
  await waitFor(() => expect(screen.getByRole("button", { name: "Enter 1 line" })).toBeEnabled());
  await userEvent.click(screen.getByRole("button", { name: "Enter 1 line" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith("/analyst/portfolio/?id=7&tab=transactions"));
  expect(sent.at(-1)?.get("digest")).toBe("def");
  expect(sent.at(-1)?.get("leave_out")).toBe("3");
});

test("a row that looks known is entered once a person says it is another", async () => {
  const sent: FormData[] = [];
  const known: FilePreview = {
    ...preview,
    counts: { ...preview.counts, rows: 1, new: 0, duplicates: 1, errors: 0, transactions: 0 },
    rows: [{ ...preview.rows[0]!, status: "DUPLICATE", message: "in the ledger already" }],
  };
  globalThis.fetch = (async (input: RequestInfo | globalThis.URL, init?: RequestInit) => {
    const address = typeof input === "string" ? input : (input as Request).url;
    if (!address.includes("/import")) return json(portfolio);
    const form = init?.body as FormData;
    sent.push(form);
    if (address.endsWith("/import")) return json({ ...preview, added: 1 });
    const counts = { ...known.counts, new: 1, duplicates: 0, transactions: 1 };
    const row = { ...known.rows[0]!, status: "NEW" as const, message: "as you say" };
    return json(form.get("not_known") === "2" ? { ...known, digest: "def", counts, rows: [row] } : known);
  }) as typeof fetch;
  renderApp(<ImportPage />, "?id=7");
  const file = new File(["symbol\n"], "tradebook.csv", { type: "text/csv" });
  await userEvent.upload(await screen.findByLabelText("File"), file);
  await userEvent.click(screen.getByRole("button", { name: "Look at the file" }));
  await userEvent.click(await screen.findByRole("button", { name: "Line 2 is not a duplicate" }));
  expect(await screen.findByRole("button", { name: "Line 2 is a duplicate after all" })).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Enter 1 line" }));
  await waitFor(() => expect(sent.at(-1)?.get("digest")).toBe("def"));
  expect(sent.at(-1)?.get("not_known")).toBe("2");
});
