import { screen, waitFor } from "@testing-library/react";
import { axe } from "jest-axe";
import { LoadErrors } from "@/components/load-errors";
import { fakeApi } from "../support/api";
import { renderApp } from "../support/render";

const URL_ = "/api/portfolio/strategies/load-errors";

test("a file that does not load is told with its line and what was expected", async () => {
  fakeApi({
    [`GET ${URL_}`]: [
      {
        file: "mine.py",
        line: 4,
        strategy_id: "mine",
        message: "hypothesis is missing",
        expected: 'a text: hypothesis = "…"',
      },
      { file: "two words.py", line: null, strategy_id: null, message: "no name", expected: "letters" },
    ],
  });
  const { container } = renderApp(<LoadErrors />);
  expect(await screen.findByText("2 strategies of yours do not load")).toBeInTheDocument();
  expect(screen.getByText("mine.py, line 4")).toBeInTheDocument();
  expect(screen.getByText(/hypothesis is missing/)).toBeInTheDocument();
  expect(screen.getByText("two words.py")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("where all files load nothing is said", async () => {
  const asked = fakeApi({ [`GET ${URL_}`]: [] });
  renderApp(<LoadErrors />);
  await waitFor(() => expect(asked.requests).toHaveLength(1));
  expect(screen.queryByRole("status")).not.toBeInTheDocument();
});
