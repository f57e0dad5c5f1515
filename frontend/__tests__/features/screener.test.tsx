import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { ScreenerPage } from "@/features/screener/screener-page";
import { getCommands } from "@/lib/commands";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { health, screenerPage, stock } from "../support/wire";

jest.mock("next/navigation", () => ({
  useRouter: () => ({ push: jest.fn(), replace: jest.fn() }),
  usePathname: () => "/screener/",
}));

const BASE = {
  "GET /api/health": health,
  "GET /api/screener/indices": {
    indices: [{ id: "NIFTY50", name: "NIFTY 50", description: null, count: 50 }],
    default: "NIFTY50",
    asof: null,
  },
  "GET /api/screener/fields": { fields: [] },
};

const page = (search = "") =>
  renderApp(<ScreenerPage renderStock={(symbol) => <p>Panel of {symbol}</p>} />, search);

test("the URL is the question: every filter goes to the server", async () => {
  const { urls } = fakeApi({
    ...BASE,
    "GET /api/screener/": screenerPage([stock("ARUVI"), stock("BINDPOLY")]),
  });
  page("?index=NIFTY50&sector=Metals&symbol=A&sort=rsi_14&order=asc&asof=2024-06-28");
  expect(await screen.findByText("ARUVI")).toBeInTheDocument();
  const asked = urls.find((url) => url.pathname === "/api/screener/")?.searchParams;
  expect(Object.fromEntries(asked ?? [])).toMatchObject({
    index: "NIFTY50",
    sector: "Metals",
    symbol: "A",
    sort_by: "rsi_14",
    sort_order: "asc",
    asof: "2024-06-28",
    page: "1",
  });
  expect(screen.getByText("POINT-IN-TIME")).toBeInTheDocument();
});

test("sorting and a sector go into the URL", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { url } = page();
  await screen.findByText("ARUVI");
  await userEvent.click(screen.getByRole("button", { name: "RSI 14" }));
  await waitFor(() => expect(url().get("sort")).toBe("rsi_14"));
  await userEvent.click(screen.getByRole("radio", { name: /Power/ }));
  await waitFor(() => expect(url().get("sector")).toBe("Power"));
});

test("a typed symbol is asked for after a pause, in capitals", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { url } = page();
  await screen.findByText("ARUVI");
  await userEvent.type(screen.getByRole("textbox", { name: "Symbol begins with" }), "aru");
  await waitFor(() => expect(url().get("symbol")).toBe("ARU"));
});

test("a list without a match names the filter and clears it", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([], { total: 0 }) });
  const { url } = page("?symbol=ZZZ");
  expect(await screen.findByText("No stock matches")).toBeInTheDocument();
  expect(screen.getByText(/No symbol begins with “ZZZ”/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Clear filters" }));
  await waitFor(() => expect(url().get("symbol")).toBeNull());
});

test("a refusal is told in the place of the table", async () => {
  fakeApi({
    ...BASE,
    "GET /api/screener/": () => failure(404, "DATA_NOT_FOUND", "No index is named NIFTYX"),
  });
  page("?index=NIFTYX");
  expect(await screen.findByRole("alert")).toHaveTextContent("No index is named NIFTYX");
});

test("a click opens the drawer without leaving the list, and its stock is in the URL", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI"), stock("BINDPOLY")]) });
  const { url } = page();
  await userEvent.click(await screen.findByText("BINDPOLY"));
  expect(await screen.findByText("Panel of BINDPOLY")).toBeInTheDocument();
  expect(url().get("stock")).toBe("BINDPOLY");
  await userEvent.click(
    within(screen.getByRole("complementary", { name: "BINDPOLY" })).getByRole("button", { name: "Close" }),
  );
  await waitFor(() => expect(screen.queryByText("Panel of BINDPOLY")).not.toBeInTheDocument());
});

test("Escape belongs to the open drawer first", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  page("?stock=ARUVI");
  await screen.findByText("Panel of ARUVI");
  const escape = getCommands().filter((command) => command.keys === "Escape");
  expect(escape.map((command) => command.id)).toEqual(["close-drawer"]);
  act(() => escape[0]?.run());
  await waitFor(() => expect(screen.queryByText("Panel of ARUVI")).not.toBeInTheDocument());
});

test("an unknown figure is a dash with its reason, not a zero", async () => {
  fakeApi({
    ...BASE,
    "GET /api/screener/fields": {
      fields: [
        {
          name: "rsi_14",
          label: "RSI 14",
          unit: "",
          formula: "",
          source: "",
          window: 15,
          available: true,
          description: "",
        },
      ],
    },
    "GET /api/screener/": screenerPage([stock("NEWCO", { rsi_14: null })]),
  });
  page();
  expect(await screen.findByText(/RSI 14 needs 15 sessions in a row/)).toBeInTheDocument();
});

test("rows beyond the first page are fetched when they come into sight", async () => {
  const { urls } = fakeApi({
    ...BASE,
    "GET /api/screener/": (url: URL) => {
      const asked = Number(url.searchParams.get("page"));
      return screenerPage(
        Array.from({ length: 100 }, (_, index) => stock(`S${(asked - 1) * 100 + index}`)),
        { page: asked, total: 2300, total_pages: 23 },
      );
    },
  });
  page();
  await screen.findByText("S0");
  const pane = screen.getByRole("region", { name: "Stocks, scrolls" });
  pane.scrollTop = 2250 * 28;
  act(() => void fireEvent.scroll(pane));
  await waitFor(() => expect(urls.some((url) => url.searchParams.get("page") === "23")).toBe(true));
  expect(urls.some((url) => url.searchParams.get("page") === "12")).toBe(false);
  expect(await screen.findByText("S2250")).toBeInTheDocument();
  expect(screen.getByRole("grid")).toHaveAttribute("aria-rowcount", "2301");
});

test("the page passes axe", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { container } = page();
  await screen.findByText("ARUVI");
  expect(await axe(container)).toHaveNoViolations();
});

test("stocks that are held back are counted, named and lead to the decision", async () => {
  const quarantined = [{ symbol: "BINDPOLY", since: "2024-06-03" }];
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")], { quarantined }) });
  page();
  const link = await screen.findByRole("link", { name: "1 held back" });
  expect(link).toHaveAttribute("href", "/data#quarantine");
  expect(link.title).toContain("BINDPOLY since 3 Jun 2024");
});
