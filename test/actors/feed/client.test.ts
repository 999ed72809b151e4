/** One client by itself: chunks are offered by hand, and the log answers as the test says. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { TapSpec } from "../../../actors/broadcaster/protocol.ts";
import { tapKey } from "../../../actors/broadcaster/taps.ts";
import { Client } from "../../../actors/feed/client.ts";
import { FeedTap } from "../../../actors/feed/feed-tap.ts";
import { SharedChunk } from "../../../actors/feed/shared-chunk.ts";
import type { Item } from "../../../actors/feed/subscription.ts";
import type { OpenReplay, PullReplay } from "../../../actors/replayer/protocol.ts";
import type { AskResult, Message } from "../../../runtime/actor/types.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { getLog } from "../../../runtime/log.ts";
import { range, sequencesIn } from "../broadcaster/support.ts";
import { EVEN, LIVE } from "./support.ts";

type Span = readonly [first: number, next: number];

function chunk([first, next]: Span, dataset = "memory"): SharedChunk {
  const text = range(first, next).map((sequence) => `${JSON.stringify({ sequence })}\n`);
  const bytes = new TextEncoder().encode(text.join(""));
  return new SharedChunk({ dataset, first, next, rows: next - first, bytes, writtenMs: 0 });
}

function tapOf(dataset: string, next: number, where: string | null = null): FeedTap {
  const { format, framing } = LIVE;
  const spec: TapSpec = { dataset, format, framing, columns: null, where, positions: false };
  const tap = new FeedTap(tapKey(spec), spec);
  tap.next = next;
  tap.number = 1;
  return tap;
}

interface Begun {
  readonly client: Client;
  readonly taps: Readonly<Record<string, FeedTap>>;
  /** What was read from the log. */
  readonly replays: string[];
  /** Rows of the log by their numbers; default: all. */
  stored: readonly Span[];
  opened: number;
  offer(span: Span, dataset?: string): void;
  /** All that it gives: rows as spans, notices by their name. */
  all(): Promise<readonly string[]>;
}

/** @param at of each dataset where the client stands, and where live rows begin */
function begin(at: Readonly<Record<string, Span>>, queueBytes = 2 ** 20): Begun {
  const replays: string[] = [];
  const spans = new Map<string, { readonly spec: TapSpec; next: number }>();
  const good = <T>(value: unknown) => ({ ok: true, value }) as AskResult<T>;
  const begun: Begun = {
    replays,
    stored: [[0, 10_000]],
    opened: 0,
    taps: Object.fromEntries(Object.entries(at).map(([name, [, live]]) => [name, tapOf(name, live)])),
    client: new Client({
      id: "client",
      transport: "http",
      wish: { ...LIVE, datasets: Object.keys(at) },
      queueBytes,
      access: {
        clock: new VirtualClock(),
        log: getLog("test"),
        async ask<T>(_to: string, message: Message) {
          if (message.kind === "replay.open") {
            const { spec, from } = message as OpenReplay;
            const next = (from as { sequence: number }).sequence;
            const id = `${++begun.opened}`;
            spans.set(id, { spec, next });
            return good<T>({ ok: true, id, preamble: new Uint8Array(0), next, missingRows: 0 });
          }
          if (message.kind !== "replay.pull") return good<T>({ ok: true });
          const { id, before = 0 } = message as PullReplay;
          const replay = spans.get(id)!;
          const { dataset, where } = replay.spec;
          replays.push(`${dataset} ${replay.next}-${before}${where === null ? "" : " filtered"}`);
          const chunks = begun.stored
            .map(([first, next]): Span => [Math.max(first, replay.next), Math.min(next, before)])
            .filter(([first, next]) => first < next)
            .map((span) => chunk(span, dataset));
          replay.next = before;
          return good<T>({ ok: true, chunks, next: before, atEnd: true });
        },
      },
      allDatasets: Object.keys(at),
      change: async () => ({ ok: true, positions: {} }),
      onOver() {},
    }),
    offer(span, dataset = "memory") {
      const tap = begun.taps[dataset]!;
      tap.next = span[1];
      begun.client.offer(chunk(span, dataset));
    },
    async all() {
      const given: string[] = [];
      for (let idle = 0; idle < 3; ) {
        const item = begun.client.take();
        if (item === undefined) {
          idle++;
          await setImmediate();
        } else given.push(shown(item));
      }
      return given;
    },
  };
  begun.client.begin(
    Object.entries(at).map(([dataset, [position, healTo]]) => ({
      dataset,
      tap: begun.taps[dataset]!,
      position,
      healTo,
    })),
  );
  return begun;
}

function shown(item: Item): string {
  if (item.kind === "end") return item.reason;
  if (item.kind === "notice") return `${item.notice.notice} ${item.notice.rows} to ${item.notice.next}`;
  const rows = sequencesIn(item.bytes);
  return `${item.dataset} ${rows[0]}-${item.next}`;
}

test("a chunk that was had is passed over; of one that was had in part the rest is read from the log", async () => {
  const begun = begin({ memory: [5, 5] });
  begun.offer([0, 5]);
  begun.offer([0, 10]);
  begun.offer([10, 12]);
  assert.deepEqual(await begun.all(), ["memory 5-10", "memory 10-12"]);
  assert.deepEqual(begun.replays, ["memory 5-10"]);
});

test("a chunk that begins too late waits for what lies before it", async () => {
  const begun = begin({ memory: [5, 5] });
  begun.offer([8, 10]);
  assert.deepEqual(await begun.all(), ["memory 5-8", "memory 8-10"]);
});

test("while the log is read nothing is dropped: what has no room is read from there, also of other datasets", async () => {
  const begun = begin({ memory: [0, 10], memory_1m: [0, 0] }, 300);
  for (let first = 0; first < 40; first += 10) begun.offer([first, first + 10], "memory_1m");
  for (let first = 10; first < 50; first += 10) begun.offer([first, first + 10]);
  assert.ok(begun.client.view().queuedBytes <= 300);
  const given = await begun.all();
  assert.deepEqual(given, ["memory 0-40", "memory_1m 0-40", "memory 40-50"]);
  assert.equal(begun.client.view().droppedRows, 0);
});

test("rows that the log does not have are a gap each, within what is read and at its end", async () => {
  const begun = begin({ memory: [0, 10] });
  begun.stored = [
    [0, 3],
    [5, 8],
  ];
  begun.offer([10, 11]);
  assert.deepEqual(await begun.all(), [
    "memory 0-3",
    "gap 2 to 5",
    "memory 5-8",
    "gap 2 to 10",
    "memory 10-11",
  ]);
  assert.equal(begun.client.view().droppedRows, 0);
});

test("other taps begin where they were asked for: what lies before is read in the new way, of all datasets, before live rows", async () => {
  const begun = begin({ memory: [8, 8], memory_1m: [10, 10] });
  begun.offer([8, 10]);
  const changed = [tapOf("memory", 20, EVEN), tapOf("memory_1m", 12, EVEN)];
  const from = begun.client.switchTo(changed, [15, 12], [chunk([12, 15]), chunk([15, 20])]);
  assert.deepEqual(from, { memory: 10, memory_1m: 10 });
  assert.deepEqual(await begun.all(), ["memory 8-10", "memory 10-15", "memory_1m 10-12", "memory 15-20"]);
  assert.deepEqual(begun.replays, ["memory 10-15 filtered", "memory_1m 10-12 filtered"]);
});

test("other taps count for all that is behind a hole, or behind what is yet to be read from the log", async () => {
  const behind = begin({ memory: [0, 0] });
  behind.offer([0, 2]);
  behind.offer([4, 6]);
  assert.deepEqual(behind.client.switchTo([tapOf("memory", 6, EVEN)], [6], []), { memory: 0 });
  await behind.all();
  assert.deepEqual(behind.replays, ["memory 0-6 filtered"]);
  const catching = begin({ memory: [0, 4] });
  catching.offer([4, 6]);
  assert.deepEqual(catching.client.switchTo([tapOf("memory", 6, EVEN)], [6], []), { memory: 0 });
  assert.deepEqual(await catching.all(), ["memory 0-6"]);
  assert.deepEqual(catching.replays, ["memory 0-6 filtered"]);
});

test("who has closed is given nothing more, and nothing more is read for it", async () => {
  const begun = begin({ memory: [0, 10] });
  begun.client.close();
  begun.offer([10, 12]);
  assert.deepEqual([await begun.all(), begun.opened], [[], 0]);
  begun.client.end("full");
  assert.equal(begun.client.take(), undefined);
});
