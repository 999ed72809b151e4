/** A log that a test holds in its hand, and an actor that replays it as the replayer does (actors/replayer/replay.ts). */

import type { Chunk } from "../../../actors/broadcaster/protocol.ts";
import { openTapEncoding, type TapEncoding } from "../../../actors/broadcaster/tap-encoding.ts";
import { refuse } from "../../../actors/refused.ts";
import type {
  OpenReplay,
  PullReplay,
  ReplayerMessage,
  ReplayerReplies,
} from "../../../actors/replayer/protocol.ts";
import { datasets } from "../../../datasets/index.ts";
import { createRowWriter } from "../../../datasets/write-rows.ts";
import type { ActorContext, ActorFactory, Behaviour, Message, Reply } from "../../../runtime/actor/types.ts";
import type { Batch } from "../../../runtime/batch/index.ts";
import { type Emit, type LaneName, range, rowOf } from "../broadcaster/support.ts";

/** Chunks of one answer: few, so that a replay takes several. */
const PULL_CHUNKS = 2;
const SLOT_BYTES = 2 ** 17;

interface Logged {
  readonly first: number;
  readonly rows: number;
}

interface Opened {
  readonly encoding: TapEncoding;
  readonly dataset: LaneName;
  next: number;
}

export class FakeLog {
  readonly #batches: Record<string, Logged[]> = { memory: [], memory_1m: [] };
  readonly #ends: Record<string, number> = { memory: 0, memory_1m: 0 };
  readonly #replays = new Map<string, Opened>();
  #ids = 0;
  /** Batches that the recorder is behind. */
  lag = 0;
  /** Rows before this number are gone. */
  keptFrom = 0;
  /** What every question is refused with. */
  refusal: "too-many" | "damaged" | undefined;
  opened = 0;
  pulled = 0;

  get open(): number {
    return this.#replays.size;
  }

  readonly note = ({ dataset, rows, discard }: Emit, first: number): void => {
    if (discard !== true && rows > 0) this.#batches[dataset]!.push({ first, rows });
    this.#ends[dataset] = first + rows;
  };

  /** Whether any row from `from` on, before `to`, ever was. */
  has(dataset: string, from: number, to: number): boolean {
    return this.#batches[dataset]!.some(({ first, rows }) => first < to && first + rows > from);
  }

  end(dataset: string): number {
    return this.#ends[dataset]!;
  }

  /** The actor. */
  readonly replayer: ActorFactory = (_context: ActorContext): Behaviour => ({
    receive: (received: Message, reply: Reply) => {
      const message = received as ReplayerMessage;
      switch (message.kind) {
        case "replay.open":
          return reply(this.#open(message));
        case "replay.pull":
          return reply(this.#pull(message));
        case "replay.close":
          this.#replays.delete(message.id);
          return reply({ ok: true });
      }
    },
  });

  /** Number after the last row that the recorder has written or knows not to be. */
  #recorded(dataset: string): number {
    const batches = this.#batches[dataset]!;
    if (this.lag === 0) return this.#ends[dataset]!;
    return batches.at(-this.lag)?.first ?? 0;
  }

  #stored(dataset: string): readonly Logged[] {
    const recorded = this.#recorded(dataset);
    return this.#batches[dataset]!.filter(({ first, rows }) => {
      return first + rows > this.keptFrom && first + rows <= recorded;
    });
  }

  #open({ spec, from }: OpenReplay): ReplayerReplies["replay.open"] {
    this.opened++;
    if (this.refusal !== undefined) return refuse(this.refusal, "as the test wants it");
    const encoding = openTapEncoding(spec, datasets);
    if (!encoding.ok) return encoding;
    const dataset = spec.dataset as LaneName;
    const recorded = this.#recorded(dataset);
    const stored = this.#stored(dataset);
    let next: number;
    let missingRows = 0;
    if ("sequence" in from) {
      const wanted = Math.min(from.sequence, recorded);
      const found = stored.find(({ first, rows }) => first + rows > wanted)?.first ?? recorded;
      next = Math.max(wanted, found);
      missingRows = next - wanted;
    } else {
      const timeOf = (row: number) => Object.values(rowOf(dataset, row))[0] as number;
      next = stored.find(({ first, rows }) => timeOf(first + rows - 1) >= from.sinceMs)?.first ?? recorded;
    }
    const id = `replay ${++this.#ids}`;
    this.#replays.set(id, { encoding, dataset, next });
    return { ok: true, id, preamble: encoding.encoder.preamble, next, missingRows };
  }

  #pull({ id, before = Number.POSITIVE_INFINITY, ...facts }: PullReplay): ReplayerReplies["replay.pull"] {
    this.pulled++;
    const replay = this.#replays.get(id);
    if (replay === undefined) return refuse("unknown-replay", "there is no such replay");
    const { encoding, dataset } = replay;
    const chunks: Chunk[] = [];
    for (const { first, rows } of this.#stored(dataset)) {
      if (first + rows <= replay.next || first >= before) continue;
      if (chunks.length === PULL_CHUNKS) return { ok: true, chunks, next: replay.next, atEnd: false };
      const batch = batchOf(dataset, first, rows);
      const run = { from: Math.max(0, replay.next - first), to: Math.min(rows, before - first) };
      const runs = encoding.wanted(batch, run);
      const wanted = runs.reduce((sum, { from, to }) => sum + to - from, 0);
      const bytes = wanted === 0 ? new Uint8Array(0) : encoding.encoder.encode(batch, runs, facts);
      replay.next = first + run.to;
      chunks.push({ dataset, first: first + run.from, next: replay.next, rows: wanted, bytes, writtenMs: 0 });
    }
    replay.next = Math.max(replay.next, Math.min(before, this.#recorded(dataset)));
    return { ok: true, chunks, next: replay.next, atEnd: true };
  }

  /** Forgets all replays, as a restart of the replayer does. */
  forget(): void {
    this.#replays.clear();
  }
}

const room = { buffer: new ArrayBuffer(SLOT_BYTES) } as unknown as WebAssembly.Memory;
const writers = Object.fromEntries(
  (["memory", "memory_1m"] as const).map((name) => [
    name,
    createRowWriter(room, datasets.find((dataset) => dataset.name === name)!),
  ]),
);

function batchOf(dataset: LaneName, first: number, rows: number): Batch {
  const writer = writers[dataset]!;
  const made = range(first, first + rows).map((sequence) => rowOf(dataset, sequence));
  writer.write(0, SLOT_BYTES, made, first, 0);
  return writer.batch;
}
