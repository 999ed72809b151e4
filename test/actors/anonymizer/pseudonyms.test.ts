/**
 * A pseudonym is what its documentation says, computed here with node:crypto: by text and number, 64 bits and 32, null or not.
 *
 * Breaks when the label, the byte order or the width changes (stored pseudonyms would no longer match), when two kinds share a
 * key, when a null becomes the hash of something, or when the working space keeps any of the key.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  createPseudonymizer,
  deriveKeys,
  identifierKinds,
  keyScratchBytes,
  repeatsScratchBytes,
} from "../../../actors/anonymizer/pseudonyms.ts";
import { type Columns, type Dataset, defineDataset } from "../../../datasets/define.ts";
import type { Row } from "../../../datasets/row.ts";
import { createRowWriter, maxBatchBytes } from "../../../datasets/write-rows.ts";
import type { Batch } from "../../../runtime/batch/index.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../../wasm/index.ts";
import { readRows } from "../store/log/rows.ts";
import { pseudonymOf } from "./reference.ts";

const SEED = 20_260_103;
const identifier = { class: "identifier", meaning: "Who." } as const;
const moment = { class: "moment", type: "timestamp", meaning: "When." } as const;

const people = dataset("people", {
  at: moment,
  login: { ...identifier, type: "utf8", kind: "account", as: "login_hash" },
  login_short: { ...identifier, type: "utf8", kind: "account", pseudonym: "u32", nullable: true },
  host: { ...identifier, type: "utf8", kind: "host", nullable: true },
  uid: { ...identifier, type: "u32", kind: "user-id" },
  uid_short: { ...identifier, type: "u32", kind: "user-id", pseudonym: "u32", nullable: true },
  session: { ...identifier, type: "u64", kind: "session", nullable: true },
  session_short: { ...identifier, type: "u64", kind: "session", pseudonym: "u32" },
});
const visits = dataset("visits", { at: moment, who: { ...identifier, type: "utf8", kind: "account" } });

const kinds = identifierKinds([people, visits]);
const SLOT_BYTES = 2 ** 20;
const SCRATCH = KERNEL_STATIC_BYTES;
const REPEATS = SCRATCH + 32_768;
const SLOT = KERNEL_STATIC_BYTES + 65_536;
const memory = createKernelMemory({ bytes: SLOT + SLOT_BYTES });
const kernels = instantiateKernels(compileKernels(), memory);
const bytes = new Uint8Array(memory.buffer);

function dataset(name: string, columns: Columns): Dataset {
  return defineDataset({ name, title: name, time: "at", batchRows: 300, slots: 2, columns });
}

/** The rows as they leave the pseudonymizer, from a slot that held something else before. */
function pseudonymized(of: Dataset, rows: readonly Row[], key: Uint8Array) {
  const states = deriveKeys(kernels, SCRATCH, key, kinds);
  const writer = createRowWriter(memory, of);
  assert.ok(maxBatchBytes(of) <= SLOT_BYTES);
  assert.ok(REPEATS + repeatsScratchBytes(of.batchRows) <= SLOT);
  bytes.fill(0xa5, SLOT, SLOT + SLOT_BYTES);
  writer.write(SLOT, SLOT_BYTES, rows, 0, 0);
  createPseudonymizer(kernels, of, states, REPEATS)(writer.batch as Batch);
  return readRows(writer.batch);
}

const text = fc.string({ unit: "binary", maxLength: 80 }).filter((value) => value.isWellFormed());
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 9 }).map(BigInt));
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 3 });
const person = fc.record(
  {
    at: fc.constant(0),
    login: text,
    login_short: orNull(text),
    host: orNull(text),
    uid: u32,
    uid_short: orNull(u32),
    session: orNull(u64),
    session_short: u64,
  },
  { noNullPrototype: true },
);
const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("a pseudonym", () => {
  test("is the documented beginning of an HMAC; a null stays null", () => {
    fc.assert(
      fc.property(fc.array(person, { maxLength: 40 }), keys, (rows, key) => {
        const made = pseudonymized(people, rows, key);
        const of = (kind: string, value: string | number | bigint | null, width: 4 | 8 = 4) =>
          value === null ? { u32: null, u64: null } : pseudonymOf(key, kind, value, width);
        const expected = rows.map((row) => ({
          at: 0,
          login_hash: of("account", row.login).u64,
          login_short: of("account", row.login_short).u32,
          host: of("host", row.host).u64,
          uid: of("user-id", row.uid).u64,
          uid_short: of("user-id", row.uid_short).u32,
          session: of("session", row.session, 8).u64,
          session_short: of("session", row.session_short, 8).u32,
        }));
        assert.deepEqual(made, expected);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  test("of a null is zeros underneath, whatever the slot held before", () => {
    const rows = Array.from({ length: 11 }, () => ({
      ...{ at: 0, login: "a", login_short: null, host: null, uid: 1, uid_short: null },
      ...{ session: null, session_short: 1 },
    }));
    pseudonymized(people, rows, new Uint8Array(32).fill(7));
    const writer = createRowWriter(memory, people);
    writer.batch.bind(SLOT);
    for (const name of ["login_short", "host", "uid_short", "session"]) {
      const column = people.plan.public(name);
      const width = column.type === "u32" ? 4 : 8;
      const at = writer.batch.dataAt(column);
      assert.deepEqual(bytes.slice(at, at + rows.length * width), new Uint8Array(rows.length * width), name);
    }
  });

  test("is the one that Python makes of the same name and key", () => {
    // hmac.new(hmac.new(bytes(range(32)), b"millrace/pseudonym/v1/account", "sha256").digest(), b"alice", "sha256").hexdigest()[:16]
    const key = Uint8Array.from({ length: 32 }, (_, index) => index);
    const [row] = pseudonymized(visits, [{ at: 0, who: "alice" }], key);
    assert.equal(row?.["who"], 0x80f61a4b949412c9n);
  });

  test("of one kind is one in every dataset and column, of two kinds never", () => {
    const key = new Uint8Array(32).fill(3);
    const value = "1000";
    const [one] = pseudonymized(
      people,
      [
        {
          ...{ at: 0, login: value, login_short: value, host: value, uid: 1000, uid_short: 1000 },
          ...{ session: 1000n, session_short: 1000n },
        },
      ],
      key,
    );
    const [two] = pseudonymized(visits, [{ at: 0, who: value }], key);
    assert.equal(two?.["who"], one?.["login_hash"]);
    assert.equal(one?.["login_short"], Number((one?.["login_hash"] as bigint) >> 32n));
    const different = [one?.["login_hash"], one?.["host"], one?.["uid"], one?.["session"]];
    assert.equal(new Set(different).size, different.length);
  });

  test("says nothing under another key", () => {
    const names = Array.from({ length: 200 }, (_, index) => ({ at: 0, who: `user${index}` }));
    const under = (fill: number) =>
      new Set(pseudonymized(visits, names, new Uint8Array(32).fill(fill)).map(({ who }) => who));
    const [one, two] = [under(1), under(2)];
    assert.equal(one.size, names.length);
    assert.equal([...one].filter((pseudonym) => two.has(pseudonym)).length, 0);
  });
});

describe("derived keys", () => {
  test("leave neither the key nor a kind's key in the working space", () => {
    const key = crypto.getRandomValues(new Uint8Array(32));
    const end = SCRATCH + keyScratchBytes(kinds.length);
    bytes.fill(0xee, SCRATCH, end + 64);
    const states = deriveKeys(kernels, SCRATCH, key, kinds);
    const space = Buffer.from(bytes.subarray(SCRATCH, end));
    assert.equal(space.includes(Buffer.from(key)), false);
    for (const kind of kinds) {
      const kindKey = createHmac("sha256", key).update(`millrace/pseudonym/v1/${kind}`).digest();
      assert.equal(space.includes(kindKey), false, kind);
    }
    const firstState = Math.min(...states.values());
    assert.deepEqual(bytes.slice(SCRATCH, firstState), new Uint8Array(firstState - SCRATCH));
    // What it needs is what it said it needs.
    assert.deepEqual(bytes.slice(end, end + 64), new Uint8Array(64).fill(0xee));
  });

  test("are one a kind, by name and not by order", () => {
    const key = new Uint8Array(32).fill(9);
    const rows = [{ at: 0, who: "bob" }];
    const [forward] = pseudonymized(visits, rows, key);
    const states = deriveKeys(kernels, SCRATCH, key, [...kinds].reverse());
    const writer = createRowWriter(memory, visits);
    writer.write(SLOT, SLOT_BYTES, rows, 0, 0);
    createPseudonymizer(kernels, visits, states, REPEATS)(writer.batch as Batch);
    assert.deepEqual(readRows(writer.batch), [forward]);
  });

  test("refuse a dataset whose kind has none", () => {
    const states = deriveKeys(kernels, SCRATCH, new Uint8Array(32), ["host"]);
    assert.throws(() => createPseudonymizer(kernels, visits, states, REPEATS), /kind account/);
  });
});
