/**
 * A way to a server that can be cut and mended: connections to another loopback address of the same port, handed on byte by byte.
 * The server hears its own port in the Host header, as it must.
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { afterwards } from "./support.ts";

const NEAR = "127.0.0.2";
const FAR = "127.0.0.1";

export class CuttableWay {
  readonly url: string;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** To the server on this port of 127.0.0.1. It is cut after the test. */
  static async open(port: number, t: { after(fn: () => void | Promise<void>): void }): Promise<CuttableWay> {
    const way = new CuttableWay(port);
    afterwards(t, () => way.cut());
    await way.mend();
    return way;
  }

  private constructor(port: number) {
    this.#port = port;
    this.url = `http://${NEAR}:${port}`;
  }

  /** Ends every connection and takes no more. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.#port, FAR);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        // A connection that breaks is closed: that is all there is to know.
        socket.on("error", () => {});
      }
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen(this.#port, NEAR, () => resolve());
    });
    this.#server = server;
  }
}
