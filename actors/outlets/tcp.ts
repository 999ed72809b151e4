/**
 * Rows over plain TCP: whoever connects reads. A client has a queue of its own in the feed, and is given bytes as fast as its
 * socket takes them. What it sends is thrown away, and who sends more than a little is cut off.
 */

import type { Timer } from "../../runtime/clock.ts";
import type { TcpConnection } from "../../runtime/platform/types.ts";
import type { ClientView } from "../feed/subscription.ts";
import { CLOSE_MS, type OutletDeps, type OutletOpened, STALL_MS } from "./outlet.ts";
import type { OutletSpec } from "./protocol.ts";
import { Rows } from "./rows.ts";
import { openSocketOutlet, type SocketClient } from "./socket-outlet.ts";

/** Bytes that a client may send: somebody's HTTP request to the wrong port, no more. */
const MAX_RECEIVED_BYTES = 64 * 1024;

export function openTcp(
  spec: OutletSpec & { readonly transport: "tcp" },
  deps: OutletDeps,
): Promise<OutletOpened> {
  return openSocketOutlet(spec, (socket, onGone) => new TcpClient(socket, spec, deps, onGone));
}

class TcpClient implements SocketClient {
  readonly #socket: TcpConnection;
  readonly #deps: OutletDeps;
  #rows: Rows | undefined;
  #receivedBytes = 0;
  #stalled: Timer | undefined;
  #isEnding = false;
  #isGone = false;
  readonly #gone: Promise<void>;

  constructor(socket: TcpConnection, spec: OutletSpec, deps: OutletDeps, onGone: () => void) {
    this.#socket = socket;
    this.#deps = deps;
    this.#gone = new Promise((resolve) => {
      socket.once("close", () => {
        this.#isGone = true;
        this.#stalled?.cancel();
        this.#rows?.close();
        onGone();
        resolve();
      });
    });
    socket.on("drain", () => {
      this.#stalled?.cancel();
      this.#pump();
    });
    socket.on("data", (bytes: Uint8Array) => {
      this.#receivedBytes += bytes.byteLength;
      if (this.#receivedBytes > MAX_RECEIVED_BYTES) socket.destroy();
    });
    void this.#begin(spec);
  }

  get sentRows(): number {
    return this.#rows?.view().sentRows ?? 0;
  }

  /** Undefined until it is subscribed. */
  view(): ClientView | undefined {
    return this.#rows?.view();
  }

  /** Sends what waits, says that this was all, and cuts who does not take it in time. */
  async end(): Promise<void> {
    this.#flush();
    await this.#gone;
  }

  async #begin(spec: OutletSpec): Promise<void> {
    const opened = await Rows.open(this.#deps.feed, spec, spec.datasets);
    if (!opened.ok) {
      this.#deps.log.warning("a TCP client was not given rows: {message}", { message: opened.message });
      this.#socket.destroy();
      return;
    }
    this.#rows = opened.rows;
    if (this.#isGone) return opened.rows.close();
    this.#socket.write(opened.rows.preamble);
    if (this.#isEnding) this.#flush();
    else this.#pump();
  }

  #pump(): void {
    const rows = this.#rows;
    if (rows === undefined || this.#isEnding || this.#isGone) return;
    while (!this.#socket.writableNeedDrain) {
      const item = rows.take();
      if (item === undefined) {
        rows.onReady(() => this.#pump());
        return;
      }
      if (item.kind === "end") {
        this.#flush();
        return;
      }
      this.#socket.write(item.bytes);
    }
    this.#watchStall();
  }

  /** Its queue has ended by then, or has long been full; it is not told, as it takes nothing. */
  #watchStall(): void {
    this.#stalled?.cancel();
    if (this.#rows?.view().whenFull !== "disconnect") return;
    this.#stalled = this.#deps.clock.after(STALL_MS, () => this.#socket.destroy());
  }

  /** What waits is bounded by the client's queue, so all of it may be handed to the socket. */
  #flush(): void {
    this.#isEnding = true;
    if (this.#isGone) return;
    const rows = this.#rows;
    for (let item = rows?.take(); item?.kind === "bytes"; item = rows?.take()) this.#socket.write(item.bytes);
    rows?.close();
    this.#socket.end();
    const late = this.#deps.clock.after(CLOSE_MS, () => this.#socket.destroy());
    void this.#gone.then(() => late.cancel());
  }
}
