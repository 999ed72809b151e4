/** Bodies that are too long, too slow, too many, or that break off. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BODY_MS,
  MAX_BODIES,
  MAX_STRANGERS_BODIES,
  ReadingRoom,
  readBounded,
  readWhole,
} from "../../http/bounded-body.ts";
import { VirtualClock } from "../../runtime/clock.ts";
import { settle } from "./support.ts";

/** A body that is sent by hand. */
function sender() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let wasGivenUp = false;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      wasGivenUp = true;
    },
  });
  return {
    body,
    send: (bytes: number) => controller?.enqueue(new Uint8Array(bytes).fill(7)),
    end: () => controller?.close(),
    break: () => controller?.error(new Error("reset")),
    wasGivenUp: () => wasGivenUp,
  };
}

test("a body is read whole, up to its limit", async () => {
  const clock = new VirtualClock();
  const { body, send, end } = sender();
  const read = readBounded(body, 10, clock);
  send(4);
  send(6);
  end();
  assert.deepEqual(await read, { ok: true, bytes: new Uint8Array(10).fill(7) });
  assert.equal(clock.nextDueMs(), undefined, "nothing waits for its end any more");
  assert.deepEqual(await readBounded(null, 10, clock), { ok: true, bytes: new Uint8Array(0) });
});

test("of one that is too long no more is read", async () => {
  const clock = new VirtualClock();
  const long = sender();
  const read = readBounded(long.body, 10, clock);
  long.send(4);
  long.send(7);
  assert.deepEqual(await read, { ok: false, reason: "too-long" });
  assert.ok(long.wasGivenUp());
  assert.equal(clock.nextDueMs(), undefined);
});

// Breaks when the deadline begins anew with every part: a byte every twenty seconds would then hold it for ever.
test("one that is too slow is given up, however it dribbles", async () => {
  const clock = new VirtualClock();
  const slow = sender();
  const read = readBounded(slow.body, 1000, clock);
  for (let n = 0; n < 3; n++) {
    slow.send(1);
    await settle();
    clock.advance(BODY_MS / 3);
  }
  assert.deepEqual(await read, { ok: false, reason: "too-slow" });
  assert.ok(slow.wasGivenUp());
});

test("one that breaks off is said to have", async () => {
  const broken = sender();
  const read = readBounded(broken.body, 10, new VirtualClock());
  broken.send(1);
  broken.break();
  assert.deepEqual(await read, { ok: false, reason: "broken" });
});

test("so many are read at once, and when one is done there is room again", async () => {
  const clock = new VirtualClock();
  const all = Array.from({ length: MAX_BODIES }, sender);
  const reads = all.map(({ body }) => readBounded(body, 10, clock));
  assert.deepEqual(await readBounded(sender().body, 10, clock), { ok: false, reason: "too-many" });
  all[0]!.end();
  assert.equal((await reads[0]!).ok, true);
  const next = sender();
  const read = readBounded(next.body, 10, clock);
  next.end();
  assert.equal((await read).ok, true);
  clock.advance(BODY_MS);
  for (const late of reads.slice(1)) assert.deepEqual(await late, { ok: false, reason: "too-slow" });
});

test("strangers' bodies take no place of others, and the other way round", async () => {
  const clock = new VirtualClock();
  for (const [isStranger, most] of [
    [true, MAX_STRANGERS_BODIES],
    [false, MAX_BODIES],
  ] as const) {
    const slow = Array.from({ length: most }, () => readBounded(sender().body, 10, clock, isStranger));
    const refused = await readBounded(sender().body, 10, clock, isStranger);
    assert.deepEqual(refused, { ok: false, reason: "too-many" });
    const other = sender();
    const read = readBounded(other.body, 10, clock, !isStranger);
    other.end();
    assert.equal((await read).ok, true);
    clock.advance(BODY_MS);
    for (const late of slow) assert.deepEqual(await late, { ok: false, reason: "too-slow" });
  }
});

/** A body that the runtime puts together: it is there when it is said to be. */
function whole() {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  return { bytes: () => promise, come: (bytes: number) => resolve(new Uint8Array(bytes)), break: reject };
}

test("one whose length was said is bounded the same way", async () => {
  const clock = new VirtualClock();
  const good = whole();
  const read = readWhole(good, 10, clock);
  good.come(10);
  assert.deepEqual(await read, { ok: true, bytes: new Uint8Array(10) });
  assert.equal(clock.nextDueMs(), undefined);
  const long = whole();
  const longer = readWhole(long, 10, clock);
  long.come(11);
  assert.deepEqual(await longer, { ok: false, reason: "too-long" });
  const broken = whole();
  const half = readWhole(broken, 10, clock);
  broken.break(new Error("reset"));
  assert.deepEqual(await half, { ok: false, reason: "broken" });
  const slow = whole();
  const late = readWhole(slow, 10, clock);
  clock.advance(BODY_MS);
  assert.deepEqual(await late, { ok: false, reason: "too-slow" });
  slow.come(1);
  await settle();
});

test("it takes a place like any other, and gives it back once", async () => {
  const clock = new VirtualClock();
  for (let round = 0; round < 2; round++) {
    const all = Array.from({ length: MAX_BODIES }, whole);
    const reads = all.map((body) => readWhole(body, 10, clock));
    assert.deepEqual(await readWhole(whole(), 10, clock), { ok: false, reason: "too-many" });
    assert.deepEqual(await readBounded(sender().body, 10, clock), { ok: false, reason: "too-many" });
    clock.advance(BODY_MS);
    for (const read of reads) assert.deepEqual(await read, { ok: false, reason: "too-slow" });
    for (const body of all) body.come(1);
    await settle();
  }
});

test("bytes that are read at once have room for so many, and give it back however it ends", async () => {
  const clock = new VirtualClock();
  const room = new ReadingRoom(10);
  const read = ({ body }: ReturnType<typeof sender>) => readBounded(body, 100, clock, false, room);
  const [first, second, third] = [sender(), sender(), sender()];
  const reads = [read(first), read(second)];
  first.send(6);
  await settle();
  assert.equal(room.bytes, 6);
  second.send(4);
  await settle();
  second.send(1);
  assert.deepEqual(await reads[1], { ok: false, reason: "too-many" });
  assert.ok(second.wasGivenUp());
  assert.equal(room.bytes, 6);
  first.end();
  assert.equal((await reads[0])?.ok, true);
  assert.equal(room.bytes, 0);
  const broken = read(third);
  third.send(9);
  await settle();
  third.break();
  assert.deepEqual(await broken, { ok: false, reason: "broken" });
  assert.equal(room.bytes, 0);
  assert.ok(room.tryTake(10));
  assert.ok(!room.tryTake(1));
});
