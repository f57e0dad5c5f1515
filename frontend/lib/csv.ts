import { marketSeen } from "./market-seen";

/** Plain numbers, ISO dates, units in the header; text that a spreadsheet would read as a formula is quoted with a leading apostrophe,
 * a number written as text is not.
 * Of the sample market each row says so in a last column, and a file in its name. */
export type CsvValue = string | number | boolean | null | undefined;

export function toCsv(header: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  const sample = marketSeen() === "SAMPLE";
  const lines = [
    sample ? [...header, "market"] : header,
    ...rows.map((row) => (sample ? [...row, "SAMPLE"] : row)),
  ];
  return lines.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function downloadText(name: string, text: string, type = "text/csv;charset=utf-8"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  downloadUrl(name, url);
  URL.revokeObjectURL(url);
}

export function downloadUrl(name: string, url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = marketSeen() === "SAMPLE" ? `SAMPLE-${name}` : name;
  link.click();
}

const FORMULA = /^[=+\-@\t\r\n]/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?%?$/i;

function cell(value: CsvValue): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = FORMULA.test(value) && !NUMBER.test(value) && value !== "-" ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
