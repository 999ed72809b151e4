/** `millrace agreement` on the store of a stopped Millrace, and what is printed of a report. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { agreementTables, agreementText } from "../../cli/agreement-text.ts";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import { datasets } from "../../datasets/index.ts";
import type { AgreementReport } from "../../quality/report.ts";
import { agreementOf } from "../../quality/wilson.ts";
import { TempStore } from "../actors/store/temp-store.ts";
import { runCli } from "./run-cli.ts";

const TIMEOUT = { timeout: 120_000 };
const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const SHADOW = { actual: "taken", oracle: "best", by: "link", unit: "id" };
const REPORT: AgreementReport = {
  ...{ dataset: "choices", fromMs: START, toMs: START + 3 * HOUR, fraction: 1 },
  all: agreementOf(1000, 750),
  by: [
    { value: "dc", ...agreementOf(0, 0) },
    { value: "wan", ...agreementOf(1000, 750) },
  ],
  over: [
    { fromMs: START, toMs: START + HOUR, ...agreementOf(400, 400) },
    { fromMs: START + HOUR, toMs: START + 2 * HOUR, ...agreementOf(0, 0) },
    { fromMs: START + 2 * HOUR, toMs: START + 3 * HOUR, ...agreementOf(600, 350) },
  ],
};
const NOTHING: AgreementReport = {
  ...REPORT,
  fraction: 0.5,
  all: agreementOf(0, 0),
  by: [],
  over: [],
};

describe("an agreement", () => {
  test("is one line: the share with its interval, and each of its parts", () => {
    assert.equal(
      agreementText(REPORT, SHADOW),
      "taken is best in 75 % (72.2 % to 77.6 %) of 1 000 rows; by link: wan 75 %",
    );
    assert.equal(agreementText(NOTHING, SHADOW), "taken is best: no rows of 50 % of the requests say both");
  });

  test("is tables: by category, and by pieces of time that have rows", () => {
    assert.equal(
      agreementTables(REPORT, SHADOW),
      `choices from 2026-01-01T00:00:00Z to 2026-01-01T03:00:00Z: taken is best in 75 % (72.2 % to 77.6 %) of 1 000 rows

link  compared  agreed  rate     low    high
────  ────────  ──────  ────  ──────  ──────
dc           0       0     –       –       –
wan      1 000     750  75 %  72.2 %  77.6 %

from                  compared  agreed    rate     low    high
────────────────────  ────────  ──────  ──────  ──────  ──────
2026-01-01T00:00:00Z       400     400   100 %    99 %   100 %
2026-01-01T02:00:00Z       600     350  58.3 %  54.3 %  62.2 %

1 of 3 pieces of time have no such row`,
    );
    assert.doesNotMatch(agreementTables(NOTHING, SHADOW), /\n/);
  });
});

const store = new TempStore(datasets);
store.append(
  compressionTelemetry,
  Array.from({ length: 300 }, (_, row) => START + row * 60_000),
);
store.log.close();
const folder = mkdtempSync(join(tmpdir(), "millrace-agreement-"));
after(() => {
  for (const path of [store.at.dataFolder, folder]) rmSync(path, { recursive: true, force: true });
});

const agreement = (...args: readonly string[]) =>
  runCli(["agreement", "--data", store.at.dataFolder, ...args], {
    cwd: folder,
    env: { MILLRACE_SHADOW_FRACTION: "0.5" },
  });
const OF = ["--dataset", "compression_telemetry"];
const DAY = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"];

test(
  "the command tells stored rows, as text and as JSON, of the traffic that is wanted",
  TIMEOUT,
  async () => {
    const ended = await agreement(...OF, ...DAY, "--fraction", "1", "--every", "2h", "--json");
    assert.equal(ended.code, 0, ended.stderr);
    const report = JSON.parse(ended.stdout) as AgreementReport;
    assert.equal(report.fraction, 1);
    assert.equal(report.over.length, 12);
    assert.ok(report.all.compared > 0);
    const text = await agreement(...OF, ...DAY, "--fraction", "1", "--every", "2h");
    assert.equal(text.code, 0, text.stderr);
    const shadow = compressionTelemetry.shadow;
    assert.ok(shadow !== undefined);
    assert.equal(text.stdout, `${agreementTables(report, shadow)}\n`);
    // Where none is given, the fraction of the settings.
    const half = JSON.parse((await agreement(...OF, ...DAY, "--json")).stdout) as AgreementReport;
    assert.equal(half.fraction, 0.5);
    assert.ok(half.all.compared < report.all.compared);
  },
);

for (const [what, args, said] of [
  ["no dataset", [], /^--dataset: expected one of compression_telemetry; came nothing/],
  ["an unknown dataset", ["--dataset", "compresion_telemetry"], /did you mean compression_telemetry/],
  ["one without a shadow", ["--dataset", "memory"], /says both what was chosen.*compression_telemetry/],
  ["a bad duration", [...OF, "--every", "often"], /^--every: expected a duration such as 1h; came "often"/],
  ["too many pieces", [...OF, "--every", "1s"], /at most 2000 pieces of time; came 864/],
  ["a bad share", [...OF, "--fraction", "2"], /fraction to be a share from 0 to 1; came 2/],
] as const) {
  test(`${what} ends with 2, and is named on one line`, TIMEOUT, async () => {
    const ended = await agreement(...args);
    assert.equal(ended.code, 2, ended.stdout + ended.stderr);
    assert.match(ended.stderr, said);
    assert.equal(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr);
    assert.equal(ended.stdout, "");
  });
}
