/**
 * The post office within one process: two offices on one shared memory stand for two threads, and packets between them go
 * through a queue that the test holds.
 *
 * What would fail here: a bound that is off by one, `full` for `closed`, a place that is not given back (or twice), a message
 * of an earlier incarnation that gets into the next one's mailbox, an answer that settles somebody else's question, a queue
 * that turns messages round.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MAX_MAILBOX_SIZE, MailboxWord } from "../../../runtime/actor/mailbox-word.ts";
import {
  type BoxSpec,
  type DeadLetter,
  mailboxDepth,
  type Packet,
  PostOffice,
} from "../../../runtime/actor/post-office.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { makeMemory } from "../../fixtures/lane-setup.ts";

interface Numbered {
  readonly kind: "numbered";
  readonly value: unknown;
}

const message = (value: unknown): Numbered => ({ kind: "numbered", value });
const CAPACITY = 3;
const silent = () => {};

/** Offices of `main` and of `far`, and an actor on each: `near` and `away`. */
function offices() {
  const memory = makeMemory(4096);
  const clock = new VirtualClock();
  const letters: DeadLetter[] = [];
  const wire: { readonly packet: Packet; readonly thread: string }[] = [];
  const gone = new Set<string>();
  const boxes: BoxSpec[] = [
    { actor: "near", thread: "main", capacity: CAPACITY, offset: 0 },
    { actor: "away", thread: "far", capacity: CAPACITY, offset: 128 },
  ];
  const office = (thread: string, lastId = 0) =>
    new PostOffice({
      thread,
      memory,
      boxes,
      clock,
      lastId,
      onDeadLetter: (letter) => letters.push(letter),
      forward(packet, to) {
        if (gone.has(to)) return false;
        // As a port does: it throws for what cannot be copied, before anything has left.
        wire.push({ packet: structuredClone(packet), thread: to });
        return true;
      },
    });
  const main = office("main");
  let far = office("far");
  return {
    memory,
    clock,
    letters,
    wire,
    gone,
    main,
    get far() {
      return far;
    },
    /** A new life of the far thread. */
    reviveFar() {
      far = office("far", 2 ** 40);
    },
    /** Has the packets arrive, and those that follow from them. */
    carry() {
      for (let next = wire.shift(); next !== undefined; next = wire.shift()) {
        (next.thread === "main" ? main : far).accept(next.packet);
      }
    },
    depth: (actor: string) => mailboxDepth(memory, boxes.find((box) => box.actor === actor)!),
  };
}

function valuesOf(mailbox: ReturnType<PostOffice["open"]>): unknown[] {
  const values: unknown[] = [];
  for (let taken = mailbox.take(); taken !== undefined; taken = mailbox.take()) {
    values.push((taken.message as Numbered).value);
  }
  return values;
}

/** What a promise has come to once all that is settled has had its say. */
async function now<T>(promise: Promise<T>): Promise<T | "pending"> {
  const turn = new Promise<"pending">((resolve) => setImmediate(() => resolve("pending")));
  return Promise.race([promise, turn]);
}

for (const to of ["near", "away"] as const) {
  describe(`a mailbox that is ${to}`, () => {
    const open = (at: ReturnType<typeof offices>) => (to === "near" ? at.main : at.far).open(to, silent);

    test("takes exactly its capacity, then says full and hands the message back", () => {
      const at = offices();
      const mailbox = open(at);
      for (let value = 0; value < CAPACITY; value++) {
        assert.deepEqual(at.main.tell(to, message(value)), { ok: true });
      }
      const refused = message("one too many");
      const result = at.main.tell(to, refused);
      assert.ok(!result.ok && result.reason === "full");
      assert.equal(result.message, refused);
      // Full on the way already, and no less so for other senders.
      assert.equal(at.far.tell(to, refused).ok, false);
      assert.equal(at.depth(to), CAPACITY);
      at.carry();
      mailbox.take();
      assert.equal(at.depth(to), CAPACITY - 1);
      assert.deepEqual(at.far.tell(to, message("in")), { ok: true });
      assert.equal(at.far.tell(to, refused).ok, false);
      assert.deepEqual(at.letters, []);
    });

    test("says closed before it opens and after it closes, to who tells and who asks", async () => {
      const at = offices();
      const told = message(1);
      const closed = { ok: false, reason: "closed", message: told };
      const unasked = { ok: false, reason: "closed", message: `${to} is not running` };
      assert.deepEqual(at.main.tell(to, told), closed);
      const mailbox = open(at);
      assert.deepEqual(at.main.tell(to, told), { ok: true });
      mailbox.close();
      assert.deepEqual(at.main.tell(to, told), closed);
      assert.deepEqual(await at.main.ask(to, told, 10), unasked);
      assert.equal(at.depth(to), 0);
    });

    test("keeps each sender's order", () => {
      const at = offices();
      const mailbox = open(at);
      at.main.tell(to, message("m0"));
      at.far.tell(to, message("f0"));
      at.main.tell(to, message("m1"));
      at.carry();
      const values = valuesOf(mailbox);
      assert.deepEqual(values.toSorted(), ["f0", "m0", "m1"]);
      assert.ok(values.indexOf("m0") < values.indexOf("m1"));
    });

    test("a question is answered once, by the first answer", async () => {
      const at = offices();
      const mailbox = open(at);
      const asked = at.main.ask(to, message(1), 100);
      at.carry();
      const { reply } = mailbox.take()!;
      reply("first");
      reply("second");
      reply.fail("third");
      at.carry();
      assert.deepEqual(await asked, { ok: true, value: "first" });
      assert.deepEqual(at.wire, []);
      assert.equal(at.clock.nextDueMs(), undefined, "the deadline's timer is gone");
    });

    test("a question that is not answered ends at its deadline, and the late answer is nobody's", async () => {
      const at = offices();
      const mailbox = open(at);
      const asked = at.main.ask(to, message(1), 100);
      at.carry();
      at.clock.advance(99);
      assert.equal(await now(asked), "pending");
      at.clock.advance(1);
      const expected = { ok: false, reason: "timed-out", message: `${to} did not answer within 100 ms` };
      assert.deepEqual(await asked, expected);
      const next = at.main.ask<string>(to, message(2), 100);
      at.carry();
      mailbox.take()!.reply("late");
      at.carry();
      assert.equal(await now(next), "pending", "it settles no other question");
      mailbox.take()!.reply("in time");
      at.carry();
      assert.deepEqual(await next, { ok: true, value: "in time" });
    });

    test("what waits when it closes is a dead letter each, and who asked is told that nobody saw it", async () => {
      const at = offices();
      const mailbox = open(at);
      const asked = at.main.ask(to, message(1), 100);
      at.main.tell(to, message(2));
      at.carry();
      mailbox.close();
      mailbox.close();
      at.carry();
      assert.deepEqual(await asked, {
        ok: false,
        reason: "closed",
        message: `${to} ended before it took the message`,
      });
      const letter = {
        to,
        kind: "numbered",
        reason: "the actor ended before it took the message",
        atMs: at.clock.nowMs(),
      };
      assert.deepEqual(at.letters, [letter, letter]);
    });

    test("a message for one incarnation is never the next one's", async () => {
      const at = offices();
      open(at).close();
      const first = open(at);
      const asked = at.far.ask(to, message("for the first"), 100);
      at.main.tell(to, message("for the first"));
      const isHere = to === "near";
      // On the way, unless the sender is on the actor's own thread.
      assert.equal(at.wire.length, 1);
      first.close();
      const second = open(at);
      at.carry();
      assert.equal(second.waits(), false);
      assert.equal(second.take(), undefined);
      assert.equal(at.depth(to), 0);
      const answer = await asked;
      assert.ok(!answer.ok && answer.reason === "closed", JSON.stringify(answer));
      assert.equal(at.letters.length, 2, isHere ? "near" : "away");
      for (let value = 0; value < CAPACITY; value++) assert.ok(at.main.tell(to, message(value)).ok);
      assert.equal(at.main.tell(to, message("one too many")).ok, false, "its capacity is what it was");
    });
  });
}

describe("between threads", () => {
  test("what cannot be copied is the sender's error, and takes no place", async () => {
    const at = offices();
    at.far.open("away", silent);
    for (let time = 0; time < CAPACITY + 1; time++) {
      assert.throws(() => at.main.tell("away", message(silent)), { name: "DataCloneError" });
      await assert.rejects(at.main.ask("away", message(silent), 100), { name: "DataCloneError" });
    }
    assert.equal(at.depth("away"), 0);
    assert.equal(at.clock.nextDueMs(), undefined);
  });

  test("an answer that cannot be copied is its giver's error, and who asked is told", async () => {
    const at = offices();
    const mailbox = at.far.open("away", silent);
    const asked = at.main.ask("away", message(1), 100);
    at.carry();
    assert.throws(() => mailbox.take()!.reply(silent), { name: "DataCloneError" });
    at.carry();
    const answer = await asked;
    assert.ok(!answer.ok && answer.reason === "failed");
    assert.match(answer.message, /away gave an answer that cannot go to another thread/);
  });

  test("a message to a dead thread is a dead letter, and a question an answer", async () => {
    const at = offices();
    at.far.open("away", silent);
    at.gone.add("far");
    const asked = at.main.ask("away", message(1), 100);
    assert.deepEqual(at.main.tell("away", message(2)), { ok: true });
    const answer = await asked;
    assert.ok(!answer.ok && answer.reason === "closed");
    assert.deepEqual(
      at.letters.map(({ reason }) => reason),
      ["the thread of the actor is gone", "the thread of the actor is gone"],
    );
    assert.equal(at.depth("away"), 0);
  });

  test("burying counts what waited, answers this thread's questions, and closes", async () => {
    const at = offices();
    const mailbox = at.far.open("away", silent);
    const taken = at.main.ask("away", message(1), 100);
    at.carry();
    mailbox.take();
    at.main.tell("away", message(2));
    at.main.tell("away", message(3));
    at.main.bury("away");
    at.main.bury("away");
    const answer = await taken;
    assert.ok(!answer.ok && answer.reason === "closed");
    assert.deepEqual(
      at.letters.map(({ kind }) => kind),
      ["unknown", "unknown"],
    );
    assert.deepEqual(at.main.tell("away", message(4)).ok, false);
  });

  test("a dead thread that still moves changes nothing of its successor's mailbox", () => {
    const at = offices();
    const zombie = at.far.open("away", silent);
    at.main.tell("away", message(1));
    at.carry();
    at.main.bury("away");
    at.reviveFar();
    at.far.open("away", silent);
    at.main.tell("away", message(2));
    zombie.take();
    zombie.close();
    assert.equal(at.depth("away"), 1);
    assert.ok(at.main.tell("away", message(3)).ok);
  });

  test("an answer to a thread's earlier life is nobody's in the next", async () => {
    const at = offices();
    const mailbox = at.main.open("near", silent);
    void at.far.ask("near", message(1), 100);
    at.carry();
    const { reply } = mailbox.take()!;
    at.reviveFar();
    const asked = at.far.ask("near", message(2), 100);
    reply("for the dead");
    at.carry();
    assert.equal(await now(asked), "pending");
    mailbox.take()!.reply("for the living");
    at.carry();
    assert.deepEqual(await asked, { ok: true, value: "for the living" });
  });
});

for (const to of ["near", "away"] as const) {
  test(`ending an incarnation that is ${to} answers its questions and no others'`, async () => {
    const at = offices();
    const office = to === "near" ? at.main : at.far;
    const first = office.open(to, silent);
    const answered = at.main.ask(to, message(0), 100);
    const askedFirst = at.main.ask(to, message(1), 100);
    at.carry();
    first.take()!.reply("known");
    const late = first.take()!;
    first.close();
    const second = office.open(to, silent);
    const askedSecond = at.main.ask(to, message(2), 100);
    at.carry();
    first.end();
    late.reply("too late");
    at.carry();
    assert.deepEqual(await answered, { ok: true, value: "known" });
    assert.deepEqual(await askedFirst, { ok: false, reason: "closed", message: `${to} has ended` });
    assert.equal(await now(askedSecond), "pending");
    second.take()!.reply.fail("no");
    at.carry();
    assert.deepEqual(await askedSecond, { ok: false, reason: "failed", message: "no" });
  });
}

test("an actor nobody has declared, and a deadline no timer takes, are bugs", async () => {
  const { main } = offices();
  assert.throws(() => main.tell("nobody", message(1)), /there is no actor nobody/);
  await assert.rejects(main.ask("nobody", message(1), 1), /there is no actor nobody/);
  main.open("near", silent);
  for (const deadlineMs of [Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY]) {
    await assert.rejects(
      main.ask("near", message(1), deadlineMs),
      /deadline: expected at most 2147483647 ms/,
    );
  }
});

test("any run of opens, closes, places taken and given back keeps the depth a model's", () => {
  const moves = fc.array(fc.constantFrom("open", "close", "reserve", "reserve", "reserve", "release"), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 5, MAX_MAILBOX_SIZE), moves, (capacity, sequence) => {
      const word = new MailboxWord(new Int32Array(1), 0, capacity);
      let isOpen = false;
      let incarnation = -1;
      // Places out, by the incarnation they are of; all are given back some time, also late.
      const places: { lease: number; incarnation: number }[] = [];
      let depth = 0;
      for (const move of sequence) {
        if (move === "open") {
          incarnation++;
          word.open();
          isOpen = true;
          depth = 0;
        } else if (move === "close") {
          assert.equal(word.close(), isOpen ? depth : 0);
          isOpen = false;
          depth = 0;
        } else if (move === "reserve") {
          const lease = word.reserve();
          if (!isOpen) assert.equal(lease, "closed");
          else if (depth === capacity) assert.equal(lease, "full");
          else {
            assert.equal(typeof lease, "number");
            places.push({ lease: lease as number, incarnation });
            depth++;
          }
        } else {
          const place = places.shift();
          if (place === undefined) continue;
          word.release(place.lease);
          if (isOpen && place.incarnation === incarnation) depth--;
        }
        assert.equal(word.depth, depth);
      }
    }),
    { seed: 20261122, numRuns: 300 },
  );
});

test("counting incarnations goes round without losing the mailbox", () => {
  const word = new MailboxWord(new Int32Array(1), 0, 2);
  let before = -1;
  for (let time = 0; time < 2 ** 14 + 2; time++) {
    const lease = word.open();
    assert.notEqual(lease, before);
    before = lease;
    assert.equal(word.reserve(), lease);
    assert.equal(word.depth, 1);
  }
});
