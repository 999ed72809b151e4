import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Dataset } from "../../../datasets/define.ts";
import { memory } from "../../../datasets/memory.ts";
import { putBase36 } from "../../../datasets/records/base36.ts";
import { createRecordEncoder, encodeNotice } from "../../../datasets/records/index.ts";
import type { RowRun } from "../../../datasets/row-run.ts";
import { chooseColumns } from "../../../datasets/shape.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import { plainRow } from "../../fixtures/dataset-rows.ts";
import { createJsonEncoder } from "../../fixtures/json-encoder.ts";
import { mixed } from "../../fixtures/mixed-rows.ts";
import { publicBatch } from "../../fixtures/public-batches.ts";
import { encoded, FACTS, forMixedRows, forRandomRows, rowsOf } from "./support.ts";

const OPTIONS = { format: "jsonl", framing: "raw" } as const;

/** Each row's object, with dataset and number before its members. */
function expected(
  dataset: Dataset,
  batch: PublicBatch,
  runs: readonly RowRun[],
  columns: readonly string[] = dataset.publicColumns.map(({ name }) => name),
): string[] {
  const encode = createJsonEncoder(chooseColumns(dataset, columns));
  return rowsOf(runs).map((row) => {
    const members = encode(batch, row).slice(1);
    return `{"dataset":"${dataset.name}","sequence":${batch.firstSequence + row},${members}`;
  });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Events of a stream of them (https://html.spec.whatwg.org/multipage/server-sent-events.html), of the one form that ours have. */
function parseEvents(stream: string): Event[] {
  assert.ok(stream === "" || stream.endsWith("\n\n"));
  return stream
    .split("\n\n")
    .slice(0, -1)
    .map((event) => {
      const match = /^event: (.*)\nid: (.*)\ndata: (.*)$/.exec(event);
      assert.ok(match, event);
      return { event: match[1]!, id: match[2]!, data: match[3]! };
    });
}

describe("records as JSON", () => {
  test("property: are rows' objects with dataset and number before them", () => {
    forRandomRows(73, (dataset, batch, runs, columns) => {
      const all = expected(dataset, batch, runs);
      assert.equal(text(encoded(dataset, OPTIONS, batch, runs)), all.map((record) => `${record}\n`).join(""));
      const some = expected(dataset, batch, runs, columns);
      const chosen = encoded(dataset, { ...OPTIONS, columns }, batch, runs);
      assert.equal(text(chosen), some.map((record) => `${record}\n`).join(""));
      for (const record of all) assert.equal(JSON.parse(record).dataset, dataset.name);
    });
  });

  test("say every value that a type can hold, in batches that the buffer grows for", () => {
    forMixedRows(2000, (batch) => {
      const lines = text(encoded(mixed, OPTIONS, batch))
        .split("\n")
        .slice(0, -1);
      assert.deepEqual(lines, expected(mixed, batch, [{ from: 0, to: batch.rows }]));
    });
  });

  test("property: are events of their own, the id being the row or, in base 36, the number after it", () => {
    forRandomRows(74, (dataset, batch, runs) => {
      const records = expected(dataset, batch, runs);
      const sequences = rowsOf(runs).map((row) => batch.firstSequence + row);
      for (const ids of ["row", "next"] as const) {
        const facts = { ...FACTS, idBefore: "k3f9-10.", idAfter: ".7ps" };
        const events = parseEvents(
          text(encoded(dataset, { ...OPTIONS, framing: "sse", ids }, batch, runs, facts)),
        );
        const numbers = sequences.map((row) => (ids === "row" ? String(row) : (row + 1).toString(36)));
        assert.deepEqual(
          events,
          records.map((data, index) => ({
            event: dataset.name,
            id: `k3f9-10.${numbers[index]}.7ps`,
            data,
          })),
        );
      }
    });
  });

  test("are these bytes, exactly so", () => {
    const batch = publicBatch(memory, [plainRow(memory), plainRow(memory)], 99);
    const columns = ["timestamp", "used_percent"];
    const record = (sequence: number) =>
      `{"dataset":"memory","sequence":${sequence},"timestamp":"2026-01-01T00:00:00.123Z","used_percent":0}`;
    assert.equal(text(encoded(memory, { ...OPTIONS, columns }, batch)), `${record(99)}\n${record(100)}\n`);
    const event = (sequence: number) => `event: memory\nid: ${sequence}\ndata: ${record(sequence)}\n\n`;
    const events = encoded(memory, { ...OPTIONS, framing: "sse", columns }, batch);
    assert.equal(text(events), event(99) + event(100));
  });

  test("have the ids of their chunk: what stood around the number before is forgotten", () => {
    const batch = publicBatch(memory, [plainRow(memory)], 40);
    const options = { ...OPTIONS, framing: "sse", ids: "next", columns: null } as const;
    const encoder = createRecordEncoder(memory, options);
    const idOf = (idBefore: string, idAfter: string) =>
      parseEvents(text(encoder.encode(batch, [{ from: 0, to: 1 }], { ...FACTS, idBefore, idAfter })))[0]?.id;
    assert.equal(idOf("a-", ".1"), "a-15.1");
    assert.equal(idOf("a-", ".longer than before"), "a-15.longer than before");
    assert.equal(idOf("", ""), "15");
    assert.equal(idOf("a-", ".1"), "a-15.1");
  });

  test("tell of what is missing on a line of their own, or in an event without an id", () => {
    const notice = { notice: "dropped", dataset: "memory", rows: 3, next: 12 } as const;
    const json = '{"notice":"dropped","dataset":"memory","rows":3,"next":12}';
    assert.equal(text(encodeNotice(notice, "jsonl", "raw")!), `${json}\n`);
    for (const format of ["jsonl", "arrow"] as const) {
      assert.equal(text(encodeNotice(notice, format, "sse")!), `event: dropped\ndata: ${json}\n\n`);
    }
    assert.equal(encodeNotice(notice, "arrow", "raw"), undefined);
  });
});

test("property: a whole number in base 36 is as String has it, and nothing behind it is touched", () => {
  const ends = [0, 35, 36, 36 ** 5 - 1, 36 ** 5, 36 ** 10 - 1, 36 ** 10, Number.MAX_SAFE_INTEGER];
  const value = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(...ends));
  fc.assert(
    fc.property(value, fc.nat(5), (whole, at) => {
      const bytes = new Uint8Array(20).fill(0x2e);
      const end = putBase36(new DataView(bytes.buffer), at, whole);
      const written = whole.toString(36);
      assert.equal(end, at + written.length);
      assert.equal(text(bytes), `${".".repeat(at)}${written}`.padEnd(20, "."));
    }),
    { seed: 75, numRuns: 500 },
  );
});
