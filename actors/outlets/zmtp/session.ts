/**
 * The publisher's side of one ZMTP connection: greetings, then READY of both, then the peer says which topics it wants. It is
 * fed what the peer sends and says what to answer; no socket and no time in it.
 *
 * Topics are prefixes, and counted: who subscribes twice cancels twice. They come as messages (01 and 00 before the topic), as
 * 3.0 has it, or as commands (3.1). PING is answered; other commands and messages are passed over, as the specification asks.
 */

import {
  asciiBytes,
  asciiText,
  encodeCommand,
  encodeGreeting,
  encodeProperties,
  type Frame,
  FrameReader,
  GREETING_BYTES,
  joined,
  readCommand,
  readGreeting,
  readProperties,
} from "./wire.ts";

/** Different topics of one peer. */
export const MAX_TOPICS = 256;
/** Bytes of a PING behind its time to live, which come back in the PONG. */
const MAX_PING_CONTEXT = 16;
const PING_TTL_BYTES = 2;
const MECHANISM = "NULL";
const SUBSCRIBERS: readonly string[] = ["SUB", "XSUB"];

export interface SessionEvents {
  /** To be sent, in this order. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** `wants` may answer otherwise than before. */
  topicsChanged(): void;
  /** The peer cannot be talked with: to be cut off. Nothing follows. */
  fault(reason: string): void;
}

export class PublisherSession {
  readonly #events: SessionEvents;
  readonly #frames = new FrameReader();
  /** How often it subscribed to each. */
  readonly #topics = new Map<string, number>();
  #greeting = new Uint8Array(0);
  #state: "greeting" | "handshake" | "ready" | "faulty" = "greeting";
  /** In the middle of a message of several parts, of which none is a subscription. */
  #inParts = false;

  constructor(events: SessionEvents) {
    this.#events = events;
    // At once: libzmq of our days waits for no answer to the signature.
    events.send(encodeGreeting({ major: 3, minor: 1, mechanism: MECHANISM }));
  }

  /** Both sides have said that they are ready: messages may be sent. */
  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** Whether one of the topics begins as `topic` does. */
  wants(topic: string): boolean {
    if (!this.isReady) return false;
    for (const prefix of this.#topics.keys()) if (topic.startsWith(prefix)) return true;
    return false;
  }

  receive(bytes: Uint8Array): void {
    if (this.#state === "faulty") return;
    const fault = this.#receive(bytes);
    if (fault === undefined) return;
    this.#state = "faulty";
    this.#topics.clear();
    this.#events.fault(fault);
  }

  /** @returns why the peer cannot be talked with; so do the others below */
  #receive(bytes: Uint8Array): string | undefined {
    let rest = bytes;
    if (this.#state === "greeting") {
      const missing = GREETING_BYTES - this.#greeting.byteLength;
      this.#greeting = joined(this.#greeting, rest.subarray(0, missing));
      rest = rest.subarray(missing);
      const fault = this.#greet();
      if (fault !== undefined) return fault;
    }
    this.#frames.push(rest);
    for (;;) {
      const read = this.#frames.next();
      if (read.kind === "more") return undefined;
      const fault = read.kind === "fault" ? read.fault : this.#take(read.frame);
      if (fault !== undefined) return fault;
    }
  }

  #greet(): string | undefined {
    const greeting = readGreeting(this.#greeting);
    if (greeting === undefined || typeof greeting === "string") return greeting;
    if (greeting.mechanism !== MECHANISM) return "it wants a password or keys; expected the mechanism NULL";
    this.#state = "handshake";
    this.#events.send(encodeCommand("READY", encodeProperties([["Socket-Type", "PUB"]])));
    return undefined;
  }

  #take(frame: Frame): string | undefined {
    if (this.#state === "handshake") return this.#handshake(frame);
    if (frame.kind === "command") return this.#command(frame.body);
    const isWhole = !this.#inParts && !frame.more;
    this.#inParts = frame.more;
    if (!isWhole) return undefined;
    const topic = () => asciiText(frame.body.subarray(1));
    if (frame.body[0] === 1) return this.#subscribe(topic());
    if (frame.body[0] === 0) this.#cancel(topic());
    return undefined;
  }

  #handshake(frame: Frame): string | undefined {
    const command = frame.kind === "command" ? readCommand(frame.body) : undefined;
    if (command?.name === "ERROR") return "it refused the connection";
    const properties = command?.name === "READY" ? readProperties(command.data) : undefined;
    if (properties === undefined) return "its handshake is not as it should be";
    if (SUBSCRIBERS.includes(properties.get("socket-type") ?? "")) {
      this.#state = "ready";
      return undefined;
    }
    const reason = "expected a SUB socket";
    this.#events.send(encodeCommand("ERROR", Uint8Array.of(reason.length, ...asciiBytes(reason))));
    return "its socket is no SUB";
  }

  #command(body: Uint8Array): string | undefined {
    const command = readCommand(body);
    if (command === undefined) return "its command has no name";
    const { name, data } = command;
    if (name === "ERROR") return "it said that something is wrong";
    if (name === "SUBSCRIBE") return this.#subscribe(asciiText(data));
    if (name === "CANCEL") this.#cancel(asciiText(data));
    if (name !== "PING") return undefined;
    if (data.byteLength < PING_TTL_BYTES) return "its PING has no time to live";
    const context = data.subarray(PING_TTL_BYTES, PING_TTL_BYTES + MAX_PING_CONTEXT);
    this.#events.send(encodeCommand("PONG", context));
    return undefined;
  }

  #subscribe(topic: string): string | undefined {
    const times = this.#topics.get(topic);
    if (times === undefined && this.#topics.size >= MAX_TOPICS) {
      return `it subscribed to more than ${MAX_TOPICS} topics`;
    }
    this.#topics.set(topic, (times ?? 0) + 1);
    if (times === undefined) this.#events.topicsChanged();
    return undefined;
  }

  #cancel(topic: string): void {
    const times = this.#topics.get(topic);
    if (times === undefined) return;
    if (times > 1) {
      this.#topics.set(topic, times - 1);
      return;
    }
    this.#topics.delete(topic);
    this.#events.topicsChanged();
  }
}
