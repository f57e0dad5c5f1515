import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import {
  DataState,
  EmptyState,
  ErrorState,
  JobState,
  LoadingState,
  StaleState,
} from "@/components/shared/DataState";
import { ApiError } from "@/lib/errors";
import { job } from "../support/wire";

const none = { data: undefined, error: null, isPending: true };

test("loading shows nothing for 150 ms, then a skeleton, and says when it is slow", () => {
  jest.useFakeTimers();
  const { container } = render(<LoadingState rows={3} />);
  expect(container.querySelectorAll(".sk")).toHaveLength(0);
  act(() => jest.advanceTimersByTime(160));
  expect(container.querySelectorAll(".sk")).toHaveLength(3);
  act(() => jest.advanceTimersByTime(10_000));
  expect(screen.getByText(/Still working/)).toBeInTheDocument();
  jest.useRealTimers();
});

test("an error names its code and request, and offers a retry only when it can help", async () => {
  const retry = jest.fn();
  const away = new ApiError("The database is away", "DATABASE_ERROR", 503, undefined, "4e1c9a70-1111");
  const { rerender } = render(<ErrorState title="The screener stopped" error={away} onRetry={retry} />);
  expect(screen.getByRole("alert")).toHaveTextContent("DATABASE_ERROR · request 4e1c9a70");
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(retry).toHaveBeenCalledTimes(1);
  rerender(
    <ErrorState title="x" error={new ApiError("Unknown index", "DATA_NOT_FOUND", 404)} onRetry={retry} />,
  );
  expect(screen.queryByRole("button", { name: "Retry" })).not.toBeInTheDocument();
});

test("the query's state decides what is drawn", () => {
  const draw = (query: Parameters<typeof DataState<string[]>>[0]["query"]) => (
    <DataState
      query={query}
      failed="It stopped"
      isEmpty={(rows) => rows.length === 0}
      empty={<EmptyState title="Nothing here" />}
    >
      {(rows) => <p>{rows.join()}</p>}
    </DataState>
  );
  const { rerender, container } = render(draw(none));
  expect(screen.getByRole("status")).toBeInTheDocument();
  rerender(draw({ ...none, isPending: false, error: new Error("no") }));
  expect(screen.getByRole("alert")).toHaveTextContent("It stopped");
  rerender(draw({ ...none, data: [] }));
  expect(screen.getByText("Nothing here")).toBeInTheDocument();
  rerender(draw({ ...none, data: ["a", "b"] }));
  expect(screen.getByText("a,b")).toBeInTheDocument();
  rerender(draw({ ...none, data: ["old"], isPlaceholderData: true }));
  expect(container.querySelector(".dim")).toHaveTextContent("old");
});

test("old data stay on screen when a refresh fails", () => {
  render(
    <DataState query={{ data: "kept", error: new Error("no"), isPending: false }} failed="It stopped">
      {(text) => <p>{text}</p>}
    </DataState>,
  );
  expect(screen.getByText("kept")).toBeInTheDocument();
});

test("a job has a bar, a share and a way to cancel; a failed one says why", async () => {
  const cancel = jest.fn();
  const { rerender } = render(<JobState job={{ ...job, kind: "sweep" }} title="Sweep" onCancel={cancel} />);
  expect(screen.getByRole("progressbar", { name: "Sweep" })).toHaveAttribute("aria-valuenow", "62");
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(cancel).toHaveBeenCalled();
  rerender(
    <JobState
      job={{ ...job, state: "FAILED", error: { code: "BACKTEST_ERROR", message: "No bars in this period" } }}
      title="Sweep"
    />,
  );
  expect(screen.getByRole("alert")).toHaveTextContent("No bars in this period");
  expect(screen.queryByRole("progressbar")).not.toBeInTheDocument();
});

test("a job that tells stages alone says how long it works, not a share and an end guessed from them", () => {
  jest.useFakeTimers({ now: Date.parse("2024-12-31T10:01:12Z") });
  const told = "Waiting for the engine to be compiled";
  const { rerender } = render(<JobState job={{ ...job, progress: 0.3, message: told }} title="Backtest" />);
  act(() => jest.advanceTimersByTime(3000));
  expect(screen.getByText(/^Waiting/)).toHaveTextContent(`${told} · 75 s so far`);
  expect(screen.queryByText("30%")).toBeNull();
  expect(screen.getByRole("progressbar", { name: "Backtest" })).not.toHaveAttribute("aria-valuenow");
  rerender(<JobState job={{ ...job, kind: "sweep", progress: 0.3 }} title="Sweep" />);
  act(() => jest.advanceTimersByTime(1000));
  expect(screen.getByText("30%")).toBeInTheDocument();
  expect(screen.getByText(/about 3 min left/)).toBeInTheDocument(); // 76 s for 0.3: 177 s for 0.7
  jest.useRealTimers();
});

test("an ended job tells how long it took, not what it did last", () => {
  const ended = {
    ...job,
    state: "SUCCEEDED" as const,
    message: "Reading bars",
    finished_at: "2024-12-31T10:01:12Z",
  };
  render(<JobState job={ended} title="Import" />);
  expect(screen.getByText("Finished in 72 s")).toBeInTheDocument();
  expect(screen.queryByText("Reading bars")).not.toBeInTheDocument();
});

test("the states pass axe", async () => {
  const { container } = render(
    <main>
      <h1>States</h1>
      <h2>All</h2>
      <EmptyState title="No stock matches">Why.</EmptyState>
      <ErrorState title="It stopped" error={new Error("no")} />
      <JobState job={job} title="Import" />
      <StaleState since="13:47:05">1,132.40</StaleState>
      <LoadingState />
    </main>,
  );
  expect(await axe(container)).toHaveNoViolations();
});
