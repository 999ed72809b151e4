/**
 * What a dead letter keeps of a row. What would fail here: a text of the sender in a letter, wherever it stood; another pseudonym than the log
 * would have; a row that is not kept though everything in it may be.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLetterMaker } from "../../../actors/intake/letter-maker.ts";
import { letterScratchBytes } from "../../../actors/intake/scratch.ts";
import { ValuePseudonyms } from "../../../actors/intake/value-pseudonyms.ts";
import { compressionTelemetry } from "../../../datasets/compression-telemetry.ts";
import { type Dataset, defineDataset } from "../../../datasets/define.ts";
import { process as processDataset } from "../../../datasets/process.ts";
import type { Rejection } from "../../../datasets/rejection.ts";
import { createRowValidator } from "../../../datasets/validate.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../../wasm/index.ts";
import { pseudonymOf } from "../anonymizer/reference.ts";

const wide = defineDataset({
  name: "wide",
  title: "Columns of every kind",
  time: "at",
  batchRows: 8,
  slots: 2,
  columns: {
    at: { class: "moment", type: "timestamp", meaning: "When." },
    user: { class: "identifier", type: "u64", kind: "user", meaning: "Who." },
    machine: { class: "identifier", type: "u32", kind: "machine", pseudonym: "u32", meaning: "Where." },
    count: { class: "measure", type: "u64", unit: "1", nullable: true, meaning: "How many." },
    drift: { class: "measure", type: "i64", unit: "1", nullable: true, max: 10, meaning: "How far." },
    kind: { class: "category", type: "category", values: ["a", "b"], nullable: true, meaning: "Which." },
    good: { class: "measure", type: "bool", unit: "1", nullable: true, meaning: "Whether." },
  },
});
const datasets: readonly Dataset[] = [compressionTelemetry, processDataset, wide];
const key = Uint8Array.from({ length: 32 }, (_, at) => at * 7 + 1);
const scratchBytes = letterScratchBytes(datasets);
const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + scratchBytes });
const kernels = instantiateKernels(compileKernels(), memory);
const pseudonyms = new ValuePseudonyms(kernels, KERNEL_STATIC_BYTES, key, datasets);

const rejection: Rejection = {
  row: 3,
  column: "rtt_ms",
  reason: "bound",
  expected: "a number of at least 0",
  got: "-1",
};
const kept = (dataset: Dataset, row: unknown, more: Partial<Rejection> = {}) =>
  createLetterMaker(dataset, pseudonyms)({ ...rejection, ...more }, row as Readonly<Record<string, unknown>>);

const sample = {
  timestamp: "2026-06-01T12:00:00.5+02:00",
  vm_id: "vm-0042",
  request_id: "räquest-😀",
  session_id: null,
  link_type: "wan",
  region: "us-east-1",
  network_tier: 9,
  bandwidth_available_mbps: -3.5,
  bandwidth_utilization: 1e300,
  rtt_ms: -1,
  payload_size: 0,
  payload_type: "who knows",
  has_baseline: true,
  actual_algorithm: "AMST",
};

test("keeps pseudonyms, numbers of any size, moments, and values of closed lists", () => {
  const { row, ...rest } = kept(compressionTelemetry, sample);
  const { row: _, ...told } = rejection;
  assert.deepEqual(rest, told);
  const of = (kind: string, value: string) => String(pseudonymOf(key, kind, value).u64);
  assert.deepEqual(row, {
    ...sample,
    timestamp: Date.UTC(2026, 5, 1, 10, 0, 0, 500),
    vm_id: of("vm", sample.vm_id),
    request_id: of("request", sample.request_id),
    region: "us-*",
    payload_type: "other",
  });
});

test("numbers of 64 bits and pseudonyms of both widths are exact", () => {
  const at = Date.UTC(2026, 0, 1);
  const values = {
    at,
    user: 2n ** 64n - 1n,
    machine: 77,
    count: 2 ** 60,
    drift: "-9223372036854775808",
    good: 1,
  };
  assert.deepEqual(kept(wide, values).row, {
    at,
    user: String(pseudonymOf(key, "user", 2n ** 64n - 1n, 8).u64),
    machine: String(pseudonymOf(key, "machine", 77).u32),
    count: 2 ** 60,
    drift: "-9223372036854775808",
    good: 1,
  });
  assert.equal(kept(wide, { user: "123" }).row?.["user"], String(pseudonymOf(key, "user", 123, 8).u64));
  assert.equal(kept(wide, { drift: 11n }).row?.["drift"], "11");
  assert.deepEqual(kept(wide, { count: undefined, at: 1e300 }).row, { at: 1e300 });
});

test("keeps nothing of a row that may hold what nobody declared", () => {
  const canary = "canary";
  const odd: readonly (readonly [Dataset, unknown])[] = [
    [compressionTelemetry, { ...sample, [canary]: 1 }],
    [compressionTelemetry, { ...sample, ["__proto__x"]: 1 }],
    [compressionTelemetry, JSON.parse('{"__proto__": "canary"}')],
    [compressionTelemetry, { ...sample, rtt_ms: canary }],
    [compressionTelemetry, { ...sample, rtt_ms: "12.5" }],
    [compressionTelemetry, { ...sample, rtt_ms: Number.NaN }],
    [compressionTelemetry, { ...sample, rtt_ms: [canary] }],
    [compressionTelemetry, { ...sample, timestamp: canary }],
    [compressionTelemetry, { ...sample, timestamp: true }],
    [compressionTelemetry, { ...sample, link_type: canary }],
    [compressionTelemetry, { ...sample, has_baseline: canary }],
    // Beyond what its column takes: to take its pseudonym later would be to take what was refused.
    [compressionTelemetry, { ...sample, vm_id: "v".repeat(65) }],
    [compressionTelemetry, { ...sample, vm_id: 12 }],
    [compressionTelemetry, { ...sample, region: "r".repeat(21) }],
    [compressionTelemetry, { ...sample, vm_id: { name: canary } }],
    [wide, { user: -1 }],
    [wide, { machine: 1.5 }],
    [wide, { count: "0x10" }],
    [wide, { count: "1".repeat(22) }],
    [wide, { drift: "12,5" }],
    [wide, [canary]],
    [wide, canary],
    [wide, null],
    [wide, undefined],
  ];
  for (const [dataset, row] of odd) {
    const letter = kept(dataset, row);
    assert.equal(
      letter.row,
      null,
      JSON.stringify(row, (_, value) => (typeof value === "bigint" ? "big" : value)),
    );
    assert.ok(!JSON.stringify(letter).includes(canary));
  }
});

test("does not repeat the name of a column that nobody declared", () => {
  const letter = kept(wide, { alice: 1 }, { column: "alice", reason: "unknown-column" });
  assert.deepEqual([letter.column, letter.row], [null, null]);
  assert.equal(kept(wide, { user: -1 }, { column: "user" }).column, "user");
});

test("no text comes through that is none of the declared values, whatever a row is", () => {
  const allowed = new Set<string>(
    Object.values(wide.columns).flatMap((spec) => ("values" in spec ? spec.values : [])),
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("a", "b", "1", "-5", "2026-01-01T00:00:00Z", "canary"),
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.boolean(),
    fc.constant(null),
    fc.anything(),
  );
  const names = [...Object.keys(wide.columns), "canary"];
  const row = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 });
  const validate = createRowValidator(wide);
  fc.assert(
    fc.property(row, (raw) => {
      const { row: letter } = kept(wide, raw);
      if (validate(raw, 0).ok) assert.notEqual(letter, null, "a row that is good can be kept");
      for (const [name, made] of Object.entries(letter ?? {})) {
        assert.ok(names.includes(name) && name !== "canary");
        if (typeof made !== "string") continue;
        assert.ok(allowed.has(made) || /^-?\d{1,20}$/.test(made), made);
      }
      assert.deepEqual(JSON.parse(JSON.stringify(letter)), letter, "it is plain JSON");
    }),
    { numRuns: 1500, seed: 5 },
  );
});

test("nothing raw stays in the shared memory", () => {
  kept(compressionTelemetry, {
    ...sample,
    vm_id: "canary-of-the-machine",
    request_id: "canary-of-the-request",
  });
  kept(wide, { user: 0x1122334455667788n, machine: 0x99aabbcc });
  const bytes = Buffer.from(new Uint8Array(memory.buffer).slice(KERNEL_STATIC_BYTES));
  for (const raw of ["canary", Buffer.from([0x88, 0x77, 0x66, 0x55]), Buffer.from([0xcc, 0xbb, 0xaa, 0x99])])
    assert.equal(bytes.indexOf(raw), -1);
  assert.equal(bytes.indexOf(key.subarray(0, 16)), -1);
  pseudonyms.end();
  const left = new Uint8Array(memory.buffer, KERNEL_STATIC_BYTES, scratchBytes).filter((byte) => byte !== 0);
  // The length of the last text, and its pseudonym.
  assert.ok(left.length <= 16, `${left.length} bytes are left when the keys are forgotten`);
});
