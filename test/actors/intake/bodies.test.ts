/**
 * A body is taken whole or not at all, in every packing, and nothing of it stays in memory.
 *
 * Breaks when a part of a body is published before its end was seen, when claims outlive a fault, when a place is given back before it was
 * wiped, or never, or when a body that is cut short is taken for a whole one.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { PushBody } from "../../../actors/intake/protocol.ts";
import { storedIds } from "../../e2e/support.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import {
  goodRows,
  type House,
  ndjson,
  openHouse,
  processRow,
  refused,
  taken,
  UNPACKED_BYTES,
} from "./intake-house.ts";

const PACKERS = {
  identity: (body: Uint8Array) => body,
  gzip: (body: Uint8Array): Uint8Array => gzipSync(body),
  zstd: (body: Uint8Array): Uint8Array => zstdCompressSync(body),
};

/** A name that is nowhere else. */
const SECRET = "kilroy-was-here-4711";

function secretRows(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => processRow(`${SECRET}-${index}`));
}

/** How often the name lies anywhere in the memory. */
function traces({ memory, usedBytes }: House, text = SECRET): number {
  const bytes = Buffer.from(memory.buffer, 0, usedBytes);
  let found = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found++;
  return found;
}

function assertNothingLeft(house: House): void {
  assert.deepEqual([house.area.figures().places, traces(house)], [0, 0]);
}

describe("the intake, asked to take a body,", () => {
  for (const [packing, pack] of Object.entries(PACKERS)) {
    test(`takes one that is packed by ${packing}, and wipes it`, async (t) => {
      const house = await openHouse(t);
      const rows = secretRows(3000);
      const body = pack(Buffer.from(ndjson([...rows, { pid: SECRET }])));
      const more: Partial<PushBody> = { dataset: "process", packing: packing as PushBody["packing"] };
      const { sent, place } = house.sendBody(body, more);
      assert.ok(packing !== "identity" || traces(house) > 3000);
      while (house.ledger("process").received === 0) await house.step();
      // Its bytes are not needed any more, though nobody has been answered.
      assert.equal(sent.result, undefined);
      assert.equal(house.area.figures().places, 0);
      assert.ok(house.memory.buffer.byteLength > place.at);
      await house.settle();
      const answer = taken(sent.result);
      assert.deepEqual([answer.accepted, answer.rejected], [3000, 1]);
      assert.deepEqual([answer.fromSequence, answer.toSequence, answer.repeated], [0, 3000, 0]);
      assert.equal(answer.rejections[0]?.row, 3000);
      assertNothingLeft(house);
      const { received, stored, balanced } = house.ledger("process");
      assert.deepEqual([received, stored, balanced], [3001, 3000, true]);
    });

    if (packing === "identity") continue;

    test(`refuses what is no ${packing} or cut short, and wipes it`, async (t) => {
      const house = await openHouse(t);
      // Of several blocks, so that a cut between them gives whole rows.
      const noise = secretRows(2000).map((row, index) => ({ ...row, name: `${SECRET}${Math.sin(index)}` }));
      const whole = pack(Buffer.from(ndjson(noise)));
      const more: Partial<PushBody> = { dataset: "process", packing: packing as PushBody["packing"] };
      const cuts = [0, 1, 5, whole.byteLength >> 1, whole.byteLength - 1];
      for (const body of [...cuts.map((cut) => whole.subarray(0, cut)), Buffer.from(SECRET)]) {
        const answer = refused(await house.pushBody(body, more));
        assert.equal(answer.reason, "bad-body");
        assert.match(answer.message, new RegExp(`whole body in ${packing}.*None of its rows was taken`));
        assert.equal(house.area.figures().places, 0);
      }
      assertNothingLeft(house);
      assert.equal(house.ledger("process").received, 0);
      assert.equal(taken(await house.pushBody(whole, more)).accepted, 2000);
    });

    test(`refuses what ${packing} unpacks to more than is taken`, async (t) => {
      const house = await openHouse(t);
      const body = pack(new Uint8Array(UNPACKED_BYTES + 1).fill(32));
      const answer = refused(await house.pushBody(body, { packing: packing as PushBody["packing"] }));
      assert.equal(answer.reason, "too-large");
      assert.equal(house.area.figures().places, 0);
    });
  }

  test("takes several frames of zstd as one body", async (t) => {
    const house = await openHouse(t);
    const pieces = [goodRows(2), goodRows(3, 2)].map((rows) => zstdCompressSync(Buffer.from(ndjson(rows))));
    const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const body = Buffer.concat([pieces[0]!, skipped, pieces[1]!]);
    assert.equal(taken(await house.pushBody(body, { packing: "zstd" })).accepted, 5);
    assert.deepEqual(storedIds(house.dataFolder), [0, 1, 2, 3, 4]);
    const junk = Buffer.concat([body, Buffer.from("junkjunk")]);
    assert.equal(refused(await house.pushBody(junk, { packing: "zstd" })).reason, "bad-body");
  });

  test("refuses more frames of zstd than are worth a decoder each", async (t) => {
    const house = await openHouse(t);
    const empty = zstdCompressSync(Buffer.alloc(0));
    const framed = (count: number) => Buffer.concat(Array.from({ length: count }, () => empty));
    assert.equal(taken(await house.pushBody(framed(1024), { packing: "zstd" })).accepted, 0);
    const answer = refused(await house.pushBody(framed(1025), { packing: "zstd" }));
    assert.equal(answer.reason, "bad-body");
    assert.match(answer.message, /at most 1024 frames of zstd; came 1025/);
  });

  test("takes nothing of one whose end is no body, and wipes what it had written", async (t) => {
    const house = await openHouse(t);
    // Two tables are in slots when the end comes.
    const body = `[${secretRows(5000)
      .map((row) => JSON.stringify(row))
      .join(",")}`;
    const answer = refused(await house.pushBody(body, { dataset: "process", format: "json" }));
    assert.equal(answer.reason, "bad-body");
    assert.match(answer.message, /the body.*expected .*; came .*None of its rows was taken/);
    assertNothingLeft(house);
    const { received, inFlight, balanced } = house.ledger("process");
    assert.deepEqual([received, inFlight, balanced], [0, 0, true]);
    const good = await house.pushBody(`${body}]`, { dataset: "process", format: "json" });
    assert.deepEqual([taken(good).fromSequence, taken(good).toSequence], [0, 5000]);
  });

  test("takes nothing of one with too many rows, good or bad", async (t) => {
    const house = await openHouse(t, { slots: 64 });
    for (const row of ["{}\n", `${JSON.stringify(goodRows(1)[0])}\n`]) {
      const answer = refused(await house.pushBody(row.repeat(50_001)));
      assert.equal(answer.reason, "too-large");
      assert.equal(house.ledger("optimization").received, 0);
    }
  });

  test("answers before the rows are stored who does not want to wait", async (t) => {
    const { sendBody, step, ledger, settle } = await openHouse(t);
    const { sent } = sendBody(ndjson(goodRows(3)), { acknowledge: "memory" });
    while (sent.result === undefined) await step();
    assert.deepEqual([taken(sent.result).accepted, ledger("optimization").stored], [3, 0]);
    await settle();
    assert.equal(ledger("optimization").stored, 3);
  });

  test("tells the first rejections by row, and counts all by reason", async (t) => {
    const house = await openHouse(t);
    const [good] = goodRows(1);
    const lines = Array.from({ length: 30 }, (_, row) => {
      // Found by the decoder, by the checks, and not at all.
      if (row % 3 === 0) return "{]";
      return JSON.stringify(row % 3 === 1 ? { ...good, before_available_mb: -1 } : good);
    });
    const answer = taken(await house.pushBody(lines.join("\n")));
    assert.deepEqual(
      answer.rejections.map(({ row }) => row),
      Array.from({ length: 30 }, (_, row) => row).filter((row) => row % 3 !== 2),
    );
    assert.deepEqual(answer.reasons, { malformed: 10, bound: 10 });
    assert.deepEqual([answer.accepted, answer.rejected], [10, 20]);
    const { rejected, balanced } = house.ledger("optimization");
    assert.deepEqual([rejected.malformed, rejected.bound, balanced], [10, 10, true]);
  });

  test("refuses who comes over the quota before anything is looked at, and says when to come again", async (t) => {
    const house = await openHouse(t, { rowsPerSecond: { optimization: 10 } });
    // A bucket of a hundred takes what there is, whatever that is, and goes into debt.
    assert.equal(taken(await house.pushBody(ndjson(goodRows(90)))).accepted, 90);
    assert.equal(taken(await house.pushBody(ndjson([...goodRows(200, 90), null]))).accepted, 200);
    const { sent } = house.sendBody("no row at all");
    while (sent.result === undefined) await house.step();
    const answer = refused(sent.result);
    assert.equal(answer.reason, "quota");
    const waitMs = answer.retryAfterMs!;
    assert.ok(waitMs > 1000 && waitMs <= 20_000, `${waitMs}`);
    assert.equal(house.area.figures().places, 0);
    house.clock.advance(waitMs - 1);
    const again = house.sendBody(ndjson(goodRows(1)));
    while (again.sent.result === undefined) await house.step();
    assert.equal(refused(again.sent.result).reason, "quota");
    house.clock.advance(1);
    taken(await house.pushBody(ndjson(goodRows(1, 290))));
    const { received, rejected } = house.ledger("optimization");
    assert.deepEqual([received, rejected["not-an-object"] + rejected.malformed], [292, 1]);
    // Others have a quota of their own, or none.
    taken(await house.push("process", [processRow("a")]));
  });

  test("shows nothing of a body in which it died, and the next one wipes what it left", async (t) => {
    for (const at of ["claim", "publish"] as const) {
      const house = await openHouse(t);
      let calls = 0;
      house.faults.onWriter = (what) => {
        if (what === at && (at === "publish" || ++calls === 3)) throw new Error("died here");
      };
      const body = PACKERS.gzip(Buffer.from(ndjson(secretRows(5000))));
      const { sent, place } = house.sendBody(body, { dataset: "process", packing: "gzip" });
      await house.settle();
      assert.ok(sent.result !== undefined && !sent.result.ok, "who asked is told that there is no answer");
      house.area.release(place);
      const { received, stored, inFlight, balanced } = house.ledger("process");
      assert.deepEqual([stored, inFlight, balanced], [0, 0, true]);
      house.faults.onWriter = undefined;
      // The slots that it had claimed are written over by nobody yet.
      assertNothingLeft(house);
      const answer = taken(await house.pushBody(ndjson(secretRows(5000)), { dataset: "process" }));
      assert.deepEqual([answer.fromSequence, answer.toSequence], [0, 5000]);
      assert.equal(house.ledger("process").received, received + 5000);
      assertNothingLeft(house);
    }
  });
});
