import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HistoryPage } from "@/features/screener/history-page";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { health } from "../support/wire";

jest.mock("next/navigation", () => ({
  useRouter: () => ({ push: jest.fn(), replace: jest.fn() }),
  usePathname: () => "/screener/history/",
}));

test("a history that cannot be read says what is wrong, as the screener does", async () => {
  const place = { field: "q", line: 1, column: 1, length: 5 };
  fakeApi({
    "GET /api/health": health,
    "GET /api/screener/indices": { indices: [], default: "ALL", asof: null },
    "GET /api/screener/history": failure(422, "VALIDATION_ERROR", "There is no field cloze", place),
  });
  renderApp(<HistoryPage />, "?q=cloze+%3E+1");
  expect(await screen.findByText("The expression cannot be read")).toBeInTheDocument();
});

test("a history is of the type that is chosen, and the screen that it goes back to as well", async () => {
  const { urls } = fakeApi({
    "GET /api/health": health,
    "GET /api/screener/indices": { indices: [], default: "ALL", asof: null },
    "GET /api/screener/history": failure(422, "VALIDATION_ERROR", "No day has a match"),
  });
  const { url } = renderApp(<HistoryPage />, "?q=close+%3E+1&type=SME");
  const asked = () => urls.filter((one) => one.pathname === "/api/screener/history").at(-1)?.searchParams;
  await waitFor(() => expect(asked()?.get("instrument_type")).toBe("SME"));
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Type" }), "ETFs");
  await waitFor(() => expect(url().get("type")).toBe("ETF"));
  await waitFor(() => expect(asked()?.get("instrument_type")).toBe("ETF"));
  expect(screen.getByRole("link", { name: "Back to the screen" })).toHaveAttribute(
    "href",
    "/screener?q=close+%3E+1&type=ETF",
  );
});
