/** Text tables. */

export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  cell(row: Row): string;
}

/** A table in plain text: a line of titles, a rule, a line a row; columns are two spaces apart. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...cells].map((line) => line[index]?.length ?? 0)));
  const pad = (text: string, index: number): string => {
    const width = widths[index] ?? 0;
    return columns[index]?.align === "right" ? text.padStart(width) : text.padEnd(width);
  };
  const line = (texts: readonly string[]): string => texts.map(pad).join("  ").trimEnd();
  return `${[titles, widths.map((width) => "-".repeat(width)), ...cells].map(line).join("\n")}\n`;
}
