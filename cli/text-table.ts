/** A table as text: columns aligned, numbers to the right, wide cells cut. */

export interface TableColumn {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly isNumber: boolean;
}

const GAP = "  ";
const CUT = "…";
/** Control characters would move the cursor, or do worse; a line break would break the line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
/** Ranges of characters that take two cells of a terminal (Unicode East Asian Width W and F, and pictographs). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /\p{M}|\u200b|\u200d|\ufe0f/u;

/**
 * Lines of a table, the titles first and a rule below them.
 * @param mostCells width that a cell may have; longer ones are cut
 */
export function tableLines(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  mostCells = 60,
): readonly string[] {
  const texts = [columns.map(({ title }) => title), ...rows].map((row) =>
    row.map((text) => fit(text, mostCells)),
  );
  const widths = columns.map((_, index) => Math.max(1, ...texts.map((row) => cellsOf(row[index] ?? ""))));
  const line = (row: readonly string[]) =>
    columns
      .map(({ isNumber }, index) => {
        const text = row[index] ?? "";
        const space = " ".repeat(widths[index]! - cellsOf(text));
        return isNumber ? space + text : text + space;
      })
      .join(GAP)
      .trimEnd();
  const [titles = [], ...cells] = texts;
  return [line(titles), widths.map((width) => "─".repeat(width)).join(GAP), ...cells.map(line)];
}

/** The text on one line and not wider than that. */
function fit(text: string, mostCells: number): string {
  const shown = text.replace(UNPRINTABLE, (character) => {
    const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
    return named[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  if (cellsOf(shown) <= mostCells) return shown;
  let cut = "";
  let cells = 0;
  for (const character of shown) {
    cells += cellsOf(character);
    if (cells > mostCells - 1) break;
    cut += character;
  }
  return cut + CUT;
}

function cellsOf(text: string): number {
  let cells = 0;
  for (const character of text) cells += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return cells;
}
