import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { FigureCard, placed } from "@/components/figure-card";
import { Anatomy } from "@/features/backtest/anatomy";
import { figures } from "@/features/backtest/metrics";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { analysis, run } from "../support/wire";

const PATH = `GET /api/portfolio/strategies/runs/${run.run_id}/analysis`;

test("a run is taken apart into months, falls, distributions and luck", async () => {
  fakeApi({ [PATH]: analysis });
  const { container } = renderApp(<Anatomy run={run} />);
  const months = await screen.findByRole("region", { name: /^Returns by month/ });
  const year = within(months).getByRole("row", { name: /^2020/ });
  expect(year).toHaveTextContent("+1.0*");
  expect(year).toHaveTextContent("\u221212.3");
  expect(year).toHaveTextContent("\u221211.4*");
  expect(within(year).getAllByText("Unknown: Outside the run")).toHaveLength(10);
  const falls = screen.getByRole("region", { name: /^Deepest drawdowns/ });
  expect(
    within(falls).getByRole("row", { name: /Opening capital 2 Jan 2020 Not yet 2/ }),
  ).toBeInTheDocument();
  expect(
    screen.getByRole("img", { name: /^Distribution of 2 closed trades: 1 below zero/ }),
  ).toBeInTheDocument();
  expect(
    screen.getByText(/drawn again 2,000 times, in blocks of 4.3 sessions on average/),
  ).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("each chart over sessions can be read as a table, the latest session first", async () => {
  fakeApi({ [PATH]: analysis });
  renderApp(<Anatomy run={run} />);
  await screen.findByRole("region", { name: /^Returns by month/ });
  for (const [title, table] of [
    ["Exposure and turnover", "Exposure by session, and turnover of its month"],
    ["Sharpe of a year, and trades open", "Sharpe of a year and trades open by session"],
    ["These returns drawn again", "Paths of the returns drawn again by session"],
  ] as const) {
    const card = within(screen.getByRole("heading", { name: title }).closest("section")!);
    await userEvent.click(card.getByRole("button", { name: "View as table" }));
    const days = table.startsWith("Exposure") ? run.daily_chart.length : analysis.days.length;
    expect(card.getByLabelText(table)).toHaveAttribute("aria-rowcount", String(days + 1));
    await userEvent.click(card.getByRole("button", { name: "View as chart" }));
    expect(card.queryByLabelText(table)).toBeNull();
  }
});

test("what cannot be drawn says why", async () => {
  fakeApi({ [PATH]: { ...analysis, luck: "2 returns: too few to draw from, 60 are needed" } });
  renderApp(<Anatomy run={run} />);
  expect(await screen.findByText(/too few to draw from/)).toBeInTheDocument();
});

test("an account that was lost has nothing to take apart", async () => {
  fakeApi({ [PATH]: { ...analysis, reason: "equity reached zero" } });
  renderApp(<Anatomy run={run} />);
  expect(await screen.findByText("The equity reached zero.")).toBeInTheDocument();
});

test("a failure stays in its own panel", async () => {
  fakeApi({ [PATH]: () => failure(500, "INTERNAL_ERROR", "It broke") });
  renderApp(<Anatomy run={run} />);
  expect(await screen.findByText(/The run cannot be taken apart/)).toBeInTheDocument();
});

test("headline figures carry their interval once it is known, or why there is none", () => {
  const [growth, , drawdown, , factor] = figures(run, { twins: [], inputs: [] }, analysis);
  expect(growth).toMatchObject({
    interval: "6.1 to 18.9%",
    whisker: { value: 0.126, low: 0.061, high: 0.189 },
  });
  expect(drawdown?.interval).toBe("\u221231.0 to \u221211.0%");
  expect(factor?.whisker).toBeUndefined();
  const none = figures(run, { twins: [], inputs: [] }, { ...analysis, luck: "returns do not vary" });
  expect(none[0]?.interval).toBe("No interval: returns do not vary");
});

test("a whisker holds zero, the interval and the value on one line", () => {
  const places = placed({ value: 0.05, low: -0.05, high: 0.15 });
  // 4 to 96 of the width for -0.05 to 0.15: zero at a quarter, the value at a half
  expect(places).toEqual({ low: 4, width: 92, value: 50, zero: 27 });
  expect(placed({ value: -0.2, low: -0.3, high: -0.1 }).zero).toBe(96);
  const [growth] = figures(run, { twins: [], inputs: [] }, analysis);
  if (!growth) throw new Error("no figure");
  const { container } = renderApp(<FigureCard figure={growth} />);
  expect(container.querySelector(".whisk .iv")).not.toBeNull();
});
