import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesText, countText, secondsText } from "../../cli/figures.ts";
import { tableLines } from "../../cli/text-table.ts";

const columns = [
  { title: "name", isNumber: false },
  { title: "n", isNumber: true },
];

test("numbers stand at the right, text at the left, and no line ends in a space", () => {
  assert.deepEqual(
    tableLines(columns, [
      ["a", "1"],
      ["long name", "1000"],
    ]),
    ["name          n", "─────────  ────", "a             1", "long name  1000"],
  );
});

test("a table without rows has its titles", () => {
  assert.deepEqual(tableLines(columns, []), ["name  n", "────  ─"]);
});

test("what is too wide is cut, by cells and not by code units", () => {
  const cells = tableLines(
    [{ title: "t", isNumber: false }],
    [["x".repeat(20)], ["漢字漢字漢字"], ["😀😀😀😀😀"]],
    6,
  );
  assert.deepEqual(cells.slice(2), ["xxxxx…", "漢字…", "😀😀…"]);
  const exact = tableLines([{ title: "t", isNumber: false }], [["abcdef"], ["漢字漢"]], 6);
  assert.deepEqual(exact.slice(2), ["abcdef", "漢字漢"]);
});

test("wide and combining characters are aligned by the cells they take", () => {
  const lines = tableLines(
    [...columns],
    [
      ["漢字", "1"],
      ["é", "2"],
      ["ab", "3"],
    ],
  );
  assert.deepEqual(lines.slice(2), ["漢字  1", "é     2", "ab    3"]);
});

test("nothing that a cell holds reaches the terminal as a command", () => {
  const lines = tableLines(
    [{ title: "t", isNumber: false }],
    [["a\nb"], ["\u001b[31mred\u001b[0m"], ["\u0007\t\r\u009b"]],
  );
  assert.deepEqual(lines.slice(2), ["a\\nb", "\\u001b[31mred\\u001b[0m", "\\u0007\\t\\r\\u009b"]);
});

test("figures are written as people read them", () => {
  assert.deepEqual([0, 1023, 1024, 1_572_864, 2 ** 50].map(bytesText), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "1024.0 TiB",
  ]);
  assert.deepEqual([0, 999, 1000, 1_234_567.4].map(countText), ["0", "999", "1 000", "1 234 567"]);
  assert.deepEqual([0.123, 9.999, 12.3].map(secondsText), ["0.12 s", "10.00 s", "12 s"]);
});
