/** A house with a feed at its broadcaster, a log, and clients that check every row they are given. */

import assert from "node:assert/strict";
import { parsePositions } from "../../../actors/broadcaster/positions.ts";
import { createFeed, type FeedOptions } from "../../../actors/feed/feed.ts";
import type {
  Feed,
  FeedClient,
  Item,
  Subscribed,
  Subscription,
  SubscriptionChange,
} from "../../../actors/feed/subscription.ts";
import { REPLAYER } from "../../../actors/replayer/protocol.ts";
import { getLog } from "../../../runtime/log.ts";
import { type House, LANES, openHouse, range, sequencesIn, used } from "../broadcaster/support.ts";
import { FakeLog } from "./fake-log.ts";

export interface FeedHouse extends House {
  readonly feed: Feed;
  readonly log: FakeLog;
  subscribe(wish?: Partial<Subscription>): Promise<Subscribed>;
  /** Subscribes and gives a client that checks. */
  client(wish?: Partial<Subscription>): Promise<CheckingClient>;
  /** Lets time pass, so that what pauses goes on. */
  pass(ms: number): Promise<void>;
  /** Awaits something that needs the system to go on, and time to pass. */
  run<T>(work: Promise<T>): Promise<T>;
}

export const LIVE: Subscription = {
  datasets: ["memory"],
  format: "jsonl",
  framing: "raw",
  columns: null,
  where: null,
  from: { kind: "now" },
  whenFull: "drop-oldest",
};

/** Rows of even numbers, and of odd ones, in memory: processes_count is the number's last digit. */
export const EVEN = "processes_count in (0, 2, 4, 6, 8)";
export const ODD = "processes_count in (1, 3, 5, 7, 9)";

const quiet = { ...getLog("feed"), info() {}, warning() {}, error() {} };

export async function openFeedHouse(
  options: Partial<FeedOptions> & { readonly seed?: number } = {},
): Promise<FeedHouse> {
  const { seed = 1, queueBytes = 2 ** 20, ...more } = options;
  const log = new FakeLog();
  const house = await openHouse({ seed, onEmit: log.note, more: { [REPLAYER]: log.replayer } });
  const access = {
    ask: house.system.ask.bind(house.system),
    clock: house.clock,
    log: quiet,
  };
  const feed = createFeed(access, { queueBytes, datasets: used, ...more });
  const feedHouse: FeedHouse = {
    ...house,
    feed,
    log,
    subscribe: (wish = {}) => feedHouse.run(feed.subscribe("http", { ...LIVE, ...wish })),
    async client(wish = {}) {
      const subscribed = await feedHouse.subscribe(wish);
      assert.ok(subscribed.ok, JSON.stringify(subscribed));
      return new CheckingClient(subscribed.client, { ...LIVE, ...wish }, log);
    },
    async pass(ms) {
      for (let passed = 0; passed < ms; passed += 5) await house.advance(5);
    },
    async run<T>(work: Promise<T>) {
      let isDone = false;
      const ended = () => {
        isDone = true;
      };
      work.then(ended, ended);
      await house.settle();
      for (let turn = 0; !isDone; turn++) {
        assert.ok(turn < 2000, "what was awaited does not come about");
        await house.advance(50);
      }
      return work;
    },
  };
  return feedHouse;
}

/** Takes what a subscription gives, and checks that every row comes once and in order, or is told to be missing. */
export class CheckingClient {
  client: FeedClient;
  readonly #log: FakeLog;
  readonly #wish: Subscription;
  /** Of each dataset the number of the row that must come next. */
  readonly next: Record<string, number>;
  /** From which numbers on which filter counts. */
  readonly #filters: Record<string, { readonly from: number; readonly where: string | null }[]>;
  readonly rows: Record<string, number[]> = {};
  readonly notices: Extract<Item, { readonly kind: "notice" }>["notice"][] = [];
  ended: string | undefined;
  wakes = 0;
  lastId: string | undefined;

  constructor(client: FeedClient, wish: Subscription, log: FakeLog) {
    this.client = client;
    this.#wish = wish;
    this.#log = log;
    this.next = { ...client.positions() };
    this.#filters = Object.fromEntries(wish.datasets.map((name) => [name, [{ from: 0, where: wish.where }]]));
    for (const name of wish.datasets) this.rows[name] = [];
    this.listen();
  }

  listen(): void {
    this.client.onReady(() => {
      this.wakes++;
    });
  }

  /** Goes on with another subscription, from where the one before stood. */
  resume(client: FeedClient, positions: Readonly<Record<string, number>>): void {
    assert.deepEqual(client.positions(), positions);
    for (const [dataset, next] of Object.entries(positions)) {
      // Rows that the filter leaves out may come again, and are left out again.
      assert.equal(this.#wanted(dataset, Math.min(next, this.next[dataset]!), this.next[dataset]!).length, 0);
      this.next[dataset] = next;
      this.#filters[dataset] = [{ from: 0, where: this.where }];
    }
    this.client = client;
    this.listen();
  }

  change(from: Readonly<Record<string, number>>, { where }: SubscriptionChange): void {
    for (const [dataset, number] of Object.entries(from))
      this.#filters[dataset]!.push({ from: number, where });
  }

  get datasets(): readonly string[] {
    return this.#wish.datasets;
  }

  /** The filter of the rows that come last. */
  get where(): string | null {
    return this.#filters[this.datasets[0]!]!.at(-1)!.where;
  }

  /** Whether it has all that there is: what it says, and what it was given. */
  get hasAll(): boolean {
    const positions = this.client.positions();
    return this.datasets.every((dataset) => {
      const end = this.#log.end(dataset);
      return positions[dataset] === end && this.#wanted(dataset, this.next[dataset]!, end).length === 0;
    });
  }

  /** Takes up to `most` items. @returns how many there were */
  take(most = Number.POSITIVE_INFINITY): number {
    for (let taken = 0; taken < most; taken++) {
      const item = this.client.take();
      if (item === undefined) return taken;
      this.#check(item);
    }
    return most;
  }

  #check(item: Item): void {
    assert.equal(this.ended, undefined, "something came after the end");
    if (item.kind === "end") {
      this.ended = item.reason;
      return;
    }
    if (item.kind === "notice") {
      const { notice, dataset, rows, next } = item.notice;
      this.notices.push(item.notice);
      const from = this.next[dataset]!;
      assert.ok(next > from, `${notice} up to ${next}, but ${from} is next`);
      // Of dropped chunks the rows count that the filter had left; a gap is numbers, and rows before it were left out.
      const told = notice === "gap" ? this.#wanted(dataset, from, next - rows).length : rows;
      const missed = notice === "gap" ? 0 : this.#wanted(dataset, from, next).length;
      assert.equal(told, missed, `${notice} of ${rows} rows from ${from} to ${next}`);
      this.next[dataset] = next;
    } else {
      const { dataset, next, rows, bytes } = item;
      const had = sequencesIn(bytes);
      assert.deepEqual(had, this.#wanted(dataset, this.next[dataset]!, next));
      assert.equal(rows, had.length);
      assert.equal(item.text(), new TextDecoder().decode(bytes));
      this.rows[dataset]!.push(...had);
      this.next[dataset] = next;
      if (this.#wish.framing === "sse") this.#checkId(bytes);
    }
  }

  /** What a browser would send back is where the client stands. */
  #checkId(bytes: Uint8Array): void {
    const lines = new TextDecoder().decode(bytes).split("\n");
    this.lastId = lines.findLast((line) => line.startsWith("id: "))!.slice(4);
    const several = this.#wish.datasets.length > 1;
    const positions = parsePositions(this.lastId, several ? LANES : this.#wish.datasets);
    for (const dataset of this.#wish.datasets) {
      const said = positions?.[dataset] ?? Number.NaN;
      const next = this.next[dataset]!;
      assert.ok(said >= next || this.#wanted(dataset, said, next).length === 0, `${said} is before ${next}`);
      assert.ok(said <= next || !this.#log.has(dataset, next, said), `${said} is beyond ${next}`);
    }
  }

  /** Numbers of the rows between that the client is to have. */
  #wanted(dataset: string, from: number, to: number): number[] {
    return range(from, to).filter((row) => {
      if (!this.#log.has(dataset, row, row + 1)) return false;
      const { where } = this.#filters[dataset]!.findLast((filter) => filter.from <= row)!;
      return where === null || (where === EVEN ? row % 2 === 0 : row % 2 === 1);
    });
  }
}
