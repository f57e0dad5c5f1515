import { render, screen } from "@testing-library/react";
import { axe } from "jest-axe";
import { Files } from "@/features/backtest/files";
import { run } from "../support/wire";

test("every table of a run can be had in both formats", async () => {
  const { container } = render(<Files run={run} />);
  expect(screen.getAllByRole("link")).toHaveLength(13);
  expect(screen.getByRole("link", { name: "Trades as Parquet" })).toHaveAttribute(
    "href",
    `/api/portfolio/strategies/runs/${run.run_id}/export?table=trades&format=parquet`,
  );
  expect(await axe(container)).toHaveNoViolations();
});
