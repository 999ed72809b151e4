import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Dataset } from "../../../datasets/define.ts";
import { memory } from "../../../datasets/memory.ts";
import { base64Bytes, putBase64 } from "../../../datasets/records/base64.ts";
import {
  createRecordEncoder,
  FRAMINGS,
  type MessageHead,
  STREAM_FORMATS,
} from "../../../datasets/records/index.ts";
import { Batch, BatchPlan } from "../../../runtime/batch/index.ts";
import { fieldSpec, writeCase } from "../../fixtures/batch-cases.ts";
import { everything, plainRow } from "../../fixtures/dataset-rows.ts";
import { mixed } from "../../fixtures/mixed-rows.ts";
import { publicBatch, SLOT, SLOT_BYTES, sharedMemory } from "../../fixtures/public-batches.ts";
import { readMsgpack } from "./msgpack-reader.ts";
import { allDatasets, encoded, FACTS, forMixedRows } from "./support.ts";

const RUNS = [
  { from: 1, to: 2 },
  { from: 3, to: 5 },
];

function fiveRows(): Batch {
  const rows = Array.from({ length: 5 }, (_, count) => ({ ...plainRow(memory), processes_count: count }));
  return publicBatch(memory, rows, 1000);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** What a message and a binary event hold: records that can be read without any before. */
function payloadOf(format: (typeof STREAM_FORMATS)[number]): Uint8Array {
  const message = encoded(memory, { format, framing: "message" }, fiveRows(), RUNS);
  return message.subarray(message.indexOf(0x0a) + 1);
}

describe("framing", () => {
  test("message: a line that says what the records are of, and the records", () => {
    for (const format of STREAM_FORMATS) {
      const message = encoded(memory, { format, framing: "message" }, fiveRows(), RUNS);
      const end = message.indexOf(0x0a);
      const head: MessageHead = {
        op: "rows",
        subscription: 7,
        dataset: "memory",
        first: 1000,
        next: 1005,
        rows: 3,
      };
      assert.equal(text(message.subarray(0, end)), JSON.stringify(head));
      const records = encoded(memory, { format, framing: "raw" }, fiveRows(), RUNS);
      if (format !== "arrow") assert.deepEqual(message.subarray(end + 1), records);
      else assert.ok(text(message.subarray(end + 1)).includes(text(records)));
    }
  });

  test("message: covers what its chunk does, where it is told", () => {
    const facts = { ...FACTS, first: 990, next: 1003 };
    const message = encoded(memory, { format: "jsonl", framing: "message" }, fiveRows(), RUNS, facts);
    assert.match(
      text(message),
      /^\{"op":"rows","subscription":7,"dataset":"memory","first":990,"next":1003,"rows":3\}\n/,
    );
  });

  test("sse: of a binary format one event a chunk, its id that of the last row", () => {
    const facts = { ...FACTS, idBefore: "a-", idAfter: ".b" };
    for (const format of ["msgpack", "protobuf", "arrow"] as const) {
      for (const [ids, id] of [
        ["row", "1004"],
        ["next", (1005).toString(36)],
      ] as const) {
        const event = text(encoded(memory, { format, framing: "sse", ids }, fiveRows(), RUNS, facts));
        const match = /^event: memory\nid: a-(\w+)\.b\ndata: ([\w+/]+=*)\n\n$/.exec(event);
        assert.ok(match, event);
        assert.equal(match[1], id);
        assert.deepEqual(new Uint8Array(Buffer.from(match[2]!, "base64")), new Uint8Array(payloadOf(format)));
      }
    }
  });

  test("only a raw stream has something before its first chunk, and only that of Arrow", () => {
    for (const format of STREAM_FORMATS) {
      for (const framing of FRAMINGS) {
        const { preamble } = createRecordEncoder(memory, { format, framing, columns: null });
        assert.equal(preamble.length > 0, format === "arrow" && framing === "raw", `${format} ${framing}`);
      }
    }
  });

  test("a chunk has memory of its own, which no later chunk of any encoder touches", () => {
    const kept = STREAM_FORMATS.flatMap((format) =>
      FRAMINGS.map((framing) => {
        const chunk = encoded(memory, { format, framing }, fiveRows(), RUNS);
        assert.equal(chunk.buffer.byteLength, chunk.byteLength);
        return { chunk, bytes: [...chunk] };
      }),
    );
    for (const format of STREAM_FORMATS) {
      const other = publicBatch(everything, Array(9).fill(plainRow(everything)));
      for (const framing of FRAMINGS) encoded(everything, { format, framing }, other);
    }
    for (const { chunk, bytes } of kept) assert.deepEqual([...chunk], bytes);
  });

  test("a broken category is an error that names it, and the next chunk is whole again", () => {
    for (const format of ["jsonl", "msgpack", "protobuf"] as const) {
      for (const framing of ["raw", "sse"] as const) {
        const options = { format, framing, columns: null, datasets: allDatasets };
        const encoder = createRecordEncoder(everything, options);
        const encode = () =>
          encoder.encode(publicBatch(everything, [plainRow(everything)]), [{ from: 0, to: 1 }], FACTS);
        const before = encode();
        const batch = publicBatch(everything, [plainRow(everything), plainRow(everything)]);
        batch.views.u8[batch.dataAt(everything.plan.public("category_or")) + 1] = 2;
        assert.throws(
          () => encoder.encode(batch, [{ from: 0, to: 2 }], FACTS),
          /category_or, row 1: expected a category below 2; came 2/,
        );
        assert.deepEqual(encode(), before);
      }
    }
  });

  test("text of any length is a string; Arrow refuses it, as no dataset lets any leave", () => {
    const field = fieldSpec("note", "utf8", true);
    const plan = new BatchPlan({ public: [field], raw: [] });
    const spec = { class: "category", type: "category", values: [], meaning: "" } as const;
    const notes: Dataset = {
      ...everything,
      plan,
      publicColumns: [{ name: "note", source: "note", spec, field }],
    };
    const texts = [
      "",
      "größer 雪 😀",
      null,
      "x".repeat(31),
      "x".repeat(32),
      "y".repeat(300),
      "z".repeat(70_000),
    ];
    const bytes = texts.reduce((sum, value) => sum + new TextEncoder().encode(value ?? "").length, 0);
    const batch = new Batch(sharedMemory(), plan);
    const values = new Map([["note", texts]]);
    writeCase(batch, SLOT, SLOT_BYTES, { plan, rows: texts.length, values, textBytes: { note: bytes } });
    const maps = readMsgpack(encoded(notes, { format: "msgpack", framing: "raw" }, batch));
    assert.deepEqual(
      maps.map((record) => (record as Map<string, unknown>).get("note")),
      texts,
    );
    const records = text(encoded(notes, { format: "protobuf", framing: "raw" }, batch));
    for (const value of texts) assert.ok(records.includes(value ?? ""));
    const lines = text(encoded(notes, { format: "jsonl", framing: "raw" }, batch))
      .split("\n")
      .slice(0, -1);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).note),
      texts,
    );
    assert.throws(() => encoded(notes, { format: "arrow", framing: "raw" }, batch), /column note is text/);
  });
});

test("property: base64 is as the runtime has it, in any place", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(5), (bytes, at) => {
      const into = new Uint8Array(80).fill(0x2e);
      const end = putBase64(new DataView(into.buffer), at, bytes);
      assert.equal(end - at, base64Bytes(bytes.length));
      const written = Buffer.from(bytes).toString("base64");
      assert.equal(text(into), `${".".repeat(at)}${written}`.padEnd(80, "."));
    }),
    { seed: 77, numRuns: 500 },
  );
});

/** One of each framing, over rows of everything: whoever changes a byte on the way out changes one of these too. */
test("the same rows have the same bytes, on every runtime", () => {
  const digests = STREAM_FORMATS.flatMap((format) =>
    FRAMINGS.map((framing) => {
      const digest = createHash("sha256");
      forMixedRows(1000, (batch) => {
        digest.update(encoded(mixed, { format, framing }, batch));
        digest.update(
          encoded(mixed, { format, framing, columns: ["name_hash", "at", "f64_or"] }, batch, RUNS),
        );
      });
      return `${format} ${framing} ${digest.digest("hex").slice(0, 16)}`;
    }),
  );
  assert.deepEqual(digests, GOLDEN);
});

const GOLDEN: readonly string[] = [
  "jsonl raw ca29a13ba8f0dabd",
  "jsonl sse 05264adc01fc5872",
  "jsonl message afe2f109cb261623",
  "msgpack raw 030d1131ae18e209",
  "msgpack sse 2610ad2f5566602a",
  "msgpack message 18c33e37dbcd62f4",
  "protobuf raw 64aa400e5f640552",
  "protobuf sse f64805700937ab73",
  "protobuf message aae770e95ad8accb",
  "arrow raw e8203b62b9e7a80c",
  "arrow sse e3017d4e8a0c9b60",
  "arrow message 311e85f18032df81",
];
