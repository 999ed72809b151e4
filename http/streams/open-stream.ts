/** Opens one stream of rows as a request wants it: events, raw, or a WebSocket. Counts those that are open. */

import type { Subscription } from "../../actors/feed/subscription.ts";
import type { ControlDeps } from "../control.ts";
import { badParameter, problem } from "../problem.ts";
import { refusal } from "../refusal.ts";
import type { RequestContext } from "../route.ts";
import { eventForm, rawForm } from "./body-forms.ts";
import { MAX_STREAMS } from "./limits.ts";
import { rowBody } from "./row-body.ts";
import { RowSocket, type RowSocketOptions } from "./row-socket.ts";
import type { Known } from "./wish.ts";

export class OpenStreams {
  readonly #deps: ControlDeps;
  #open = 0;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  /** What wishes are read against. */
  known(): Known {
    const { datasets, clock } = this.#deps;
    return { datasets: datasets.map(({ name }) => name), nowMs: clock.nowMs() };
  }

  /** Answers with a stream over plain HTTP. `wish` has the framing `sse` or `raw`. */
  async body(c: RequestContext, wish: Subscription, contentType: string): Promise<Response> {
    return this.#counted(c, async (onEnd) => {
      const isEvents = wish.framing === "sse";
      const subscribed = await this.#deps.feed.subscribe(isEvents ? "sse" : "http", wish);
      if (!subscribed.ok) return refusal(c, subscribed);
      const { client } = subscribed;
      const { connection } = c.env ?? {};
      connection?.keepOpen();
      const body = rowBody({
        client,
        form: isEvents
          ? eventForm(wish.format, wish.datasets.length === 1 ? wish.datasets : this.known().datasets)
          : rawForm(wish.format, client.preamble),
        clock: this.#deps.clock,
        endsWhenStalled: wish.whenFull === "disconnect",
        gone: c.req.raw.signal,
        onEnd(by) {
          // Who was ended because it takes nothing does not take the end either.
          if (by === "full" || by === "stalled") connection?.cutSoon();
          onEnd();
        },
      });
      // For proxies that else collect an answer before they pass it on.
      return c.body(body, 200, { "content-type": contentType, "x-accel-buffering": "no" });
    });
  }

  /** Answers with a WebSocket of one subscription, named `ref`. It is had before the upgrade: until then a problem can be told. */
  async socketOfOne(c: RequestContext, ref: string, wish: Subscription): Promise<Response> {
    return this.#counted(c, async (onEnd) => {
      const subscribed = await this.#deps.feed.subscribe("websocket", wish);
      if (!subscribed.ok) return refusal(c, subscribed);
      const { client } = subscribed;
      const response = this.#upgrade(c, { only: { ref, wish, client }, onEnd });
      if (response === undefined) client.close();
      return response ?? noUpgrade(c);
    });
  }

  /** Answers with a WebSocket whose client subscribes by message. */
  async socketOfMany(c: RequestContext): Promise<Response> {
    return this.#counted(c, (onEnd) => this.#upgrade(c, { onEnd }) ?? noUpgrade(c));
  }

  #upgrade(c: RequestContext, more: Pick<RowSocketOptions, "only" | "onEnd">): Response | undefined {
    const { feed, clock, log } = this.#deps;
    const options: RowSocketOptions = {
      feed,
      clock,
      known: () => this.known(),
      onFault: (error) => log.error("a message of a WebSocket failed, and the socket is cut", { error }),
      ...more,
    };
    return c.env?.connection?.upgrade(new RowSocket(options));
  }

  /** Counts a stream from here to its end, or to the answer that says that there is none. */
  async #counted(
    c: RequestContext,
    open: (onEnd: () => void) => Response | Promise<Response>,
  ): Promise<Response> {
    if (this.#open >= MAX_STREAMS) {
      const detail = `${this.#open} streams are open, which is the most; try again later`;
      return problem(c, "too-many", { detail, headers: { "retry-after": "5" } });
    }
    this.#open++;
    let isCounted = true;
    const onEnd = () => {
      if (isCounted) this.#open--;
      isCounted = false;
    };
    try {
      const response = await open(onEnd);
      if (!response.ok) onEnd();
      return response;
    } catch (error) {
      onEnd();
      throw error;
    }
  }
}

function noUpgrade(c: RequestContext): Response {
  return badParameter(c, {
    parameter: "upgrade",
    expected: "the headers that open a WebSocket (RFC 6455, 4.1)",
    came: "others",
  });
}
