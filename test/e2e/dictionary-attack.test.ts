/**
 * What somebody can do who has everything that leaves, and no key: guess. Identifiers come from small worlds: process ids below 4 194 304,
 * names that people and programs have, addresses of a network, machines and requests that are counted. All of these are tried, hashed
 * in every way that needs no key or one that can be guessed, against every number that stands in what was collected: not one comes back.
 * With the key all do, by the same search, so it would have seen them.
 *
 * And two data folders have nothing in common: neither a pseudonym nor an order, nor a bit that tells of its like in the other.
 *
 * Breaks when a pseudonym is made without the key, when the key is a constant, when an identifier is in a file as it is, or when pseudonyms of
 * two folders, or their order, have to do with each other.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { type Collected, collect, type Pushed } from "./dictionary/collected.ts";
import { kindKey, tryNumbers, tryTexts } from "./dictionary/keyed.ts";
import { CHECKSUMS, DIGESTS, GUESSED_KEYS, type Keyless, xxHash32, xxHash64 } from "./dictionary/keyless.ts";
import { type Numbers64, numbersIn, wordsIn } from "./dictionary/targets.ts";
import { addresses, MAX_PID, machineNames, processNames, requestIds, userNames } from "./dictionary/words.ts";

const isDeno = process.versions["deno"] !== undefined;
/** Its hashes of node:crypto are ten times slower: of the words that nobody used, the dear ways are tried with every so-many-th only. */
const EVERY = isDeno ? 256 : 32;
const ROWS = 1800;
const REFUSED = 90;
const KINDS = ["vm", "request", "session", "process-name", "metric-group"];
const skip = process.platform === "linux" ? false : "reads process names from /proc";

test("the hashes that are tried are what they are called", () => {
  const text = (word: string) => new TextEncoder().encode(word);
  const first32 = (way: Keyless, word: string) => {
    let value = -1;
    way(
      text(word),
      () => {},
      (found) => {
        if (value < 0) value = found;
      },
    );
    return value;
  };
  assert.equal(first32(CHECKSUMS["CRC-32"]!, "123456789"), 0xcbf43926);
  assert.equal(first32(CHECKSUMS["CRC-32C"]!, "123456789"), 0xe3069283);
  assert.equal(first32(CHECKSUMS["FNV-1a 32"]!, "foobar"), 0xbf9cf968);
  assert.equal(xxHash32(text("")), 0x02cc5d05);
  assert.equal(xxHash32(text("Nobody inspects the spammish repetition")), 0xe2293b2f);
  assert.equal(xxHash64(text("")), 0xef46db3751d8e999n);
  assert.equal(xxHash64(text("Nobody inspects the spammish repetition")), 0xfbcea83c8a378bf1n);
  assert.equal(first32(DIGESTS["sha256"]!, "abc"), 0xba7816bf);
  let second = 0n;
  DIGESTS["FNV-1a 64"]!(
    text("foobar"),
    (high, low) => {
      second = (BigInt(high) << 32n) | BigInt(low);
    },
    () => {},
  );
  assert.equal(second, 0x85944171f73967e8n);
});

test("nothing of what leaves is guessed back without the key, all of it with it, and two folders have nothing in common", {
  timeout: 900_000,
  skip,
}, async (t) => {
  const worlds = {
    users: userNames(),
    programs: [...new Set([...processNames(), ...runningNames()])],
    addresses: addresses(),
    machines: machineNames(),
    requests: requestIds(),
    // Process ids as a program may send them.
    digits: Array.from({ length: 2 ** 16 }, (_, pid) => String(pid)),
  };
  const words = Object.values(worlds).flat();
  assert.ok(new Set(worlds.users).size >= 100_000);
  const pushed = rowsOf(worlds, 0, ROWS);
  const refused = rowsOf(worlds, 400_000, REFUSED);
  // As many as are told of.
  const groups = [...worlds.addresses.slice(5000, 5004), ...worlds.users.slice(7000, 7004)];
  const collected = await collect(t, pushed, refused, groups);
  const own = [
    ...new Set([...pushed, ...refused].flatMap((row) => Object.values(row) as string[])),
    ...groups,
  ];
  const numbers = numbersIn(collected.everything);
  const pids = new Set(collected.processes.map(({ pid }) => Number(pid)));
  const truePids = truthOf(collected, pids);

  // As it is, nothing stands anywhere.
  {
    const telling = new Set([...worlds.users, ...worlds.addresses, ...worlds.machines, ...worlds.requests]);
    for (const word of telling) if (word.length < 6) telling.delete(word);
    assert.deepEqual(wordsIn(collected.everything, telling), []);
    const [one, two] = own.filter((word) => telling.has(word));
    const control = { where: "a file", bytes: Buffer.from(`\0\x05${one}${two}\0`) };
    assert.ok(wordsIn([control], telling).length >= 2, "the search would have seen it");
  }

  // With the key, all is found where it is.
  {
    const found = withKey(collected.key, words, numbers);
    for (const word of own) assert.ok(found.has(word), `${word} was pushed, and its pseudonym is nowhere`);
    assert.ok(truePids.has(collected.pid), "the server has sampled itself");
    assert.equal(new Set(truePids.values()).size, pids.size, "each process id is found");
    assert.ok(numbers.size > 10_000);
  }

  // Without it, nothing is.
  {
    const recovered: string[] = [];
    const of64 = (way: string, word: string) => (high: number, low: number) => {
      if (numbers.has(high, low) || numbers.has(swapped(low), swapped(high)))
        recovered.push(`${word} by ${way}`);
    };
    const nothing = () => {};
    // All of them, by what is quick.
    const keys = [undefined, ...GUESSED_KEYS.map(([, key]) => key)];
    const schemes = GUESSED_KEYS.slice(0, 2).flatMap(([, key]) => KINDS.map((kind) => kindKey(key, kind)));
    const tried = [...keys, ...schemes].map((_, way) => (index: number, high: number, low: number) => {
      of64(`key ${way}`, words[index]!)(high, low);
    });
    tryTexts(words, [...keys, ...schemes], tried);
    // Those that are in there, and some others, by everything.
    const likely = new Set([...own, ...runningNames(), ...words.filter((_, index) => index % EVERY === 0)]);
    for (const [way, hash] of Object.entries({ ...CHECKSUMS, ...DIGESTS })) {
      for (const word of likely) hash(Buffer.from(word), of64(way, word), nothing);
    }
    assert.deepEqual(recovered, []);
  }

  // Process ids come back as often as chance has it, and never the right one.
  {
    const guesses = new Map<string, { tried: number; hits: number; right: number }>();
    const of32 = (way: string, pid: number, value: number) => {
      const guess = guesses.get(way) ?? { tried: 0, hits: 0, right: 0 };
      if (guess.tried === 0) guesses.set(way, guess);
      guess.tried++;
      if (!pids.has(value)) return;
      guess.hits++;
      if (truePids.get(pid) === value) guess.right++;
    };
    const both = (way: string, pid: number, value: number) => {
      of32(way, pid, value);
      of32(`${way}, turned round`, pid, swapped(value));
    };
    for (let pid = 0; pid < MAX_PID; pid++) both("the value", pid, pid);
    const scheme = kindKey(new Uint8Array(0), "process-id");
    tryNumbers(
      MAX_PID,
      [undefined, scheme],
      [(pid, high) => both("SHA-256", pid, high), (pid, high) => both("the scheme without a key", pid, high)],
    );
    const near = new Set([...truePids.keys(), ...Array.from({ length: 2 ** 16 / EVERY }, (_, pid) => pid)]);
    const ways = { ...CHECKSUMS, ...DIGESTS };
    for (const pid of near) {
      for (const [form, bytes] of formsOf(pid)) {
        for (const [way, hash] of Object.entries(ways))
          hash(
            bytes,
            () => {},
            (value) => both(`${way} of ${form}`, pid, value),
          );
      }
    }
    for (const [way, { tried, hits, right }] of guesses) {
      const byChance = (tried * pids.size) / 2 ** 32;
      assert.equal(right, 0, `${way} gives process ids back`);
      assert.ok(
        hits <= mostByChance(byChance),
        `${way}: ${hits} hits, where chance gives ${byChance.toFixed(2)}`,
      );
    }
    assert.ok(guesses.size > 50);
  }

  // Another folder has other pseudonyms, and nothing tells which belong together.
  {
    const other = await collect(t, pushed, refused, groups, false);
    assert.notDeepEqual(other.key, collected.key);
    for (const column of ["vm_id", "request_id", "session_id"] as const) {
      const [here, there] = [collected, other].map((one) => pseudonymsOf(one, pushed, column));
      assertUnlinkable(column, here!, there!);
    }
    const names = (one: Collected) => new Set(one.processes.map((row) => row["name_hash"] as bigint));
    assert.deepEqual(both(names(collected), names(other)), []);
    assert.deepEqual(both(new Set(collected.groups), new Set(other.groups)), []);
    const letters = (one: Collected) => new Set(one.letters.flatMap(({ row }) => idsOf(row)));
    assert.ok(letters(collected).size >= REFUSED);
    assert.deepEqual(both(letters(collected), letters(other)), []);
    // Nor does the one's key open what the other has.
    const found = withKey(other.key, own, numbers);
    assert.deepEqual([...found], []);
  }
});

/** Rows whose identifiers come from all worlds, so that each of these is in each column. */
function rowsOf(worlds: Readonly<Record<string, readonly string[]>>, from: number, count: number): Pushed[] {
  const { users, addresses: hosts, machines, requests, programs, digits } = worlds;
  const pick = (world: readonly string[], n: number) => world[(from + n * 7) % world.length]!;
  return Array.from({ length: count }, (_, n) => ({
    vm_id: pick([machines!, hosts!, users!, programs!][n % 4]!, n),
    request_id: pick([requests!, requests!, users!, hosts!][n % 4]!, n),
    session_id: n % 3 === 0 ? pick(digits!, n * 5) : pick([users!, machines!][n % 2]!, n + 3),
  }));
}

/** Names of what runs on this host, cut off as the host cuts them. */
function runningNames(): string[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      return [readFileSync(`/proc/${entry}/comm`, "utf8").trimEnd()];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** Words whose pseudonyms, of whatever kind, are among the numbers. */
function withKey(key: Uint8Array, words: readonly string[], numbers: Numbers64): ReadonlySet<string> {
  const found = new Set<string>();
  const keys = KINDS.map((kind) => kindKey(key, kind));
  const note = (index: number, high: number, low: number) => {
    if (numbers.has(high, low) || numbers.has(swapped(low), swapped(high))) found.add(words[index]!);
  };
  tryTexts(
    words,
    keys,
    keys.map(() => note),
  );
  return found;
}

/** By the key: which process id each pseudonym stands for. */
function truthOf({ key }: Collected, pids: ReadonlySet<number>): ReadonlyMap<number, number> {
  const truth = new Map<number, number>();
  tryNumbers(
    MAX_PID,
    [kindKey(key, "process-id")],
    [
      (pid, high) => {
        if (pids.has(high)) truth.set(pid, high);
      },
    ],
  );
  return truth;
}

/** A number as somebody may have hashed it. */
function formsOf(pid: number): readonly (readonly [string, Uint8Array])[] {
  const [four, turned, eight] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(8)];
  four.writeUInt32LE(pid);
  turned.writeUInt32BE(pid);
  eight.writeUInt32LE(pid);
  return [
    ["four bytes", four],
    ["four bytes, the highest first", turned],
    ["eight bytes", eight],
    ["its digits", Buffer.from(String(pid))],
  ];
}

function pseudonymsOf(
  { samples }: Collected,
  pushed: readonly Pushed[],
  column: keyof Pushed,
): readonly bigint[] {
  // A sample is known by the size of its payload.
  const bySize = new Map(samples.map((row) => [Number(row["payload_size"]), row[column] as bigint]));
  const byWord = new Map(pushed.map((row, index) => [row[column], bySize.get(index + 1)!]));
  assert.equal(bySize.size, pushed.length);
  return [...byWord.values()];
}

/** What there would be to see if the pseudonyms of equal identifiers had to do with each other. */
function assertUnlinkable(column: string, here: readonly bigint[], there: readonly bigint[]): void {
  assert.ok(here.length > 500);
  assert.deepEqual(both(new Set(here), new Set(there)), []);
  assert.equal(
    new Set(here.map((value, index) => value ^ there[index]!)).size,
    here.length,
    "a constant mask",
  );
  assert.equal(
    new Set(here.map((value, index) => BigInt.asUintN(64, value - there[index]!))).size,
    here.length,
  );
  // In units of what chance gives; beyond six, once in half a billion.
  const enough = 6 / Math.sqrt(here.length);
  const order = here.map((_, index) => BigInt(index));
  for (const [a, b] of [
    [here, there],
    [order, here],
    [order, there],
  ] as const) {
    const correlation = rankCorrelation(a, b);
    assert.ok(Math.abs(correlation) < enough, `${column}: the order correlates by ${correlation}`);
  }
  for (let bit = 0n; bit < 64n; bit++) {
    const agreed = here.filter((value, index) => (((value ^ there[index]!) >> bit) & 1n) === 0n).length;
    const beyond = Math.abs(2 * (agreed / here.length) - 1);
    assert.ok(beyond < enough, `${column}: bit ${bit} is the same in ${agreed} of ${here.length}`);
  }
}

/** Spearman's, of values that are all different. */
function rankCorrelation(a: readonly bigint[], b: readonly bigint[]): number {
  const ranks = (values: readonly bigint[]) => {
    const sorted = [...values.keys()].sort((one, two) => (values[one]! < values[two]! ? -1 : 1));
    const rank = new Array<number>(values.length);
    for (const [at, index] of sorted.entries()) rank[index] = at;
    return rank;
  };
  const [first, second] = [ranks(a), ranks(b)];
  const n = a.length;
  const squares = first.reduce((sum, rank, index) => sum + (rank - second[index]!) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}

function idsOf(row: unknown): string[] {
  const { vm_id, request_id, session_id } = (row ?? {}) as Readonly<Record<string, string>>;
  return [vm_id, request_id, session_id].filter((id) => id !== undefined);
}

function both<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): T[] {
  return [...a].filter((value) => b.has(value));
}

/** So many hits are passed by chance less than once in a thousand million times (Poisson). */
function mostByChance(expected: number): number {
  let term = Math.exp(-expected);
  let below = term;
  let hits = 0;
  while (1 - below > 1e-9 && hits < 1000) {
    hits++;
    term *= expected / hits;
    below += term;
  }
  return hits + 1;
}

/** The bytes of a word turned round. */
function swapped(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
