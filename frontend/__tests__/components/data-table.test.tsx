import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { useState } from "react";
import { chooseColumns, DataTable, tableCsv, type Column } from "@/components/data-table";

interface Row {
  symbol: string;
  close: number;
}

const COLUMNS: Column<Row>[] = [
  {
    id: "symbol",
    header: "Symbol",
    width: 100,
    sortBy: "symbol",
    cell: (row) => row.symbol,
    csv: (row) => row.symbol,
  },
  {
    id: "close",
    header: "Close",
    unit: "₹",
    width: 100,
    align: "right",
    sortBy: "close",
    cell: (row) => row.close.toFixed(2),
    csv: (row) => row.close,
  },
  { id: "note", header: "Note", width: 100, optional: true, cell: () => "x" },
];
const rowAt = (index: number): Row => ({ symbol: `S${index}`, close: index });

function Table({
  rowCount = 2200,
  onOpen,
  onPeek,
}: {
  rowCount?: number;
  onOpen?: (row: Row) => void;
  onPeek?: (row: Row) => void;
}) {
  const [active, setActive] = useState<number | null>(null);
  return (
    <DataTable
      label="Stocks"
      columns={COLUMNS.slice(0, 2)}
      {...{ rowCount, rowAt, active, onOpen, onPeek }}
      rowKey={(row) => row.symbol}
      onActive={setActive}
    />
  );
}

test("2,200 rows are few in the document and all counted for the screen reader", () => {
  render(<Table />);
  const grid = screen.getByRole("grid", { name: "Stocks" });
  expect(grid).toHaveAttribute("aria-rowcount", "2201");
  const rows = within(grid).getAllByRole("row");
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.length).toBeLessThan(60);
  expect(rows[1]).toHaveAttribute("aria-rowindex", "2");
});

test("one row takes the focus; the arrows move it; Enter opens it", async () => {
  const open = jest.fn();
  render(<Table onOpen={open} />);
  const rows = screen.getAllByRole("row");
  expect(rows.filter((row) => row.getAttribute("tabindex") === "0")).toHaveLength(1);
  rows[1]?.focus();
  await userEvent.keyboard("{ArrowDown}{ArrowDown}");
  expect(document.activeElement).toHaveAttribute("data-index", "1");
  expect(document.activeElement).toHaveAttribute("aria-selected", "true");
  await userEvent.keyboard("{Enter}");
  expect(open).toHaveBeenCalledWith({ symbol: "S1", close: 1 }, 1);
});

test("a click selects and looks", async () => {
  const peek = jest.fn();
  render(<Table onPeek={peek} />);
  await userEvent.click(screen.getByText("S3"));
  expect(peek).toHaveBeenCalledWith({ symbol: "S3", close: 3 }, 3);
});

test("what the page draws again does not draw the cells of the same rows again", () => {
  const held = Array.from({ length: 5 }, (_, index) => rowAt(index));
  const cell = jest.fn((row: Row) => row.symbol);
  const table = (label: string, rows: readonly Row[]) => (
    <DataTable
      label={label}
      columns={[{ ...COLUMNS[0]!, cell }]}
      rowCount={5}
      rowAt={(index) => rows[index]}
      rowKey={(row) => row.symbol}
    />
  );
  const one = table("Stocks", held);
  const { rerender } = render(one);
  const drawn = cell.mock.calls.length;
  rerender(<DataTable {...one.props} label="The same" />);
  expect(cell).toHaveBeenCalledTimes(drawn);
  rerender(<DataTable {...one.props} rowAt={(index: number) => (index === 2 ? rowAt(99) : held[index])} />);
  expect(cell).toHaveBeenCalledTimes(drawn + 1);
  expect(screen.getByText("S99")).toBeInTheDocument();
});

test("a header asks for the sort, numbers from the top first, and says which way it is", async () => {
  const onSort = jest.fn();
  const table = (sort?: { by: string; order: "asc" | "desc" }) => (
    <DataTable
      label="Stocks"
      columns={COLUMNS}
      rowCount={3}
      rowAt={rowAt}
      rowKey={(row) => row.symbol}
      sort={sort}
      onSort={onSort}
    />
  );
  const { rerender } = render(table());
  await userEvent.click(screen.getByRole("button", { name: /Close/ }));
  expect(onSort).toHaveBeenLastCalledWith({ by: "close", order: "desc" });
  rerender(table({ by: "close", order: "desc" }));
  expect(screen.getByRole("columnheader", { name: /Close/ })).toHaveAttribute("aria-sort", "descending");
  await userEvent.click(screen.getByRole("button", { name: /Close/ }));
  expect(onSort).toHaveBeenLastCalledWith({ by: "close", order: "asc" });
});

test("rows that are not loaded yet keep their place", () => {
  const { container } = render(
    <DataTable
      label="Stocks"
      columns={COLUMNS}
      rowCount={5}
      rowAt={() => undefined}
      rowKey={(row: Row) => row.symbol}
    />,
  );
  expect(container.querySelectorAll("tbody tr")).toHaveLength(5);
  expect(container.querySelectorAll(".sk").length).toBeGreaterThan(5);
});

test("columns follow the choice, the first stays, unknown names are dropped", () => {
  expect(chooseColumns(COLUMNS, null).map((column) => column.id)).toEqual(["symbol", "close"]);
  expect(chooseColumns(COLUMNS, ["note", "gone", "close"]).map((column) => column.id)).toEqual([
    "symbol",
    "note",
    "close",
  ]);
});

test("the export has the unit in the header and plain numbers", () => {
  expect(tableCsv(COLUMNS, [{ symbol: "ARUVI", close: 1234.5 }])).toBe(
    "Symbol,Close (₹)\r\nARUVI,1234.5\r\n",
  );
});

test("the table passes axe", async () => {
  const { container } = render(
    <main>
      <h1>Stocks</h1>
      <Table rowCount={8} />
    </main>,
  );
  expect(await axe(container)).toHaveNoViolations();
});
