/**
 * ZMTP 3.1 on the wire, as far as a publisher needs it, and what 3.0 peers say: greeting, frames, commands. Specification:
 * https://rfc.zeromq.org/spec/37/ (3.1) and https://rfc.zeromq.org/spec/23/ (3.0). Bytes and values only; who says what when is
 * session.ts.
 *
 *     greeting   64 bytes: FF, 8 bytes of padding, 7F, major, minor, mechanism (20), as-server, filler (31)
 *     frame      flags (1: more follow, 2: long, 4: command), its size in 1 byte or, long, in 8, and that many bytes
 *     command    length of its name (1 byte), name, data
 *     READY      properties: length of the name (1), name, length of the value (4), value
 */

export const GREETING_BYTES = 64;
const SIGNATURE_END = 9;
const VERSION_AT = 10;
const MECHANISM_AT = 12;
const MECHANISM_BYTES = 20;

const MORE = 0x01;
const LONG = 0x02;
const COMMAND = 0x04;
const KNOWN_FLAGS = MORE | LONG | COMMAND;
const SHORT_BYTES = 255;

/** What a peer that sends no rows may put into one frame: topics and a handshake are short. */
export const MAX_FRAME_BYTES = 8192;

export interface Greeting {
  readonly major: number;
  readonly minor: number;
  readonly mechanism: string;
}

export interface Frame {
  readonly kind: "command" | "message";
  /** A message of which more parts follow. */
  readonly more: boolean;
  readonly body: Uint8Array;
}

export interface Command {
  readonly name: string;
  readonly data: Uint8Array;
}

/** Metadata by name; of a name in any case, as the specification has it, in lower case. */
export type Properties = ReadonlyMap<string, string>;

export type FrameRead =
  | { readonly kind: "frame"; readonly frame: Frame }
  /** More bytes have to come. */
  | { readonly kind: "more" }
  | { readonly kind: "fault"; readonly fault: string };

export function encodeGreeting({ major, minor, mechanism }: Greeting): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[SIGNATURE_END] = 0x7f;
  bytes[VERSION_AT] = major;
  bytes[VERSION_AT + 1] = minor;
  bytes.set(asciiBytes(mechanism), MECHANISM_AT);
  return bytes;
}

/**
 * As much of a greeting as there is: a peer of another kind is found out by its first bytes.
 * @returns undefined when more has to come; a text: why it is none of ours
 */
export function readGreeting(bytes: Uint8Array): Greeting | string | undefined {
  if (bytes.byteLength > 0 && bytes[0] !== 0xff) return "it does not speak ZMTP";
  if (bytes.byteLength > SIGNATURE_END && (bytes[SIGNATURE_END]! & 0x01) === 0)
    return "it does not speak ZMTP";
  const major = bytes[VERSION_AT];
  if (major !== undefined && major < 3) return `it speaks version ${major} of ZMTP; expected 3`;
  if (bytes.byteLength < GREETING_BYTES) return undefined;
  const mechanism = bytes.subarray(MECHANISM_AT, MECHANISM_AT + MECHANISM_BYTES);
  const end = mechanism.indexOf(0);
  return {
    major: major!,
    minor: bytes[VERSION_AT + 1]!,
    mechanism: asciiText(end < 0 ? mechanism : mechanism.subarray(0, end)),
  };
}

/** What stands before a frame's body. */
export function frameHead({ kind, more }: Omit<Frame, "body">, bodyBytes: number): Uint8Array<ArrayBuffer> {
  const flags = (more ? MORE : 0) | (kind === "command" ? COMMAND : 0);
  if (bodyBytes <= SHORT_BYTES) return Uint8Array.of(flags, bodyBytes);
  const head = new Uint8Array(9);
  head[0] = flags | LONG;
  new DataView(head.buffer).setBigUint64(1, BigInt(bodyBytes));
  return head;
}

export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  return joined(frameHead(frame, frame.body.byteLength), frame.body);
}

/** @param name of at most 255 ASCII characters */
export function encodeCommand(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = joined(Uint8Array.of(name.length), asciiBytes(name), data);
  return encodeFrame({ kind: "command", more: false, body });
}

/** Undefined: it is none. */
export function readCommand(body: Uint8Array): Command | undefined {
  const length = body[0];
  if (length === undefined || length === 0 || body.byteLength < 1 + length) return undefined;
  return { name: asciiText(body.subarray(1, 1 + length)), data: body.subarray(1 + length) };
}

export function encodeProperties(properties: Iterable<readonly [name: string, value: string]>) {
  const parts: Uint8Array[] = [];
  for (const [name, value] of properties) {
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, value.length);
    parts.push(Uint8Array.of(name.length), asciiBytes(name), size, asciiBytes(value));
  }
  return joined(...parts);
}

/** Undefined: they are none. */
export function readProperties(data: Uint8Array): Properties | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const properties = new Map<string, string>();
  for (let at = 0; at < data.byteLength; ) {
    const valueAt = at + 1 + data[at]! + 4;
    if (valueAt > data.byteLength || data[at] === 0) return undefined;
    const name = asciiText(data.subarray(at + 1, valueAt - 4));
    const end = valueAt + view.getUint32(valueAt - 4);
    if (end > data.byteLength) return undefined;
    properties.set(name.toLowerCase(), asciiText(data.subarray(valueAt, end)));
    at = end;
  }
  return properties;
}

/** Cuts what a peer sends into frames, however it arrives. Holds at the most one frame that is not whole. */
export class FrameReader {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(0);

  constructor(maxBytes = MAX_FRAME_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Take all frames there are by `next` before the next push, so that no more than a frame is kept. */
  push(bytes: Uint8Array): void {
    this.#bytes = this.#bytes.byteLength === 0 ? new Uint8Array(bytes) : joined(this.#bytes, bytes);
  }

  /** After a fault nothing more of this peer can be read. */
  next(): FrameRead {
    const [flags, short] = this.#bytes;
    if (flags === undefined) return { kind: "more" };
    if ((flags & ~KNOWN_FLAGS) !== 0 || ((flags & COMMAND) !== 0 && (flags & MORE) !== 0)) {
      return { kind: "fault", fault: "its frame has flags that there are not" };
    }
    const isLong = (flags & LONG) !== 0;
    const headBytes = isLong ? 9 : 2;
    if (short === undefined || this.#bytes.byteLength < headBytes) return { kind: "more" };
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
    const bytes = isLong ? Number(view.getBigUint64(1)) : short;
    if (bytes > this.#maxBytes)
      return { kind: "fault", fault: "its frame is longer than a subscriber's may be" };
    if (this.#bytes.byteLength < headBytes + bytes) return { kind: "more" };
    const body = this.#bytes.subarray(headBytes, headBytes + bytes);
    this.#bytes = this.#bytes.subarray(headBytes + bytes);
    const kind = (flags & COMMAND) !== 0 ? "command" : "message";
    return { kind: "frame", frame: { kind, more: (flags & MORE) !== 0, body } };
  }
}

/** Every byte a character: topics are bytes, and so are these. */
export function asciiText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
