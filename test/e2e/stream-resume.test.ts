/** Live streams over the real log, on real threads: a broadcaster that restarts, clients that come back, one that is slow. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Positions } from "../../actors/broadcaster/positions.ts";
import { createFeed } from "../../actors/feed/feed.ts";
import type { FeedClient, From, Item } from "../../actors/feed/subscription.ts";
import { datasets } from "../../datasets/index.ts";
import { systemClock } from "../../runtime/clock.ts";
import { getLog } from "../../runtime/log.ts";
import { afterwards, buildHouse, houseOptions, pushSynthetic, temporaryFolder, until } from "./support.ts";

const ROUNDS = 40;
const ROWS_A_ROUND = 250;
const ROWS = ROUNDS * ROWS_A_ROUND;

/** Takes all that comes, at once or only when it is asked to. */
class Listener {
  readonly ids: number[] = [];
  readonly notices: Item[] = [];
  ended = false;
  missed = 0;
  readonly client: FeedClient;

  constructor(client: FeedClient, isEager = true) {
    this.client = client;
    if (isEager) client.onReady(() => this.drain());
  }

  drain(): void {
    for (let item = this.client.take(); item !== undefined; item = this.client.take()) {
      if (item.kind === "chunk") {
        for (const line of item.text().split("\n")) {
          if (line !== "") this.ids.push((JSON.parse(line) as { duration_ms: number }).duration_ms);
        }
      } else if (item.kind === "notice") {
        this.notices.push(item);
        this.missed += item.notice.rows;
      } else this.ended = true;
    }
  }
}

test("each row comes once and in order, whatever restarts, and whoever comes back goes on where it was", {
  timeout: 240_000,
}, async (t) => {
  const system = buildHouse(houseOptions(temporaryFolder(t), { without: ["outlets"] }));
  afterwards(t, () => system.stop());
  assert.deepEqual(await system.start(), { ok: true });
  const access = { ask: system.ask.bind(system), clock: systemClock, log: getLog("test") };
  const feed = createFeed(access, { queueBytes: 64 * 1024, datasets });
  const listen = async (from: From, isEager = true) => {
    const subscribed = await feed.subscribe("http", {
      datasets: ["optimization"],
      format: "jsonl",
      framing: "raw",
      columns: ["duration_ms"],
      where: null,
      from,
      whenFull: "drop-oldest",
    });
    assert.ok(subscribed.ok);
    return new Listener(subscribed.client, isEager);
  };
  const live = await listen({ kind: "now" });
  const slow = await listen({ kind: "now" }, false);
  const back: Listener[] = [await listen({ kind: "now" })];
  let positions: Positions = {};
  for (let round = 0; round < ROUNDS; round++) {
    const ids = Array.from({ length: ROWS_A_ROUND }, (_, index) => round * ROWS_A_ROUND + index);
    assert.ok((await pushSynthetic(system, ids)).ok);
    if (round % 8 === 3)
      assert.deepEqual(await system.command("broadcaster", "restart", "test"), { ok: true });
    // Away for two rounds, it comes back with what it knows.
    if (round % 5 === 1) {
      const { client } = back.at(-1)!;
      positions = client.positions();
      client.close();
    }
    if (round % 5 === 3) back.push(await listen({ kind: "positions", positions }));
  }
  const since = await listen({ kind: "since", sinceMs: 0 });
  const end = ROWS - 1;
  const isThere = (listener: Listener) => listener.ids.at(-1) === end;
  await until("everybody has the last row", () => isThere(live) && isThere(back.at(-1)!) && isThere(since));
  const all = Array.from({ length: ROWS }, (_, id) => id);
  assert.deepEqual(live.ids, all);
  assert.deepEqual(
    back.flatMap(({ ids }) => ids),
    all,
  );
  assert.deepEqual(since.ids, all);
  assert.deepEqual([...live.notices, ...since.notices, ...back.flatMap(({ notices }) => notices)], []);
  await until("the slow one has the last row", () => {
    slow.drain();
    return isThere(slow);
  });
  assert.equal(slow.ids.length + slow.missed, ROWS);
  assert.ok(slow.missed > 0);
  assert.equal(new Set(slow.ids).size, slow.ids.length);
  feed.close();
});
