import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { pointFigure } from "@/features/sweeps/figures";
import { SweepPage } from "@/features/sweeps/sweep-page";
import { howMany, parameters, valuesOf } from "@/features/sweeps/words";
import { written } from "@/lib/measures";
import { failure, fakeApi, json } from "../support/api";
import { options } from "../support/echarts";
import { renderApp } from "../support/render";
import { ANSWERS, closed, ID, landscape, opened, point, sweep, SWEEPS } from "../support/sweeps";
import { job } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));
beforeEach(() => {
  push.mockClear();
  options.length = 0;
});

test("a cell of the heat map chooses its point, and the point opens as a run", async () => {
  const network = fakeApi({ ...ANSWERS, [`POST ${SWEEPS}/${ID}/points/1/run`]: { run_id: "abc" } });
  const { container, url } = renderApp(<SweepPage />, `?sweep=${ID}`);
  const cell = await screen.findByRole("button", { name: "slow 60, fast 5: Sharpe ratio 0.90" });
  expect(screen.getAllByRole("button", { name: /^slow .* Sharpe/ })).toHaveLength(3);
  await userEvent.click(cell);
  expect(url().get("point")).toBe("1");
  await userEvent.click(await screen.findByRole("button", { name: "Open as a run" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith("/quant/run/?run=abc"));
  expect(network.urls.some((one) => one.searchParams.get("metric") === "sharpe")).toBe(true);
  expect(await axe(container)).toHaveNoViolations();
});

test("a point of other inputs than today's is run on today's only when that is asked for", async () => {
  const refused = {
    code: "CONFLICT",
    message: "The point was worked out from other inputs than there are today (data)",
    details: { changed: ["data"] },
    request_id: "1",
  };
  const network = fakeApi({
    ...ANSWERS,
    [`POST ${SWEEPS}/${ID}/points/1/run`]: (url: URL) =>
      url.searchParams.get("today") === "true" ? { run_id: "of-today" } : json({ error: refused }, 409),
  });
  renderApp(<SweepPage />, `?sweep=${ID}&point=1`);
  await userEvent.click(await screen.findByRole("button", { name: "Open as a run" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("from other inputs than there are today (data)");
  expect(screen.queryByText(/it is no new trial/)).toBeNull();
  expect(push).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole("button", { name: "Run it on today’s" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith("/quant/run/?run=of-today"));
  expect(network.requests.filter((one) => one.method === "POST")).toHaveLength(2);
});

test("a point whose job was cancelled is not run on today's: nothing of it changed", async () => {
  fakeApi({
    ...ANSWERS,
    [`POST ${SWEEPS}/${ID}/points/1/run`]: failure(
      409,
      "CONFLICT",
      "The job was cancelled: nothing of it is stored",
    ),
  });
  renderApp(<SweepPage />, `?sweep=${ID}&point=1`);
  await userEvent.click(await screen.findByRole("button", { name: "Open as a run" }));
  expect(await screen.findByRole("alert")).toHaveTextContent(
    /^The job was cancelled: nothing of it is stored$/,
  );
  expect(screen.getByRole("button", { name: "Open as a run" })).toBeEnabled();
});

test("the heat map is one stop of the Tab key, and arrows lead from cell to cell", async () => {
  fakeApi(ANSWERS);
  const { url } = renderApp(<SweepPage />, `?sweep=${ID}`);
  const cell = (name: string) => screen.findByRole("button", { name });
  const first = await cell("slow 30, fast 5: Sharpe ratio 0.40");
  const last = await cell("slow 60, fast 10: Sharpe ratio −0.20");
  expect([first.tabIndex, last.tabIndex]).toEqual([0, -1]);
  first.focus();
  await userEvent.keyboard("{ArrowRight}{ArrowDown}");
  expect(last).toHaveFocus();
  expect([first.tabIndex, last.tabIndex]).toEqual([-1, 0]);
  await userEvent.keyboard("{Enter}");
  expect(url().get("point")).toBe("3");
});

test("a sweep says what its points have in common, and gives every point as a file", async () => {
  fakeApi(ANSWERS);
  renderApp(<SweepPage />, `?sweep=${ID}`);
  const common = await screen.findByRole("region", { name: "Swept with" });
  const terms = within(common).getAllByRole("term");
  const said = within(common).getAllByRole("definition");
  expect(terms.map((term, at) => [term.textContent, said[at]?.textContent])).toEqual([
    ["Capital", "₹10,00,000"],
    ["Size of an entry", "Equity ÷ members"],
    ["Charges", "Zerodha"],
    ["Slippage", "5 basis points a side"],
    ["Engine", "1.06aa350e81c4"],
    ["Asked on", "1 Jan 2025"],
    ["Data read", "7f3ac21e"],
  ]);
  expect(await screen.findByRole("link", { name: "Every point as CSV" })).toHaveAttribute(
    "href",
    `${SWEEPS}/${ID}/export?format=csv`,
  );
});

test("what is not known of a sweep has its reason, and a failed point too", async () => {
  fakeApi(ANSWERS);
  renderApp(<SweepPage />, `?sweep=${ID}`);
  const told = await screen.findByRole("region", { name: "Doubt" });
  expect(await within(told).findByText(/240 sessions are fewer than 320/)).toBeInTheDocument();
  expect(within(told).getByRole("row", { name: /Deflated Sharpe of the best, 9 trials/ })).toHaveTextContent(
    "0.31",
  );
  expect(within(told).getByRole("row", { name: /p that no point/ })).toHaveTextContent("< 0.01");
  const points = screen.getByRole("region", { name: "Points" });
  expect(await within(points).findAllByText(/the account was lost/)).not.toHaveLength(0);
  expect(await screen.findByText(/No neighbourhood: one of the two is alone/)).toBeInTheDocument();
});

test("each figure of a sweep opens its formula and what it is made of", async () => {
  fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}/landscape`]: { ...landscape, metric: "calmar" },
  });
  renderApp(<SweepPage />, `?sweep=${ID}&metric=calmar&point=1`);
  const points = await screen.findByRole("region", { name: "Points" });
  await within(points).findAllByText("fast 5 · slow 60");
  let about = await opened("Maximum drawdown", points);
  expect(about).toHaveTextContent("min (equity ÷ running peak − 1)");
  expect(about).toHaveTextContent("Pointfast 5 · slow 60");
  expect(about).toHaveTextContent("UniverseNIFTY50");
  await closed();
  about = await opened("Profit factor", points);
  expect(about).toHaveTextContent("Not defined; the run of it says why");
  await closed();
  const near = screen.getByRole("region", { name: "Plateau against peak" });
  about = await opened("Around it", near);
  expect(about).toHaveTextContent("median(Calmar ratio of the point and its neighbours)");
  await closed();
  about = await opened("Percentile", near);
  expect(about).toHaveTextContent("100%");
  expect(about).toHaveTextContent("count(values ≤ its value) ÷ count(values)");
  await closed();
  const map = screen.getByRole("region", { name: "Heat map" });
  about = await opened("Calmar ratio", map);
  expect(about).toHaveTextContent("Sharpe ratio, the highest cell0.90");
  expect(about).toHaveTextContent("Lowest cell−0.20");
  expect(about).toHaveTextContent("Cells with a value3 of 4");
  await closed();
  const doubts = screen.getByRole("region", { name: "Doubt" });
  about = await opened("Probability of overfitting", doubts);
  expect(about).toHaveTextContent("240 sessions are fewer than 320");
  expect(about).toHaveTextContent("Points kept3 of 4");
  await closed();
  about = await opened("Deflated Sharpe of the best, 9 trials", doubts);
  expect(about).toHaveTextContent("0.31");
  expect(about).toHaveTextContent("Trials9");
  await closed();
  about = await opened("p that no point earns anything", doubts);
  expect(about).toHaveTextContent("(1 + count(V* ≥ V)) ÷ (1 + draws)");
});

test("Calmar opens with the growth and the fall that it is made of", () => {
  // 12.6% a year over a fall of 10.0%
  const its = { ...point(1, 5, 60, 0.9), metrics: { calmar: 1.26, cagr: 0.126, max_drawdown: -0.1 } };
  const figure = pointFigure(sweep, "calmar", its);
  expect(figure.value).toBe("1.26");
  expect(figure.formula).toBe("CAGR ÷ |maximum drawdown|\n= 12.60% ÷ 10.00%");
  expect(pointFigure(sweep, "calmar", undefined)).toMatchObject({ value: null, why: "There is no point" });
});

test("the distribution shows in which bar the chosen point is", async () => {
  fakeApi(ANSWERS);
  renderApp(<SweepPage />, `?sweep=${ID}`);
  await screen.findByRole("img", {
    name: /^Sharpe ratio of 3 points, from −0.50 to 1.00; the chosen point has 0.90/,
  });
  await waitFor(() => expect(options).not.toHaveLength(0));
  const bars = (options.at(-1)?.series as { data: { value: number; itemStyle: { color: string } }[] }[])[0]!
    .data;
  const colours = bars.map((bar) => bar.itemStyle.color);
  // 0.9 lies in the last of three
  expect(colours[0]).toBe(colours[1]);
  expect(colours[2]).not.toBe(colours[1]);
});

test("the plateau is outlined on the heat map, and said", async () => {
  fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}/landscape`]: {
      ...landscape,
      plateau: { ...landscape.peak, number: 0 },
      reason: null,
    },
  });
  renderApp(<SweepPage />, `?sweep=${ID}`);
  // the best point of fast 10 and slow 30 has no value; that of fast 5 and slow 30 is number 0
  const cell = await screen.findByRole("button", { name: "slow 30, fast 5: Sharpe ratio 0.40, the plateau" });
  expect(cell).toHaveClass("plateau");
  expect(screen.getAllByRole("button", { name: /the plateau$/ })).toHaveLength(1);
  expect(screen.getByText(/Dashed: the plateau/)).toBeInTheDocument();
});

test("an interrupted sweep goes on or is taken away", async () => {
  const network = fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}`]: { ...sweep, state: "INTERRUPTED", done: 1, finished_at: null },
    [`POST ${SWEEPS}/${ID}/resume`]: failure(409, "CONFLICT", "Another process is at work on it"),
    [`POST ${SWEEPS}/${ID}/cancel`]: () => new Response(null, { status: 202 }),
  });
  renderApp(<SweepPage />, `?sweep=${ID}`);
  expect(await screen.findByRole("progressbar", { name: "Points worked out" })).toHaveAttribute(
    "aria-valuenow",
    "25",
  );
  await userEvent.click(screen.getByRole("button", { name: "Go on" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Another process is at work on it");
  await userEvent.click(screen.getByRole("button", { name: "Cancel and remove" }));
  const asked = await screen.findByRole("dialog", { name: "Remove this sweep?" });
  expect(asked).toHaveTextContent("1 of 4 points is worked out and would be lost");
  await userEvent.click(within(asked).getByRole("button", { name: "Keep the sweep" }));
  expect(network.requests.filter((one) => one.url.endsWith("/cancel"))).toHaveLength(0);
  await userEvent.click(screen.getByRole("button", { name: "Cancel and remove" }));
  await userEvent.click(await screen.findByRole("button", { name: "Remove the sweep" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith("/quant/sweeps/"));
  expect(network.requests.filter((one) => one.url.endsWith("/cancel"))).toHaveLength(1);
});

test("a sweep at work says what its job is at", async () => {
  const told = "Waiting for the engine to be compiled: once after an update, up to a few minutes";
  fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}`]: { ...sweep, state: "RUNNING", done: 0, job_id: job.id, finished_at: null },
    [`GET /api/jobs/${job.id}`]: { ...job, kind: "sweep", message: told, events: [] },
  });
  renderApp(<SweepPage />, `?sweep=${ID}`);
  expect(await screen.findByText(told)).toBeInTheDocument();
});

test("a point whose run takes long is followed, and asked for once", async () => {
  let ended = false;
  const network = fakeApi({
    ...ANSWERS,
    [`POST ${SWEEPS}/${ID}/points/1/run`]: () => json({ job }, 202),
    [`GET /api/jobs/${job.id}`]: () =>
      ended ? { ...job, state: "SUCCEEDED", result: { run_id: "abc" }, events: [] } : { ...job, events: [] },
  });
  renderApp(<SweepPage />, `?sweep=${ID}&point=1`);
  await userEvent.click(await screen.findByRole("button", { name: "Open as a run" }));
  expect(await screen.findByRole("progressbar", { name: "Running the point" })).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Running the point …" })).toBeDisabled();
  ended = true;
  await waitFor(() => expect(push).toHaveBeenCalledWith("/quant/run/?run=abc"), { timeout: 3000 });
  expect(network.requests.filter((one) => one.method === "POST")).toHaveLength(1);
});

test("the two sides of the heat map change places where one is chosen for both", async () => {
  fakeApi(ANSWERS);
  const { url } = renderApp(<SweepPage />, `?sweep=${ID}`);
  await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Across" }), "fast");
  expect([url().get("x"), url().get("y")]).toEqual(["fast", "slow"]);
});

test("a sweep that failed says why, and that it has to be asked for again", async () => {
  const reason = "The data changed since it was asked for (corporate actions): ask for it again";
  fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}`]: { ...sweep, state: "FAILED", reason, done: 1, finished_at: null },
  });
  renderApp(<SweepPage />, `?sweep=${ID}`);
  expect(await screen.findByText(new RegExp(reason.replace(/[()]/g, ".")))).toBeInTheDocument();
  expect(screen.getByText("Failed")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Go on" })).not.toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Remove" })).toBeEnabled();
});

test("a sweep that is not there says so", async () => {
  fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}`]: failure(404, "DATA_NOT_FOUND", "Sweep 555 does not exist"),
  });
  renderApp(<SweepPage />, `?sweep=${ID}`);
  expect(await screen.findByText("The sweep cannot be read")).toBeInTheDocument();
  expect(screen.getByText(/Sweep 555 does not exist/)).toBeInTheDocument();
});

test("values are read as ranges or lists, and what is no number is said", () => {
  expect(valuesOf(" ")).toBeNull();
  expect(valuesOf("5, 10 ,20")).toEqual([5, 10, 20]);
  expect(valuesOf("5:50:5")).toEqual({ start: 5, stop: 50, step: 5 });
  expect(howMany({ start: 5, stop: 50, step: 5 })).toBe(10);
  expect(howMany({ start: 0.1, stop: 0.3, step: 0.1 })).toBe(3);
  expect(howMany([5, 5, 10])).toBe(2);
  expect(() => valuesOf("5, x")).toThrow("“x” is no number");
  expect(() => valuesOf("5:1:1")).toThrow("the stop not below the start");
  expect(parameters({ fast: 5, slow: 30 })).toBe("fast 5 · slow 30");
  expect(written("final_equity", 1_234_567)).toBe("₹12,34,567");
  expect(written("cagr", 0.126)).toBe("12.6%");
});
