/** Tables as CSV, as RFC 4180 has it: numbers as they are, not rounded, and texts of tokens as they are. */

export interface Table {
  head: string[];
  rows: Cell[][];
}
export type Cell = string | number | null;

/** The file's text; what is missing is empty. */
export function csv({ head, rows }: Table): string {
  return [head, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

function field(cell: Cell | undefined): string {
  const text = cell === null || cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
