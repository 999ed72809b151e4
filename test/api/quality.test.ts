/** Quality and agreement for programs: of a folder, and of a server that answers what the test wants. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExaminerMessage } from "../../actors/examiner/protocol.ts";
import { openLocalStore } from "../../api/index.ts";
import { connectStore } from "../../api/remote.ts";
import { datasets } from "../../datasets/index.ts";
import { memory } from "../../datasets/memory.ts";
import { startHttp } from "../../http/serve.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { lockFolder } from "../../runtime/folder-lock.ts";
import { START_MS } from "../actors/store/log/temp-log.ts";
import { TempStore } from "../actors/store/temp-store.ts";
import { anAgreementReport, aQualityReport } from "../http/quality-reports.ts";
import { good, statusOf } from "../http/support.ts";

const HOUR = 3_600_000;
const SPAN = { from: START_MS, to: new Date(START_MS + HOUR) };

describe("the store of a folder", () => {
  test("is validated, with the usual thresholds where none are given", async () => {
    const store = new TempStore(datasets, 2);
    try {
      store.append(
        memory,
        Array.from({ length: 100 }, (_, row) => START_MS + row * 60_000),
      );
      store.log.close();
      const opened = openLocalStore({ dataFolder: store.at.dataFolder });
      assert.ok(opened.ok);
      const { client } = opened;
      const answer = await client.validate({ dataset: "memory", ...SPAN, rules: { minRows: 61 } });
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.equal(answer.report.rows, 60);
      assert.equal(answer.report.rules.maxKs, 0.1);
      assert.equal(answer.report.findings[0]?.kind, "too-few-rows");
      const stopped = AbortSignal.abort();
      for (const [asked, reason] of [
        [client.validate({ dataset: "memori", ...SPAN }), "unknown-dataset"],
        [client.validate({ dataset: "memory", from: "noon", to: START_MS }), "bad-range"],
        [client.validate({ dataset: "memory", ...SPAN, against: { from: 2, to: 1 } }), "bad-range"],
        [client.validate({ dataset: "memory", ...SPAN, signal: stopped }), "cancelled"],
        [client.agreement({ dataset: "memory", ...SPAN }), "no-shadow"],
        [client.agreement({ dataset: "compression_telemetry", ...SPAN, fraction: 2 }), "bad-option"],
      ] as const) {
        const refused = await asked;
        assert.ok(!refused.ok);
        assert.equal(refused.reason, reason, refused.message);
      }
      const none = await client.agreement({ dataset: "compression_telemetry", ...SPAN });
      assert.ok(none.ok && none.report.all.rate === null && none.report.over.length === 1);
      const underWay = client.validate({ dataset: "memory", ...SPAN });
      await client.close();
      // It was waited for: the folder is free.
      assert.notEqual(await Promise.race([underWay, "still under way"]), "still under way");
      const locked = lockFolder(store.at.dataFolder);
      assert.ok(locked.ok);
      locked.lock.release();
      const late = await client.validate({ dataset: "memory", ...SPAN });
      assert.ok(!late.ok && late.reason === "closed");
    } finally {
      store.remove();
    }
  });
});

test("a server is asked for the very span, thresholds and pieces, and its refusals are told", async () => {
  const asked: ExaminerMessage[] = [];
  let refuses = false;
  const http = await startHttp({
    settings: { http: { host: "127.0.0.1", port: 0 } },
    system: {
      async ask<T>(_to: string, message: Message) {
        asked.push(message as ExaminerMessage);
        if (refuses) {
          return good({ ok: false, reason: "no-shadow", message: "none" }) as AskResult<T>;
        }
        const report = message.kind === "examiner.examine" ? aQualityReport() : anAgreementReport();
        return good({ ok: true, report }) as AskResult<T>;
      },
      status: () => statusOf({}),
      command: async () => ({ ok: true }),
    },
    ledger: () => [],
  });
  const client = connectStore({ url: http.url });
  const span = { fromMs: START_MS, toMs: START_MS + HOUR };
  try {
    const quality = await client.validate({
      dataset: "memory",
      ...SPAN,
      against: { from: 0, to: START_MS },
      rules: { maxMissing: 0.25, minRows: 10 },
    });
    assert.ok(quality.ok, JSON.stringify(quality));
    assert.deepEqual(quality.report, JSON.parse(JSON.stringify(aQualityReport())));
    const agreement = await client.agreement({ dataset: "memory", ...SPAN, everyMs: 90_000, fraction: 0.5 });
    assert.ok(agreement.ok);
    assert.deepEqual(agreement.report, anAgreementReport());
    assert.deepEqual(
      asked.map((message) => ("wish" in message ? message.wish : undefined)),
      [
        {
          dataset: "memory",
          ...span,
          against: { fromMs: 0, toMs: START_MS },
          rules: { maxMissing: 0.25, minRows: 10 },
        },
        { dataset: "memory", ...span, everyMs: 90_000, fraction: 0.5 },
      ],
    );
    refuses = true;
    const refused = await client.agreement({ dataset: "memory", ...SPAN });
    assert.ok(!refused.ok && refused.reason === "no-shadow", JSON.stringify(refused));
  } finally {
    await client.close();
    await http.close();
  }
  const late = await client.validate({ dataset: "memory", ...SPAN });
  assert.ok(!late.ok && late.reason === "closed");
});
