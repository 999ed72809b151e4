import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgressLine } from "../../cli/progress-line.ts";

function terminal(isTTY: boolean, columns = 100) {
  const writes: string[] = [];
  return { isTTY, columns, writes, write: (text: string) => writes.push(text) };
}

test("it is drawn over itself at the most ten times a second, and taken away at the end", () => {
  const screen = terminal(true);
  let nowMs = 0;
  const line = new ProgressLine(screen, () => nowMs);
  for (; nowMs < 1000; nowMs += 10) line.show(nowMs / 1000, "memory", `${nowMs} rows`);
  assert.equal(screen.writes.length, 10);
  assert.equal(screen.writes[5], `\r\u001b[Kmemory ${"█".repeat(12)}${"░".repeat(12)}  50 %  500 rows`);
  line.clear();
  line.clear();
  assert.deepEqual(screen.writes.slice(10), ["\r\u001b[K"]);
  assert.ok(!screen.writes.some((text) => text.includes("\n")));
});

test("what has no end to be on its way to is said as it is", () => {
  const screen = terminal(true, 20);
  const line = new ProgressLine(screen, () => 0);
  line.say("a line that is longer than that");
  line.clear();
  assert.deepEqual(screen.writes, ["\r\u001b[Ka line that is long", "\r\u001b[K"]);
});

test("without a terminal nothing is drawn, nor taken away", () => {
  const screen = terminal(false);
  const line = new ProgressLine(screen, () => 0);
  line.show(0.5, "memory", "");
  line.clear();
  assert.deepEqual(screen.writes, []);
});

test("it never is wider than the terminal, whatever there is to say", () => {
  const screen = terminal(true, 30);
  const line = new ProgressLine(screen, () => 0);
  line.show(0.5, "a dataset with a name", "and much to tell");
  assert.equal(screen.writes[0]!.replace("\r\u001b[K", "").length, 29);
});

test("a share that is none is drawn as the nearest there is", () => {
  for (const [share, percent] of [
    [Number.NaN, "  0 %"],
    [-1, "  0 %"],
    [0.999, " 99 %"],
    [1, "100 %"],
    [7, "100 %"],
    [Number.POSITIVE_INFINITY, "  0 %"],
  ] as const) {
    const screen = terminal(true);
    new ProgressLine(screen, () => 0).show(share, "", "");
    assert.ok(screen.writes[0]!.includes(percent), `${share}: ${screen.writes[0]}`);
  }
});
