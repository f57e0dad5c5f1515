import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { StartPage } from "@/features/start/start-page";
import { failure, fakeApi, json } from "../support/api";
import { renderApp } from "../support/render";
import { job } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));

test("only ways that are built are offered", () => {
  fakeApi({});
  renderApp(<StartPage />);
  expect(screen.getAllByRole("heading", { level: 2 }).map((heading) => heading.textContent)).toEqual([
    "Use files you have",
    "Look around first",
  ]);
});

test("a path that is refused is explained at the field, and nothing starts", async () => {
  fakeApi({
    "POST /api/data/import": () =>
      failure(422, "VALIDATION_ERROR", "There is no file or folder at /nowhere", { field: "path" }),
  });
  renderApp(<StartPage />);
  const field = screen.getByRole("textbox", { name: "Folder or file" });
  await userEvent.type(field, "/nowhere");
  await userEvent.click(screen.getByRole("button", { name: "Import files" }));
  expect(await screen.findByText("There is no file or folder at /nowhere")).toBeInTheDocument();
  expect(field).toHaveAttribute("aria-invalid", "true");
});

test("an import shows its job in the same place and its counts at the end", async () => {
  let asked = 0;
  fakeApi({
    "POST /api/data/import": () => json({ job }, 202),
    [`GET /api/jobs/${job.id}`]: () => ({
      ...job,
      events: [],
      ...(++asked > 1 && { state: "SUCCEEDED", progress: 1, result: { files: 2471, rows: 1642118 } }),
    }),
  });
  renderApp(<StartPage />);
  await userEvent.type(screen.getByRole("textbox", { name: "Folder or file" }), "~/market/nse");
  await userEvent.click(screen.getByRole("button", { name: "Import files" }));
  expect(await screen.findByRole("progressbar", { name: "Import" })).toBeInTheDocument();
  expect(await screen.findByText("16,42,118", {}, { timeout: 3000 })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Open the screener" })).toHaveAttribute(
    "href",
    expect.stringMatching(/^\/screener\/?$/),
  );
});

test("the sample market is made, opened and shown", async () => {
  const { requests } = fakeApi({
    "POST /api/data/sample": () => json({ job }, 202),
    [`GET /api/jobs/${job.id}`]: { ...job, events: [], state: "SUCCEEDED", progress: 1, result: {} },
    "PUT /api/data/market": { market: "sample", sample_ready: true, real_ready: false },
  });
  renderApp(<StartPage />);
  await userEvent.click(screen.getByRole("button", { name: "Open the sample market" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith("/screener/"));
  expect(requests.map((request) => request.method)).toContain("PUT");
});

test("the start passes axe", async () => {
  fakeApi({});
  const { container } = renderApp(
    <main>
      <StartPage />
    </main>,
  );
  expect(await axe(container)).toHaveNoViolations();
});
