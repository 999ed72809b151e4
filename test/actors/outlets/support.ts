/** What the tests of outlets share: specs, a log that is kept, and waiting for what sockets and pipes do. */

import { connect, type Socket } from "node:net";
import type { OutletDeps } from "../../../actors/outlets/outlet.ts";
import type { OutletPlace, OutletSpec } from "../../../actors/outlets/protocol.ts";
import { type Clock, systemClock } from "../../../runtime/clock.ts";
import { type LogLine, logInto } from "../../fixtures/kept-log.ts";
import type { FakeFeed } from "./fake-feed.ts";

export { until } from "../../e2e/support.ts";

const ROWS = {
  datasets: ["memory"],
  format: "jsonl",
  columns: null,
  where: null,
  whenFull: "drop-oldest",
} as const;

type Specified<Place extends OutletPlace> = OutletSpec & Place;
type At<Transport extends OutletPlace["transport"]> = Extract<OutletPlace, { transport: Transport }>;

export function tcpSpec(more: Partial<Specified<At<"tcp">>> = {}): Specified<At<"tcp">> {
  return { transport: "tcp", host: "127.0.0.1", port: 0, ...ROWS, ...more };
}

export function zeroMqSpec(more: Partial<Specified<At<"zeromq">>> = {}): Specified<At<"zeromq">> {
  return { transport: "zeromq", host: "127.0.0.1", port: 0, ...ROWS, ...more };
}

export function pipeSpec(path: string, more: Partial<Specified<At<"pipe">>> = {}): Specified<At<"pipe">> {
  return { transport: "pipe", path, ...ROWS, ...more };
}

export function depsOf(feed: FakeFeed, lines: LogLine[] = [], clock: Clock = systemClock): OutletDeps {
  return { feed, clock, log: logInto(lines) };
}

/** A client on TCP that keeps all it is sent. */
export class Peer {
  readonly socket: Socket;
  received = new Uint8Array(0);
  /** The other side has said that this was all. */
  hasEnded = false;
  isClosed = false;

  static open(
    port: number,
    options: { readonly paused?: boolean; readonly host?: string } = {},
  ): Promise<Peer> {
    const { paused = false, host = "127.0.0.1" } = options;
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, allowHalfOpen: true });
      const peer = new Peer(socket);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        if (!paused) peer.read();
        resolve(peer);
      });
    });
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("end", () => {
      this.hasEnded = true;
      socket.end();
    });
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  read(): void {
    this.socket.on("data", (bytes: Uint8Array) => {
      const whole = new Uint8Array(this.received.byteLength + bytes.byteLength);
      whole.set(this.received);
      whole.set(bytes, this.received.byteLength);
      this.received = whole;
    });
    this.socket.resume();
  }

  get text(): string {
    return new TextDecoder().decode(this.received);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Everything that sockets have to say at this moment has been said: a round trip over one of their own. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
