/**
 * A TCP server by Deno's own sockets. `node:net` is not used here: where a peer has closed its side and has never sent a byte
 * (`nc … < /dev/null`), Deno's takes that for its end, and fails with EPIPE whatever the system does not take at once.
 */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { listenFailure } from "./listen-failure.ts";
import type { Address, ListenTcp } from "./types.ts";

/** As far as they are used. Their types are not loaded. */
interface DenoConn {
  readonly remoteAddr: { readonly port?: number };
  /** @returns null at the end */
  read(into: Uint8Array): Promise<number | null>;
  /** @returns bytes taken, which may be fewer */
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  /** What waits to be read or written is cancelled. */
  close(): void;
  setNoDelay(on: boolean): void;
  setKeepAlive(on: boolean): void;
}

interface DenoListener {
  readonly addr: Address;
  accept(): Promise<DenoConn>;
  close(): void;
}

interface DenoApi {
  listen(address: Address): DenoListener;
}

const READ_BYTES = 16 * 1024;
/** A connection that could not be accepted (no descriptors left) is tried again so much later. */
const RETRY_MS = 100;

export const listen: ListenTcp = async (address, onConnection) => {
  let listener: DenoListener;
  try {
    listener = (globalThis as unknown as { readonly Deno: DenoApi }).Deno.listen(address);
  } catch (error) {
    throw listenFailure(error, address);
  }
  let isClosed = false;
  const accept = async () => {
    while (!isClosed) {
      const conn = await listener.accept().catch(() => undefined);
      if (conn !== undefined) onConnection(new DenoConnection(conn));
      else if (!isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
  void accept();
  return {
    port: listener.addr.port,
    close() {
      if (isClosed) return;
      isClosed = true;
      listener.close();
    },
  };
};

class DenoConnection extends Duplex {
  readonly remotePort: number | undefined;
  readonly #conn: DenoConn;
  readonly #received = new Uint8Array(READ_BYTES);

  constructor(conn: DenoConn) {
    super({ allowHalfOpen: true });
    this.#conn = conn;
    this.remotePort = conn.remoteAddr.port;
    // Without a listener an error that comes before anybody looks would end the process.
    this.on("error", () => {});
    try {
      conn.setNoDelay(true);
      conn.setKeepAlive(true);
    } catch {
      // It has gone already, as is seen when it is read.
    }
  }

  override _read(): void {
    this.#conn.read(this.#received).then(
      (count) => this.push(count === null ? null : this.#received.slice(0, count)),
      (error) => this.destroy(error),
    );
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#writeAll(bytes).then(() => done(), done);
  }

  override _writev(chunks: { readonly chunk: Uint8Array }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#conn.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#conn.close();
    done(error);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) at += await this.#conn.write(bytes.subarray(at));
  }
}
