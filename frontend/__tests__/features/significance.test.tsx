import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { RunPage } from "@/features/backtest/run-page";
import { luck } from "@/features/backtest/significance";
import type { Significance } from "@/lib/types";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { partsOf, run, significance, smaCross } from "../support/wire";

const PATH = `GET /api/portfolio/strategies/runs/${run.run_id}/significance`;

function opened(answer: unknown) {
  const network = fakeApi({
    ...partsOf(run),
    "GET /api/portfolio/strategies/available": [smaCross],
    [PATH]: answer,
  });
  return { ...network, ...renderApp(<RunPage />, `?run=${run.run_id}`) };
}

/** The twin rows of the Sharpe's card, as they read. */
async function twins(): Promise<(string | null)[]> {
  const about = await screen.findByRole("button", { name: "About Sharpe ratio" });
  const card = about.closest(".figc");
  return Array.from(card?.querySelectorAll(".tw") ?? [], (row) => row.textContent);
}

test("a Sharpe stands beside its probabilistic and its deflated twin and the number of trials", async () => {
  const { container } = opened(significance);
  await screen.findByText("Deflated, 214 trials");
  expect(await twins()).toEqual(["Probabilistic> 0.99", "Deflated, 214 trials0.93"]);
  expect(
    screen.getByText(/214 trials of its strategy so far: the best of so many would show a Sharpe of 0.57/),
  ).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("the opened figure tells what the twins rest on", async () => {
  opened(significance);
  await screen.findByText("Deflated, 214 trials");
  await userEvent.click(screen.getByRole("button", { name: "About Sharpe ratio" }));
  const popover = within(await screen.findByRole("dialog", { name: "Sharpe ratio" }));
  for (const [name, value] of [
    ["Best by luck alone", "0.57"],
    ["Trials of a like record", "180 of 214, 12 unknown"],
    ["Sessions needed, 95%", "771, 3.1 years"],
    ["Skewness", "\u22120.41"],
    ["Kurtosis, normal is 3", "7.30"],
  ] as const)
    expect(popover.getByText(name).nextElementSibling).toHaveTextContent(value);
});

test("both rows are there while the trials are counted", async () => {
  let answer: (value: Significance) => void = () => undefined;
  opened(() => new Promise<Significance>((resolve) => (answer = resolve)));
  expect(await twins()).toEqual(["ProbabilisticLoading", "DeflatedLoading"]);
  expect(screen.getByText(/Counting the trials of its strategy/)).toBeInTheDocument();
  answer(significance);
  expect(await screen.findByText("Deflated, 214 trials")).toBeInTheDocument();
  expect(await twins()).toHaveLength(2);
});

test("an unknown twin is a dash with the server's reason", async () => {
  const why = "of 3 trials fewer than two have a Sharpe, so how far they spread is not known";
  opened({
    ...significance,
    trials: 3,
    deflated_sharpe: null,
    expected_max_sharpe: null,
    reasons: { deflated_sharpe: why, expected_max_sharpe: why },
  });
  await screen.findByText("Deflated, 3 trials");
  expect(await twins()).toEqual(["Probabilistic> 0.99", `Deflated, 3 trials–Unknown: ${why}`]);
  expect(screen.getByTitle(why)).toHaveClass("unknown");
});

test("a figure that says little keeps its value and tells why on hover", async () => {
  const why = "one trial so far: nothing to deflate, it equals the probabilistic Sharpe";
  opened({ ...significance, trials: 1, deflated_sharpe: 0.98, reasons: { deflated_sharpe: why } });
  await screen.findByText("Deflated, 1 trial");
  expect(screen.getByTitle(why)).toHaveTextContent("0.98");
  expect(screen.getByText(/It is the first trial of its strategy/)).toBeInTheDocument();
});

test("when the trials cannot be counted the rest of the run is shown all the same", async () => {
  opened(() => failure(500, "DATABASE_ERROR", "The trials could not be read"));
  expect(await screen.findByText(/The trials could not be counted/)).toBeInTheDocument();
  const why = "Unknown: The trials could not be read";
  expect(await twins()).toEqual([`Probabilistic–${why}`, `Deflated–${why}`]);
  expect(screen.getByRole("grid", { name: "Trades" })).toBeInTheDocument();
});

test("the sentence names no best Sharpe where it is not known", () => {
  const data = { ...significance, trials: 3, expected_max_sharpe: null };
  expect(luck({ data, error: null })).toBe("3 trials of its strategy so far.");
});
