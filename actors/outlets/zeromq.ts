/**
 * Rows over ZeroMQ: a PUB socket that any SUB connects to. A message has two parts: the dataset, which is the topic, and a
 * chunk's records, which can be read without any message before (Arrow: a stream of its own).
 *
 * Each subscriber has queues of its own, one a dataset, and nothing is asked of the feed but what some subscriber wants.
 */

import type { Timer } from "../../runtime/clock.ts";
import type { TcpConnection } from "../../runtime/platform/types.ts";
import type { ClientView } from "../feed/subscription.ts";
import { CLOSE_MS, type OutletDeps, type OutletOpened, STALL_MS } from "./outlet.ts";
import type { OutletSpec } from "./protocol.ts";
import { Rows } from "./rows.ts";
import { openSocketOutlet, type SocketClient } from "./socket-outlet.ts";
import { PublisherSession } from "./zmtp/session.ts";
import { encodeFrame, frameHead } from "./zmtp/wire.ts";

/** A peer that has not said READY by then is cut off. */
const HANDSHAKE_MS = 5000;

type ZeroMqSpec = OutletSpec & { readonly transport: "zeromq" };

export function openZeroMq(spec: ZeroMqSpec, deps: OutletDeps): Promise<OutletOpened> {
  return openSocketOutlet(spec, (socket, onGone) => new Peer(socket, spec, deps, onGone));
}

class Peer implements SocketClient {
  readonly #socket: TcpConnection;
  readonly #spec: ZeroMqSpec;
  readonly #deps: OutletDeps;
  readonly #session: PublisherSession;
  readonly #handshake: Timer;
  readonly #sinceMs: number;
  /** By dataset, in the order in which they are looked at next. */
  readonly #rows = new Map<string, Rows>();
  /** Of subscriptions that were cancelled. */
  #past = { sentRows: 0, sentBytes: 0, droppedRows: 0 };
  #stalled: Timer | undefined;
  #isMatching = false;
  #isEnding = false;
  #isGone = false;
  readonly #gone: Promise<void>;
  readonly #id: string;

  constructor(socket: TcpConnection, spec: ZeroMqSpec, deps: OutletDeps, onGone: () => void) {
    this.#socket = socket;
    this.#spec = spec;
    this.#deps = deps;
    this.#sinceMs = deps.clock.nowMs();
    this.#id = `zeromq-${socket.remotePort ?? 0}`;
    this.#handshake = deps.clock.after(HANDSHAKE_MS, () => {
      if (!this.#session.isReady) socket.destroy();
    });
    this.#gone = new Promise((resolve) => {
      socket.once("close", () => {
        this.#isGone = true;
        this.#handshake.cancel();
        this.#stalled?.cancel();
        for (const dataset of this.#rows.keys()) this.#drop(dataset);
        onGone();
        resolve();
      });
    });
    this.#session = new PublisherSession({
      // While rows wait in the socket a PONG is left out: they say as well that we are there, and who sends PINGs without
      // ever reading would have its answers pile up.
      send: (bytes) => {
        if (!socket.writableNeedDrain) socket.write(bytes);
      },
      topicsChanged: () => void this.#match(),
      fault: (reason) => {
        deps.log.info("a ZeroMQ peer was cut off: {reason}", { reason });
        // With what was answered, if it reads it.
        this.#cut();
      },
    });
    socket.on("drain", () => {
      this.#stalled?.cancel();
      this.#pump();
    });
    socket.on("data", (bytes: Uint8Array) => {
      if (!this.#isEnding) this.#session.receive(bytes);
    });
    // Unlike a reader of plain rows, a peer that closes its side is gone.
    socket.once("end", () => socket.destroy());
  }

  get sentRows(): number {
    return this.#total("sentRows");
  }

  /** Undefined until it is known to be a subscriber. */
  view(): ClientView | undefined {
    if (!this.#session.isReady) return undefined;
    const views = [...this.#rows.values()].map((rows) => rows.view());
    return {
      id: this.#id,
      transport: "zeromq",
      datasets: this.#spec.datasets.filter((dataset) => this.#rows.has(dataset)),
      format: this.#spec.format,
      whenFull: this.#spec.whenFull,
      state: views.some(({ state }) => state === "replay") ? "replay" : "live",
      queuedBytes: views.reduce((bytes, { queuedBytes }) => bytes + queuedBytes, 0),
      sentRows: this.#total("sentRows"),
      sentBytes: this.#total("sentBytes"),
      droppedRows: this.#total("droppedRows"),
      sinceMs: this.#sinceMs,
    };
  }

  async end(): Promise<void> {
    this.#flush();
    await this.#gone;
  }

  #total(figure: "sentRows" | "sentBytes" | "droppedRows"): number {
    let sum = this.#past[figure];
    for (const rows of this.#rows.values()) sum += rows.view()[figure];
    return sum;
  }

  /** Brings what the feed is asked for to what the peer wants. One at a time: a peer may change its mind as often as it likes. */
  async #match(): Promise<void> {
    if (this.#isMatching) return;
    this.#isMatching = true;
    try {
      for (let dataset = this.#unmatched(); dataset !== undefined; dataset = this.#unmatched()) {
        if (!this.#wants(dataset)) this.#drop(dataset);
        else if (!(await this.#add(dataset))) break;
      }
    } finally {
      this.#isMatching = false;
    }
  }

  #wants(dataset: string): boolean {
    return !this.#isGone && !this.#isEnding && this.#session.wants(dataset);
  }

  #unmatched(): string | undefined {
    return this.#spec.datasets.find((dataset) => this.#wants(dataset) !== this.#rows.has(dataset));
  }

  async #add(dataset: string): Promise<boolean> {
    const opened = await Rows.open(this.#deps.feed, this.#spec, [dataset], "message");
    if (!opened.ok) {
      this.#deps.log.warning("a ZeroMQ subscriber was not given rows: {message}", {
        message: opened.message,
      });
      // It connects and subscribes again by itself.
      this.#socket.destroy();
      return false;
    }
    this.#rows.set(dataset, opened.rows);
    if (this.#isGone) this.#drop(dataset);
    else this.#pump();
    return true;
  }

  #drop(dataset: string): void {
    const rows = this.#rows.get(dataset);
    if (rows === undefined) return;
    const { sentRows, sentBytes, droppedRows } = rows.view();
    this.#past = {
      sentRows: this.#past.sentRows + sentRows,
      sentBytes: this.#past.sentBytes + sentBytes,
      droppedRows: this.#past.droppedRows + droppedRows,
    };
    this.#rows.delete(dataset);
    rows.close();
  }

  /** Takes from the datasets in turn, so that a busy one does not keep the others waiting. */
  #pump(): void {
    if (this.#isEnding || this.#isGone) return;
    for (let idle = 0; idle < this.#rows.size && !this.#socket.writableNeedDrain; ) {
      const [first] = this.#rows;
      const [dataset, rows] = first!;
      this.#rows.delete(dataset);
      this.#rows.set(dataset, rows);
      const item = rows.take();
      if (item === undefined) {
        rows.onReady(() => this.#pump());
        idle++;
        continue;
      }
      if (item.kind === "end") {
        this.#flush();
        return;
      }
      this.#send(dataset, item.bytes);
      idle = 0;
    }
    if (this.#socket.writableNeedDrain) this.#watchStall();
  }

  #watchStall(): void {
    this.#stalled?.cancel();
    if (this.#spec.whenFull !== "disconnect") return;
    this.#stalled = this.#deps.clock.after(STALL_MS, () => this.#socket.destroy());
  }

  #send(dataset: string, payload: Uint8Array<ArrayBuffer>): void {
    this.#socket.cork();
    this.#socket.write(topicFrame(dataset));
    this.#socket.write(frameHead({ kind: "message", more: false }, payload.byteLength));
    this.#socket.write(payload);
    this.#socket.uncork();
  }

  #flush(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    for (const [dataset, rows] of this.#rows) {
      for (let item = rows.take(); item?.kind === "bytes"; item = rows.take())
        this.#send(dataset, item.bytes);
      rows.close();
    }
    this.#cut();
  }

  /** Ends it with what was written, or, where that is not taken in time, without. */
  #cut(): void {
    this.#isEnding = true;
    if (this.#isGone) return;
    this.#socket.end();
    const late = this.#deps.clock.after(CLOSE_MS, () => this.#socket.destroy());
    void this.#gone.then(() => late.cancel());
  }
}

const topicFrames = new Map<string, Uint8Array<ArrayBuffer>>();

/** First part of a message, made once. @param dataset one of those that there are */
function topicFrame(dataset: string): Uint8Array<ArrayBuffer> {
  let frame = topicFrames.get(dataset);
  if (frame === undefined) {
    frame = encodeFrame({ kind: "message", more: true, body: new TextEncoder().encode(dataset) });
    topicFrames.set(dataset, frame);
  }
  return frame;
}
