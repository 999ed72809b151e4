/**
 * A request with a key is taken once, however often it is sent, and whatever dies meanwhile.
 *
 * Breaks when a row of it is written twice or never, when a repetition is answered before the first one is stored, when another body passes
 * under its key, or when its bad rows are counted again.
 */

import assert from "node:assert/strict";
import { ftruncateSync, openSync, readdirSync, readFileSync } from "node:fs";
import { optimization } from "../../../datasets/optimization.ts";
import { storedIds, temporaryFolder } from "../../e2e/support.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import {
  goodRows,
  type House,
  ndjson,
  openHouse,
  processRow,
  refused,
  requestKey,
  taken,
} from "./intake-house.ts";

const idsTo = (count: number) => Array.from({ length: count }, (_, id) => id);

/** Three good rows with a bad one between them. */
const BODY = ndjson([...goodRows(2), { ...goodRows(1)[0], freed_mb: null }, ...goodRows(1, 2)]);

function pushKeyed(house: House, body: string, key = 1) {
  return house.pushBody(body, { request: requestKey(key, house.kernels.crc32c(0, 0) + body.length) });
}

function sendKeyed(house: House, body: string, key = 1) {
  return house.sendBody(body, { request: requestKey(key, house.kernels.crc32c(0, 0) + body.length) }).sent;
}

describe("a request with a key", () => {
  test("that was stored is not taken again, and is answered as before", async (t) => {
    const house = await openHouse(t);
    const first = taken(await pushKeyed(house, BODY));
    assert.deepEqual([first.accepted, first.rejected, first.repeated, first.toSequence], [3, 1, 0, 3]);
    for (let times = 0; times < 2; times++) {
      const again = taken(await pushKeyed(house, BODY));
      const { fromSequence, toSequence, repeated, ...rest } = again;
      assert.deepEqual([fromSequence, toSequence, repeated], [null, null, 3]);
      assert.deepEqual([rest.accepted, rest.rejected], [3, 1]);
      assert.deepEqual(again.rejections, first.rejections);
      assert.deepEqual(again.reasons, { missing: 1 });
    }
    assert.deepEqual(storedIds(house.dataFolder), idsTo(3));
    const { received, rejected, balanced } = house.ledger("optimization");
    assert.deepEqual([received, rejected.missing, balanced], [4, 1, true]);
    assert.equal(house.letters.length, 1, "a repetition makes no letters");
    // Under another key it is another request.
    assert.equal(taken(await pushKeyed(house, BODY, 2)).fromSequence, 3);
  });

  test("of which every row is bad is counted once", async (t) => {
    const house = await openHouse(t);
    for (let times = 0; times < 2; times++) {
      const { accepted, rejected, repeated } = taken(await pushKeyed(house, "{}\n{}\n"));
      assert.deepEqual([accepted, rejected, repeated], [0, 2, 0]);
    }
    assert.equal(house.ledger("optimization").received, 2);
  });

  test("whose rows are on their way waits for them with who came first", async (t) => {
    const house = await openHouse(t);
    const first = sendKeyed(house, BODY);
    while (house.ledger("optimization").received === 0) await house.step();
    const second = sendKeyed(house, BODY);
    const early = house.sendBody(BODY, { request: requestKey(1, BODY.length), acknowledge: "memory" }).sent;
    for (let steps = 0; house.ledger("optimization").stored === 0; steps++) {
      assert.ok(
        first.result === undefined && second.result === undefined,
        "it was answered before it was stored",
      );
      assert.ok(steps < 500);
      if (!(await house.step())) house.clock.advance(1);
    }
    await house.settle();
    assert.deepEqual([taken(first.result).repeated, taken(second.result).repeated], [0, 3]);
    assert.equal(taken(early.result).repeated, 3);
    assert.deepEqual(storedIds(house.dataFolder), idsTo(3));
  });

  test("under which another body comes is refused, and nothing is taken", async (t) => {
    const house = await openHouse(t);
    taken(await pushKeyed(house, BODY));
    const answer = refused(await pushKeyed(house, ndjson(goodRows(9, 3))));
    assert.equal(answer.reason, "key-reused");
    assert.equal(house.area.figures().places, 0);
    assert.equal(house.ledger("optimization").received, 4);
  });

  for (const [name, when] of [
    ["before its rows were shown", "claim"],
    ["when its rows were shown", "after"],
  ] as const) {
    test(`is taken once by the next intake, when one died ${name}`, async (t) => {
      const house = await openHouse(t);
      const body = ndjson(goodRows(5000));
      const sent = sendKeyed(house, body);
      if (when === "claim") {
        let claims = 0;
        house.faults.onWriter = (what) => {
          if (what === "claim" && ++claims === 4) throw new Error("died here");
        };
      } else {
        while (house.ledger("optimization").received === 0) await house.step();
        void house.system.restart("intake", "a test");
      }
      await house.settle();
      assert.ok(sent.result !== undefined && !sent.result.ok);
      house.faults.onWriter = undefined;
      const answer = taken(await pushKeyed(house, body));
      assert.deepEqual([answer.accepted, answer.repeated], [5000, when === "claim" ? 0 : 5000]);
      assert.deepEqual(storedIds(house.dataFolder), idsTo(5000));
    });
  }

  test("waits for the recorder after a crash of the intake, before it is looked at", async (t) => {
    const house = await openHouse(t);
    const body = ndjson(goodRows(10));
    sendKeyed(house, body);
    while (house.ledger("optimization").received === 0) await house.step();
    void house.system.command("recorder", "pause", "a test");
    void house.system.restart("intake", "a test");
    await house.settle(5);
    const early = await pushKeyed(house, body);
    assert.ok(!early.ok && early.reason === "closed", "it is not known yet what became of the first");
    void house.system.command("recorder", "resume", "a test");
    await house.settle();
    assert.equal(taken(await pushKeyed(house, body)).repeated, 10);
    assert.deepEqual(storedIds(house.dataFolder), idsTo(10));
  });

  test("is known to the next process, also of segments that are gone", async (t) => {
    const dataFolder = temporaryFolder(t);
    const body = ndjson(goodRows(3000));
    const house = await openHouse(t, { dataFolder });
    taken(await pushKeyed(house, body));
    await house.stop();
    const next = await openHouse(t, { dataFolder });
    assert.equal(taken(await pushKeyed(next, body)).repeated, 3000);
    assert.equal(refused(await pushKeyed(next, "{}")).reason, "key-reused");
    assert.deepEqual(storedIds(dataFolder), idsTo(3000));
    await next.stop();
  });

  test("is completed by the next process, when the log has a part of it", async (t) => {
    const dataFolder = temporaryFolder(t);
    const count = optimization.batchRows * 3 + 10;
    const body = ndjson([...goodRows(5), { bad: 1 }, ...goodRows(count - 5, 5)]);
    const house = await openHouse(t, { dataFolder });
    taken(await pushKeyed(house, body));
    await house.stop();
    // As if the process had died while the last two batches were being written.
    const folder = `${dataFolder}/log`;
    const file = `${folder}/${readdirSync(folder).at(-1)}`;
    const ends = frameEnds(readFileSync(file));
    const fd = openSync(file, "r+");
    const cut = ends.filter(({ type }) => type === 2).at(-3)!.end;
    ftruncateSync(fd, cut + 20);
    const stored = storedIds(dataFolder).length;
    assert.ok(stored > 0 && stored < count, `${stored} rows are left`);
    const next = await openHouse(t, { dataFolder });
    const answer = taken(await pushKeyed(next, body));
    assert.deepEqual([answer.accepted, answer.rejected, answer.repeated], [count, 1, stored]);
    assert.deepEqual([answer.fromSequence, answer.toSequence], [stored, count]);
    assert.deepEqual(storedIds(dataFolder), idsTo(count));
    assert.equal(taken(await pushKeyed(next, body)).repeated, count);
    await next.stop();
  });

  test("some rows of which were given up is completed when it is sent again", async (t) => {
    const house = await openHouse(t, { slotBytes: 2 ** 14 });
    const rows = Array.from({ length: 200 }, (_, index) => processRow(`${index}-${"n".repeat(200)}`));
    const { hmacBytes } = house.kernels;
    let calls = 0;
    house.kernels.hmacBytes = (...args) => {
      // The second batch brings the anonymizer down until it is given up.
      if (args[4] > 1 && args[2] !== 0 && ++calls > 1 && calls <= 4) throw new Error("died here");
      hmacBytes(...args);
    };
    const send = () => house.pushBody(ndjson(rows), { dataset: "process", request: requestKey(5, 77) });
    assert.equal(refused(await send()).reason, "given-up");
    house.kernels.hmacBytes = hmacBytes;
    const { stored, dropped } = house.ledger("process");
    assert.ok(dropped.poison > 0 && stored === 200 - dropped.poison, JSON.stringify(house.ledger("process")));
    const answer = taken(await send());
    assert.deepEqual([answer.accepted, answer.repeated], [200, stored]);
    assert.equal(house.ledger("process").stored, 200);
    assert.equal(taken(await send()).repeated, 200);
    // Somebody else's rows that were given up are no matter.
    assert.equal(house.ledger("process").balanced, true);
  });
});

function frameEnds(bytes: Uint8Array): { type: number; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends: { type: number; end: number }[] = [];
  for (let at = 0; at + 48 <= bytes.byteLength; ) {
    const payload = view.getUint32(at + 4, true);
    const type = view.getUint32(at + 8, true);
    at += 48 + Math.ceil(payload / 8) * 8;
    ends.push({ type, end: at });
  }
  return ends;
}
