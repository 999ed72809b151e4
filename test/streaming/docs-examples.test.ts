/** Each example of docs/streaming.md, run as it stands there, prints what stands below it. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

const PACKAGE = "millrace/streaming";
const page = readFileSync(new URL("../../docs/streaming.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```ts\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)];
const folder = mkdtempSync(join(tmpdir(), "millrace-docs-"));
after(() => rmSync(folder, { recursive: true }));

// What the package's name stands for.
const library = new URL("../../streaming/index.ts", import.meta.url).href;

test("the page has examples, each with what it prints", () => {
  assert.ok(examples.length >= 8);
  assert.equal(examples.length, page.split("```ts\n").length - 1);
  for (const [, code, printed] of examples) assert.ok(printed !== undefined, code);
});

for (const [index, [, code = "", printed]] of examples.entries()) {
  test(`example ${index + 1}: ${/import \{ (.*?) \}/.exec(code)?.[1]}`, async () => {
    const file = join(folder, `example-${index}.ts`);
    assert.ok(code.includes(`from "${PACKAGE}"`));
    writeFileSync(file, code.replace(`"${PACKAGE}"`, JSON.stringify(library)));
    assert.equal(await printedBy(file), printed);
  });
}

async function printedBy(file: string): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => {
    lines.push(values.map((value) => (typeof value === "string" ? value : shown(value))).join(" "));
  };
  try {
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** As both runtimes' `node:util` shows it, with quotation marks as in the examples. */
function shown(value: unknown): string {
  return inspect(value, { breakLength: 100, colors: false }).replaceAll("'", '"');
}
