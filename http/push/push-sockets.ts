/** Opens WebSockets that rows are pushed on, and counts those that are open. */

import type { ControlDeps } from "../control.ts";
import { badParameter, problem } from "../problem.ts";
import type { RequestContext } from "../route.ts";
import { PushSocket, type PushSocketOptions } from "./push-socket.ts";

export class PushSockets {
  readonly #deps: Pick<ControlDeps, "log">;
  readonly #most: number;
  #open = 0;

  constructor(deps: Pick<ControlDeps, "log">, most: number) {
    this.#deps = deps;
    this.#most = most;
  }

  open(c: RequestContext, options: Omit<PushSocketOptions, "path" | "onFault" | "onEnd">): Response {
    if (this.#open >= this.#most) {
      const detail = `${this.#open} WebSockets push, which is the most; try again later`;
      return problem(c, "too-many", { detail, headers: { "retry-after": "5" } });
    }
    this.#open++;
    let isCounted = true;
    const onEnd = () => {
      if (isCounted) this.#open--;
      isCounted = false;
    };
    const socket = new PushSocket({
      ...options,
      path: c.req.path,
      onFault: (error) => {
        this.#deps.log.error("a pushed message failed, and its socket is cut", { error });
      },
      onEnd,
    });
    const upgraded = c.env?.connection?.upgrade(socket);
    if (upgraded !== undefined) return upgraded;
    onEnd();
    return badParameter(c, {
      parameter: "upgrade",
      expected: "the headers that open a WebSocket (RFC 6455, 4.1)",
      came: "others",
    });
  }
}
