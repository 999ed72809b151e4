import assert from "node:assert/strict";
import { test } from "node:test";
import { type Command, readGiven } from "../../cli/command.ts";
import { CommandEnd, refusalEnd } from "../../cli/exit-codes.ts";
import { exportCommand } from "../../cli/export.ts";
import { exportWish } from "../../cli/export-wish.ts";

const NOW = Date.UTC(2026, 5, 1, 12);

const command: Command = {
  name: "try",
  description: "",
  args: {
    word: { type: "positional" },
    name: { type: "string", description: "A name" },
    "two-words": { type: "string" },
    force: { type: "boolean" },
  },
  examples: [],
  run: async () => {},
};
const wish = (...argv: readonly string[]) => exportWish(readGiven(exportCommand, argv), NOW);

function ends(what: () => unknown, said: RegExp): void {
  assert.throws(what, (error: unknown) => {
    assert.ok(error instanceof CommandEnd, String(error));
    assert.equal(error.code, 2);
    assert.match(error.message, said);
    return true;
  });
}

test("what is given is read by name, the last of several, wherever it stands", () => {
  const given = readGiven(command, ["--name", "a", "w", "--two-words=2.5", "--force", "--name", "-1"]);
  assert.equal(given.text("name"), "-1");
  assert.deepEqual(given.texts("name"), ["a", "-1"]);
  assert.equal(given.number("two-words"), 2.5);
  assert.equal(given.flag("force"), true);
  assert.equal(given.word, "w");
  const nothing = readGiven(command, []);
  assert.equal(nothing.text("name"), undefined);
  assert.equal(nothing.number("name"), undefined);
  assert.equal(nothing.flag("force"), false);
});

test("behind -- all is words", () => {
  assert.equal(readGiven(command, ["--", "--name"]).word, "--name");
});

for (const [argv, said] of [
  [["--nam", "x"], /^--nam: .*did you mean --name\?/],
  [["--zzzzz"], /^--zzzzz: .*--help/],
  [["-n", "x"], /^-n: millrace try has no such option/],
  [["--no-force"], /^--no-force: /],
  [["--constructor", "x"], /^--constructor: /],
  [["--name"], /^--name: expected a value \(A name\); came nothing/],
  [["--name="], /^--name: expected a value/],
  [["--force=no"], /^--force: expected no value; came "no"/],
  [["a", "b"], /"b", which is one word too many/],
] as const) {
  test(`${argv.join(" ")} is not taken`, () => ends(() => readGiven(command, argv), said));
}

for (const text of ["x", "1e3", "0x10", "1,5", " 1", "NaN"]) {
  test(`"${text}" is no number`, () => {
    ends(() => readGiven(command, ["--name", text]).number("name"), /--name: expected a number/);
  });
}

test("an export is what its options and the name of its file say", () => {
  assert.deepEqual(wish("--dataset", "memory", "--output", "/nowhere/a.csv.gz", "--hours", "2"), {
    exports: [
      {
        dataset: "memory",
        format: "csv",
        compression: "gzip",
        from: NOW - 2 * 3_600_000,
        to: NOW,
        force: false,
        output: "/nowhere/a.csv.gz",
      },
    ],
    folder: undefined,
    toStdout: false,
  });
  const [said] = wish(
    ...["--dataset", "process", "--output", "/nowhere/x.parquet", "--format", "arrow"],
    ...[
      "--anonymize",
      "--k",
      "7",
      "--max-suppressed",
      "0.5",
      "--columns",
      "pid, cpu_percent",
      "--where",
      "pid = 1",
    ],
  ).exports;
  assert.deepEqual(
    [said?.format, said?.profile, said?.k, said?.maxSuppressed, said?.columns, said?.where],
    ["arrow", "anonymous", 7, 0.5, ["pid", "cpu_percent"], "pid = 1"],
  );
});

test("all datasets go into a folder, each under its own name, with the ending that says what it is", () => {
  const { exports, folder } = wish(
    "--all",
    "--format",
    "jsonl",
    "--compression",
    "zstd",
    "--output",
    "/nowhere/f",
  );
  assert.equal(folder, "/nowhere/f");
  assert.ok(exports.length >= 6);
  assert.equal(exports[0]?.output, "/nowhere/f/memory.jsonl.zst");
  assert.equal(
    wish("--all", "--format", "parquet", "--output", "/nowhere/f").exports[0]?.output,
    "/nowhere/f/memory.parquet",
  );
});

for (const [argv, said] of [
  [["--all", "--dataset", "memory", "--output", "f", "--format", "csv"], /--dataset: .*came both/],
  [["--all", "--output", "-", "--format", "csv"], /--output: expected a folder/],
  [["--all", "--output", "f.csv"], /--format: /],
  [
    ["--all", "--columns", "pid", "--output", "f", "--format", "csv"],
    /--columns: expected it with one dataset/,
  ],
  [["--dataset", "memory", "--json", "--output", "-", "--format", "csv"], /--json: .*both/],
  [["--dataset", "memory", "--profile", "pseudonymous", "--anonymize", "--output", "x.csv"], /--profile: /],
  [["--dataset", "memory", "--max-suppressed", "1", "--output", "x.csv"], /--max-suppressed: .*--anonymize/],
] as const) {
  test(`export ${argv.join(" ")} is not taken`, () => ends(() => wish(...argv), said));
}

test("a refusal ends a command with the code that its kind has", () => {
  for (const [reason, code] of [
    ["unknown-column", 2],
    ["exists", 2],
    ["below-policy", 3],
    ["cancelled", 130],
    ["damaged", 1],
    ["too-many", 1],
    ["whatever comes one day", 1],
  ] as const) {
    assert.equal(refusalEnd({ reason, message: "so" }).code, code, reason);
  }
});
