import { marketSeen } from "./market-seen";

/** Plain numbers, ISO dates, units in the header; text that a spreadsheet would read as a formula is quoted with a leading apostrophe.
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

function cell(value: CsvValue): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
