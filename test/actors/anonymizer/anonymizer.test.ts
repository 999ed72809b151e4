/**
 * Promise 1, within the memory: no stage behind the anonymizer meets a raw byte, wherever and however often the anonymizer dies.
 *
 * Breaks when the cursor moves before the wiping, when the state is set too early or too late, when pseudonyms are made again
 * from wiped bytes, when less than everything raw is wiped, or when a poisoned batch is let through or not accounted for.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { keyPath } from "../../../actors/anonymizer/key.ts";
import { process } from "../../../datasets/process.ts";
import type { Row } from "../../../datasets/row.ts";
import { Batch } from "../../../runtime/batch/index.ts";
import { LaneReader } from "../../../runtime/lane/index.ts";
import { temporaryFolder } from "../../e2e/support.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { AnonymizerHouse, type Seen } from "./anonymizer-house.ts";
import { pseudonymOf } from "./reference.ts";

const START_MS = Date.UTC(2026, 0, 1);
/** Names of any length there is, none of which could be in a slot by chance. */
const NAMES = ["canary-xk7", "señor-çanary", "z".repeat(255), "0xDEADBEEF-prog"];

function rowsOf(count: number, from = 0): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: START_MS + index,
    pid: 4_000_000_001 + ((from + index) % 7),
    name: NAMES[(from + index) % NAMES.length]!,
    working_set_mb: index + 0.5,
    private_bytes_mb: index % 3 === 0 ? null : index,
    cpu_percent: null,
    io_read_bytes: index * 4096,
    io_write_bytes: null,
  }));
}

/** Nothing of the names, and no raw process id in four bytes of its own, anywhere in the slot. */
function assertNothingRaw({ slot }: Seen): void {
  const bytes = Buffer.from(slot);
  for (const name of NAMES) {
    // A part would be a leak too.
    const text = Buffer.from(name);
    for (let at = 0; at + 6 <= text.length; at++) {
      assert.equal(bytes.indexOf(text.subarray(at, at + 6)), -1, `a part of ${name} is in the slot`);
    }
  }
  for (let pid = 4_000_000_001; pid < 4_000_000_008; pid++) {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(pid);
    assert.equal(bytes.indexOf(word), -1, "a raw process id is in the slot");
  }
}

function assertPseudonyms(folder: string, { rows }: Seen, raw: readonly Row[]): void {
  const key = readFileSync(keyPath(folder));
  assert.equal(rows.length, raw.length);
  rows.forEach((row, index) => {
    const { pid, name, working_set_mb } = raw[index]!;
    assert.equal(row["pid"], pseudonymOf(key, "process-id", pid as number).u32);
    assert.equal(row["name_hash"], pseudonymOf(key, "process-name", name as string).u64);
    assert.equal(row["working_set_mb"], working_set_mb);
  });
}

interface Died {
  readonly times: number;
}

/** Has one method die when it is called for the first time, `times` times over, and puts it back after the test. */
function dieIn<Owner extends object>(
  t: TestContext,
  owner: Owner,
  method: keyof Owner & string,
  before: (die: () => never, call: () => unknown, args: unknown[]) => void,
  times: number,
  inQuestion: (args: readonly unknown[]) => boolean = () => true,
): Died {
  const own = Object.getOwnPropertyDescriptor(owner, method)!;
  const original = own.value as (this: unknown, ...args: unknown[]) => unknown;
  const died = { times: 0 };
  const faulty = function (this: unknown, ...args: unknown[]) {
    const call = () => original.apply(this, args);
    if (died.times >= times || !inQuestion(args)) return call();
    const die = (): never => {
      died.times++;
      throw new Error("died here");
    };
    before(die, call, args);
    return call();
  };
  Object.defineProperty(owner, method, { ...own, value: faulty });
  t.after(() => Object.defineProperty(owner, method, own));
  return died;
}

describe("the anonymizer", () => {
  test("gives later stages pseudonyms and not a byte of what they stand for", async (t) => {
    const folder = temporaryFolder(t);
    const house = await new AnonymizerHouse(folder).start();
    for (let batch = 0; batch < 12; batch++) {
      house.publish(rowsOf(20, batch));
      await house.settle();
    }
    assert.equal(house.seen.length, 12);
    house.seen.forEach((seen, batch) => {
      assertPseudonyms(folder, seen, rowsOf(20, batch));
      assertNothingRaw(seen);
    });
    assert.equal(house.restarts("anonymizer"), 0);
  });

  test("wipes what a source that died before publishing left behind a shorter batch", async (t) => {
    const house = await new AnonymizerHouse(temporaryFolder(t)).start();
    house.publish(rowsOf(100), { dies: true });
    await house.settle();
    assert.equal(house.restarts("source"), 1);
    house.publish(rowsOf(1));
    await house.settle();
    assert.equal(house.seen.length, 1);
    assert.equal(house.seen[0]?.rows.length, 1);
    assertNothingRaw(house.seen[0]!);
  });

  type Arrange = (t: TestContext, house: AnonymizerHouse, times: number) => Died;
  const now = (die: () => never) => die();
  const afterwards = (die: () => never, call: () => unknown) => {
    call();
    die();
  };
  /** Keys are derived with the same kernels: those calls are not meant. */
  const inSlots =
    ({ system }: AnonymizerHouse, argument: number) =>
    (args: readonly unknown[]) => {
      const at = args[argument] as number;
      return at >= system.lanes[0]!.offset && at < system.lanes.at(-1)!.offset;
    };
  /** Of a wipe that is cut short, the second half is as it was. */
  const halfWay =
    ({ kernels }: AnonymizerHouse) =>
    (die: () => never, call: () => unknown, args: unknown[]) => {
      const [at, bytes] = args as [number, number];
      const u8 = new Uint8Array(kernels.memory.buffer);
      const half = at + (bytes >>> 1);
      const rest = u8.slice(half, at + bytes);
      call();
      u8.set(rest, half);
      die();
    };
  const moments: readonly (readonly [string, Arrange])[] = [
    ["before the first pseudonym", (t, { kernels }, times) => dieIn(t, kernels, "hmacNumbers", now, times)],
    [
      "between two columns of pseudonyms",
      (t, house, times) => dieIn(t, house.kernels, "hmacBytes", now, times, inSlots(house, 1)),
    ],
    [
      "after the pseudonyms, before the state says so",
      (t, house, times) => dieIn(t, house.kernels, "hmacBytes", afterwards, times, inSlots(house, 1)),
    ],
    [
      "after the state says so, before the wiping",
      (t, house, times) => dieIn(t, house.kernels, "wipe", now, times, inSlots(house, 0)),
    ],
    [
      "within the wiping",
      (t, house, times) => dieIn(t, house.kernels, "wipe", halfWay(house), times, inSlots(house, 0)),
    ],
    ["after the wiping, before the sealing", (t, _, times) => dieIn(t, Batch.prototype, "seal", now, times)],
    ["after the sealing, before the release", (t, _, times) => dieOnRelease(t, times)],
  ];

  for (const [moment, arrange] of moments) {
    for (const times of [1, 2]) {
      test(`dying ${moment}, ${times === 1 ? "once" : "twice"}, changes no public byte`, async (t) => {
        const folder = temporaryFolder(t);
        const calm = await new AnonymizerHouse(folder).start();
        const shaken = await new AnonymizerHouse(folder).start();
        for (const house of [calm, shaken]) {
          const died = house === shaken ? arrange(t, house, times) : undefined;
          for (let batch = 0; batch < 3; batch++) house.publish(rowsOf(20, batch));
          await house.settle();
          if (died !== undefined) assert.equal(died.times, times);
        }
        assert.equal(shaken.restarts("anonymizer"), times);
        assert.equal(shaken.restarts("reader"), 0);
        assert.equal(shaken.seen.length, 3);
        assert.deepEqual(
          shaken.seen.map(({ message }) => message),
          calm.seen.map(({ message }) => message),
        );
        shaken.seen.forEach((seen, batch) => {
          assertPseudonyms(folder, seen, rowsOf(20, batch));
          assertNothingRaw(seen);
        });
        const { received, stored, balanced } = shaken.ledger();
        assert.deepEqual({ received, stored, balanced }, { received: 60, stored: 60, balanced: true });
      });
    }
  }

  for (const [moment, arrange] of moments.slice(0, 5)) {
    test(`a batch that it always dies of, ${moment}, is wiped whole and accounted for`, async (t) => {
      const folder = temporaryFolder(t);
      const house = await new AnonymizerHouse(folder).start();
      const died = arrange(t, house, 3);
      house.publish(rowsOf(30));
      house.publish(rowsOf(10, 30));
      await house.settle();
      assert.equal(died.times, 3);
      assert.deepEqual(
        house.seen.map(({ firstSequence, rows }) => [firstSequence, rows.length]),
        [
          [0, 0],
          [30, 10],
        ],
      );
      for (const seen of house.seen) assertNothingRaw(seen);
      assertPseudonyms(folder, house.seen[1]!, rowsOf(10, 30));
      const { received, stored, dropped, inFlight, balanced } = house.ledger();
      assert.deepEqual(
        { received, stored, poison: dropped.poison, inFlight, balanced },
        { received: 40, stored: 10, poison: 30, inFlight: 0, balanced: true },
      );
      const { count, latest } = house.system.status().deadLetters;
      assert.equal(count, 1);
      assert.equal(
        latest[0]?.reason,
        "a batch of 30 rows of process could not be pseudonymized; they were wiped",
      );
    });
  }

  test("a stage that reads before it finds out at once", async (t) => {
    const house = await new AnonymizerHouse(temporaryFolder(t)).start();
    const batch = new Batch(house.kernels.memory, process.plan);
    const slot = 2 ** 21;
    for (const state of ["raw", "pseudonymized"] as const) {
      batch.begin(slot, 2 ** 16, 1, { firstSequence: 0, textBytes: { name: 8 } });
      batch.state = state;
      assert.throws(() => batch.bindPublic(slot), /before its identifiers were taken out/);
    }
    batch.seal();
    assert.equal(batch.bindPublic(slot).rows, 1);
  });
});

/** Dies in the anonymizer's release and in nobody else's. */
function dieOnRelease(t: TestContext, times: number): Died {
  const own = Object.getOwnPropertyDescriptor(LaneReader.prototype, "release")!;
  const original = own.value as (this: LaneReader) => void;
  const died = { times: 0 };
  Object.defineProperty(LaneReader.prototype, "release", {
    ...own,
    value(this: LaneReader) {
      if (this.stage === "anonymizer" && died.times < times) {
        died.times++;
        throw new Error("died here");
      }
      original.call(this);
    },
  });
  t.after(() => Object.defineProperty(LaneReader.prototype, "release", own));
  return died;
}
