/**
 * From a refused row to a stored one. What would fail here: a raw identifier in a file, another pseudonym than a pushed row has, a row that is
 * stored twice or not at all when a process dies while letters are pushed again, a letter that goes though its row was not taken.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import type { TestContext } from "node:test";
import { keyPath } from "../../../actors/anonymizer/key.ts";
import { hostLetterDisk } from "../../../actors/dead-letters/letter-disk.ts";
import { MAX_REQUEST_LETTERS } from "../../../actors/intake/intake-letters.ts";
import { temporaryFolder } from "../../e2e/support.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { pseudonymOf } from "../anonymizer/reference.ts";
import { LettersHouse, START_MS } from "./letters-house.ts";

const AT_MS = Date.UTC(2026, 4, 1);

function row(n: number, more: Readonly<Record<string, unknown>> = {}) {
  return {
    at: AT_MS + n,
    courier: 4_000_000 + n,
    parcel: `canary-parcel-${n}`,
    owner: String(2n ** 63n + BigInt(n)),
    weight: n,
    state: "canary-state",
    region: "eu-central-1",
    ...more,
  };
}

function everything(folder: string): Buffer {
  return Buffer.concat(
    readdirSync(folder).map((name) => {
      const path = `${folder}/${name}`;
      return statSync(path).isDirectory() ? everything(path) : readFileSync(path);
    }),
  );
}

async function open(
  t: TestContext,
  maxWeight: number,
  more: ConstructorParameters<typeof LettersHouse>[2] = {},
) {
  return new LettersHouse(temporaryFolder(t), maxWeight, more).start();
}

describe("dead letters", () => {
  test("a bound is widened: what was refused is stored as if it had been pushed then", async (t) => {
    const narrow = await open(t, 10);
    const { dataFolder } = narrow;
    const sent = [row(5), row(50), row(60, { owner: null, fragile: true }), row(70, { at: undefined })];
    assert.deepEqual((await narrow.push(sent)).reasons, { bound: 3 });
    const listed = await narrow.listed();
    assert.deepEqual(
      listed.letters.map(({ id, reason, column, got }) => [id, reason, column, got]),
      [
        [3, "bound", "weight", "70"],
        [2, "bound", "weight", "60"],
        [1, "bound", "weight", "50"],
      ],
    );
    const key = readFileSync(keyPath(dataFolder));
    assert.deepEqual(
      listed.letters[2]?.row?.["parcel"],
      String(pseudonymOf(key, "parcel", "canary-parcel-50").u64),
    );
    assert.deepEqual(listed.letters[2]?.row?.["courier"], String(pseudonymOf(key, "courier", 4_000_050).u32));
    assert.deepEqual(await narrow.letters({ kind: "letters.replay" }), {
      ...{ ok: true, accepted: 0, rejected: 3, notReplayable: 0 },
    });
    await narrow.system.stop();

    const wide = await new LettersHouse(dataFolder, 1000, { nowMs: START_MS + 3_600_000 }).start();
    const replayed = await wide.letters({ kind: "letters.replay" });
    assert.deepEqual(replayed, { ok: true, accepted: 3, rejected: 0, notReplayable: 0 });
    assert.deepEqual((await wide.listed()).total, 0);
    await wide.push([...sent.slice(1, 3), { ...sent[3], at: START_MS }]);
    const stored = wide.stored();
    assert.equal(stored.length, 7);
    for (const index of [1, 2, 3]) {
      const { at: _, ...again } = stored[index]!;
      const { at: __, ...direct } = stored[index + 3]!;
      assert.deepEqual(again, direct);
    }
    // What brought no time of its own has the one at which it came first.
    const times = stored.map(({ at }) => Number(at));
    assert.deepEqual([times[1], times[2]], [AT_MS + 50, AT_MS + 60]);
    assert.ok(times[3]! >= START_MS && times[3]! < START_MS + 60_000);
    const { balanced, stored: counted } = wide.ledger();
    assert.deepEqual([balanced, counted], [true, 7]);
    assert.equal(everything(dataFolder).indexOf("canary"), -1);
  });

  test("what is refused again stays, with the reason of now", async (t) => {
    const narrow = await open(t, 10);
    await narrow.push([row(50), row(60, { doubled: 1 }), row(2000), { ...row(70), [`canary`]: 1 }]);
    await narrow.system.stop();
    const wide = await new LettersHouse(narrow.dataFolder, 1000).start();
    assert.deepEqual(await wide.letters({ kind: "letters.replay", dataset: "parcels" }), {
      ...{ ok: true, accepted: 1, rejected: 2, notReplayable: 1 },
    });
    const { letters } = await wide.listed();
    assert.deepEqual(
      letters.map(({ id, reason, column, got }) => [id, reason, column, got]),
      [
        [4, "unknown-column", null, "a column that is not declared"],
        [3, "bound", "weight", "2000"],
        [2, "derived", "doubled", "1"],
      ],
    );
    assert.deepEqual(wide.stored().length, 1);
    const { rejected } = wide.ledger();
    assert.deepEqual([rejected.bound, rejected.derived], [3, 0], "they were counted when they came");
  });

  test("only what is chosen is pushed again, over more than one batch", async (t) => {
    const narrow = await open(t, 10);
    await narrow.push(Array.from({ length: 30 }, (_, n) => row(n + 20)));
    await narrow.system.stop();
    const wide = await new LettersHouse(narrow.dataFolder, 1000).start();
    const ids = [3, 7, 28];
    assert.deepEqual(await wide.letters({ kind: "letters.replay", ids }), {
      ...{ ok: true, accepted: 3, rejected: 0, notReplayable: 0 },
    });
    assert.deepEqual(
      wide.stored().map(({ weight }) => weight),
      [22, 26, 47],
    );
    const rest = await wide.letters({ kind: "letters.replay" });
    assert.ok(rest.ok && rest.accepted === 27);
    assert.equal(new Set(wide.stored().map(({ weight }) => weight)).size, 30);
  });

  test("a lane that is full takes none of them, and they stay", async (t) => {
    const narrow = await open(t, 10);
    await narrow.push(Array.from({ length: 30 }, (_, n) => row(n + 20)));
    await narrow.system.stop();
    const wide = await new LettersHouse(narrow.dataFolder, 1000, { slots: 2 }).start();
    const refused = await wide.letters({ kind: "letters.replay" });
    assert.ok(!refused.ok && refused.reason === "lane-full" && refused.accepted === 0);
    assert.equal((await wide.listed()).total, 30);
    assert.equal(wide.ledger().received, 30, "nothing new came");
    const some = await wide.letters({ kind: "letters.replay", ids: [1, 2, 3] });
    assert.ok(some.ok && some.accepted === 3);
  });

  test("killed at any step while letters are pushed again: each row is stored once", {
    timeout: 240_000,
  }, async (t) => {
    let ended = false;
    for (let steps = 0; !ended; steps++) {
      assert.ok(steps < 200, "a replay comes to an end");
      const dataFolder = temporaryFolder(t);
      const narrow = await new LettersHouse(dataFolder, 10).start();
      await narrow.push([row(1), ...Array.from({ length: 12 }, (_, n) => row(n + 20))]);
      await narrow.system.stop();
      const killed = await new LettersHouse(dataFolder, 1000, { seed: steps }).start();
      let answer: unknown;
      void killed.system.ask("dead-letters", { kind: "letters.replay" } as never, 60_000).then((result) => {
        answer = result;
      });
      for (let step = 0; step < steps * 3; step++) if (!(await killed.step())) killed.clock.advance(1);
      ended = answer !== undefined;

      const next = await new LettersHouse(dataFolder, 1000).start();
      await next.settle(1000);
      const again = await next.letters({ kind: "letters.replay" });
      assert.ok(again.ok, JSON.stringify(again));
      assert.equal((await next.listed()).total, 0);
      const weights = next.stored().map(({ weight }) => Number(weight));
      assert.deepEqual(
        weights.sort((a, b) => a - b),
        [1, ...Array.from({ length: 12 }, (_, n) => n + 20)],
        `killed after ${steps * 3} steps`,
      );
    }
  });

  test("a disk that fails at any time while letters go: each row is stored once", async (t) => {
    let failures = 0;
    for (let files = 0; failures === files; files++) {
      const dataFolder = temporaryFolder(t);
      // Segments of 4 KiB: a few letters each.
      const more = { maxBytes: 2 ** 16 };
      const narrow = await new LettersHouse(dataFolder, 10, { more }).start();
      await narrow.push(Array.from({ length: 40 }, (_, n) => row(n + 20)));
      await narrow.system.stop();
      let left = files;
      const disk = {
        ...hostLetterDisk,
        replaceFile(path: string, content: string | Uint8Array) {
          if (left-- === 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
          hostLetterDisk.replaceFile(path, content);
        },
      };
      const wide = await new LettersHouse(dataFolder, 1000, { disk, more }).start();
      const answer = await wide.letters({ kind: "letters.replay" });
      if (!answer.ok) failures++;
      if (!answer.ok) assert.equal(answer.reason, "disk");
      // By another process, as by this one.
      const next = files % 2 === 0 ? wide : await new LettersHouse(dataFolder, 1000, { more }).start();
      const again = await next.letters({ kind: "letters.replay" });
      assert.ok(again.ok, JSON.stringify(again));
      assert.equal((await next.listed()).total, 0);
      const weights = next.stored().map(({ weight }) => Number(weight));
      assert.equal(new Set(weights).size, 40);
      assert.equal(weights.length, 40, `the disk failed at file ${files}`);
    }
    assert.ok(failures >= 3, "the journal twice, and a segment");
  });

  test("letters of one request are bounded, and the rest is counted", async (t) => {
    const house = await open(t, 10);
    const answer = await house.push(Array.from({ length: MAX_REQUEST_LETTERS + 25 }, (_, n) => row(n + 20)));
    assert.equal(answer.rejected, MAX_REQUEST_LETTERS + 25);
    const { total, forgotten } = await house.listed();
    assert.deepEqual([total, forgotten], [MAX_REQUEST_LETTERS, 25]);
  });

  test("a keeper that does not keep up costs letters, which are counted, and no rows", async (t) => {
    const house = await open(t, 10, { mailboxSize: 2 });
    assert.deepEqual(await house.system.command("dead-letters", "stop", "a test"), { ok: true });
    for (let push = 0; push < 5; push++) assert.equal((await house.push([row(1), row(50)])).accepted, 1);
    assert.deepEqual(await house.system.command("dead-letters", "start", "a test"), { ok: true });
    await house.settle();
    await house.push([row(51)]);
    const { total, forgotten } = await house.listed();
    assert.equal(total + forgotten, 6);
    assert.ok(total >= 1 && forgotten >= 3);
  });

  test("removes what is chosen", async (t) => {
    const house = await open(t, 10);
    await house.push([row(50), row(51), { ...row(52), weight: "canary" }]);
    assert.deepEqual(await house.letters({ kind: "letters.drop", reason: "bound" }), {
      ok: true,
      dropped: 2,
    });
    assert.deepEqual(
      (await house.listed()).letters.map(({ id, row: kept }) => [id, kept]),
      [[3, null]],
    );
  });

  test("no raw identifier is in a file, wherever in a body it stood", async (t) => {
    const house = await open(t, 10);
    const canary = "canary-in-the-wrong-place";
    const names = Object.keys(house.dataset.columns);
    const bodies: unknown[] = [
      ...names.map((name) => row(50, { [name]: canary })),
      ...names.map((name) => row(50, { [name]: { [canary]: canary } })),
      ...names.map((name) => row(50, { [name]: [canary] })),
      row(50, { [canary]: 1 }),
      row(50, { parcel: canary }),
      row(50, { parcel: canary.repeat(30) }),
      canary,
      [canary],
      { [canary]: { [canary]: 1 } },
    ];
    await house.push(bodies);
    await house.settle(2000);
    const { total } = await house.listed();
    assert.equal(total, bodies.length);
    await house.system.stop();
    assert.equal(everything(house.dataFolder).indexOf("canary"), -1);
    const left = Buffer.from(new Uint8Array(house.memory.buffer).slice());
    assert.equal(left.indexOf("canary"), -1);
  });
});
