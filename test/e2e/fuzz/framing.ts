/**
 * How a request goes out on its connection: at once, slowly, in pieces, not to its end, behind others, or with a frame that is
 * wrong. What went out soundly is to be answered.
 */

import { Buffer } from "node:buffer";
import type { Draft } from "./draft.ts";
import type { Random } from "./random.ts";
import { webSocket } from "./web-socket.ts";

export interface Delivery {
  /** Sent one after the other. */
  readonly pieces: readonly Uint8Array[];
  /** Between two of them. */
  readonly pauseMs: number;
  /** Answers that have to come; 0: any number may, also none. */
  readonly answers: number;
  /** Whether the server may break the connection while the request is being sent: it is larger than it wants, or not wanted at all. */
  readonly mayBreak: boolean;
  /** What is done to the connection after it: `keep` it for the next request, `close` it, `abandon` it without reading. */
  readonly ending: "keep" | "close" | "abandon";
  /** The answer may have no end: its head is enough. */
  readonly isOpenEnded: boolean;
}

export interface FramingFacts {
  readonly isOpenEnded: boolean;
  readonly host: string;
}

const CRLF = "\r\n";
/** What the runtimes take of a head. */
const HEAD_BYTES = 15 * 1024;
const LARGE_BYTES = 64 * 1024;

export function breakFraming(random: Random, draft: Draft, facts: FramingFacts): Delivery {
  const whole = bytesOf(draft);
  const headBytes = whole.byteLength - (draft.body?.byteLength ?? 0);
  const isLarge = whole.byteLength > LARGE_BYTES;
  const isAnswered = headBytes <= HEAD_BYTES && !isConfusing(draft);
  const sound: Delivery = {
    pieces: [whole],
    pauseMs: 0,
    answers: isAnswered ? 1 : 0,
    mayBreak: isLarge || !isAnswered,
    ending: facts.isOpenEnded || !isAnswered || isLarge ? "close" : "keep",
    isOpenEnded: facts.isOpenEnded,
  };
  // What is refused by its head is answered before its body has come, and the connection closed: who still sends then is told of that, on
  // some runtimes before the answer that has come as well.
  const mayBreakBetween = sound.mayBreak || draft.body !== undefined;
  const broken = (trick: string, bytes: readonly Uint8Array[], more: Partial<Delivery> = {}): Delivery => {
    draft.tricks.push(trick);
    return { ...sound, pieces: bytes, answers: 0, mayBreak: true, ending: "close", ...more };
  };
  return random.weighted<() => Delivery>([
    [86, () => sound],
    [
      2,
      () => {
        draft.tricks.push("in pieces");
        const pieces = split(random, whole, 2 + random.below(6));
        return { ...sound, pieces, pauseMs: random.below(3), mayBreak: mayBreakBetween };
      },
    ],
    [
      0.3,
      () => {
        draft.tricks.push("slowly");
        const pieces = split(random, whole, 10);
        return { ...sound, pieces, pauseMs: 20 + random.below(60), mayBreak: mayBreakBetween };
      },
    ],
    [2, () => broken("cut off", [whole.subarray(0, random.below(whole.byteLength))])],
    [1.5, () => broken("abandoned", [whole], { ending: "abandon" })],
    [2, () => pipelined(random, draft, sound, facts)],
    [1, () => broken("wrong length", [bytesOf(draft, [["Content-Length", oddLength(random)]])])],
    [1, () => broken("chunked", chunked(random, draft))],
    [
      0.5,
      () =>
        broken("two lengths", [
          bytesOf(draft, [
            ["Content-Length", "5"],
            ["Content-Length", "6"],
          ]),
        ]),
    ],
    [
      0.5,
      () =>
        broken("length and chunks", [
          bytesOf(draft, [
            ["Content-Length", "5"],
            ["Transfer-Encoding", "chunked"],
          ]),
        ]),
    ],
    [
      0.5,
      () =>
        broken("huge head", [
          bytesOf(draft, [["X-Huge", "x".repeat(random.pick([16_000, 17_000, 70_000, 300_000]))]]),
        ]),
    ],
    [0.5, () => broken("many headers", [bytesOf(draft, manyHeaders(random))])],
    [0.5, () => broken("raw bytes in the head", [rawHead(random, draft)])],
    [0.5, () => broken("no HTTP", [noHttp(random)])],
    [0.5, () => broken("Expect", [bytesOf(draft, [["Expect", "100-continue"]])])],
    [0.5, () => broken("WebSocket", webSocket(random, draft.address, facts.host))],
  ])();
}

/** The request as it goes over the wire. @param more headers; a length among them stands for the right one */
export function bytesOf(
  { method, address, headers, body }: Draft,
  more: readonly (readonly [string, string])[] = [],
): Uint8Array {
  const hasFrame = more.some(([name]) => name === "Content-Length" || name === "Transfer-Encoding");
  const needsLength = !hasFrame && (body !== undefined || ["POST", "PUT", "PATCH"].includes(method));
  const length: [string, string][] = needsLength ? [["Content-Length", String(body?.byteLength ?? 0)]] : [];
  const lines = [...headers, ...length, ...more].map(([name, value]) => `${name}: ${value}${CRLF}`);
  const head = Buffer.from(`${method} ${address} HTTP/1.1${CRLF}${lines.join("")}${CRLF}`, "latin1");
  return body === undefined ? head : Buffer.concat([head, body]);
}

/** Whether a runtime may find something in a head that it answers by itself, or not at all. */
function isConfusing({ method, headers, address }: Draft): boolean {
  const odd = ["connection", "upgrade", "te", "expect", "x-ünïcode", "host"];
  const isStandard = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].includes(method);
  const hosts = headers.filter(([name, value]) => name === "Host" && /^[\w.]+:\d+$/.test(value)).length;
  return (
    !isStandard ||
    hosts !== 1 ||
    address.includes("#") ||
    headers.some(([name]) => name !== "Host" && odd.includes(name.toLowerCase()))
  );
}

/** Several in one go. Bun breaks a connection on which the next request comes while one is being worked on. */
function pipelined(random: Random, draft: Draft, sound: Delivery, { isOpenEnded }: FramingFacts): Delivery {
  if (isOpenEnded || sound.answers === 0 || sound.mayBreak) return sound;
  draft.tricks.push("pipelined");
  const pieces = Array.from({ length: 2 + random.below(6) }, () => sound.pieces).flat();
  return { ...sound, pieces: [Buffer.concat(pieces)], answers: 0, mayBreak: true, ending: "close" };
}

function split(random: Random, bytes: Uint8Array, parts: number): readonly Uint8Array[] {
  const cuts = Array.from({ length: parts - 1 }, () => random.below(bytes.byteLength)).sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.byteLength));
}

function oddLength(random: Random): string {
  return random.pick([
    "0",
    "1",
    "3",
    "99999",
    "-1",
    "1e3",
    "0x10",
    "+5",
    " ",
    "abc",
    "1, 1",
    "9".repeat(30),
    "1048577",
  ]);
}

function chunked(random: Random, draft: Draft): readonly Uint8Array[] {
  const head = bytesOf({ ...draft, body: undefined }, [
    [
      "Transfer-Encoding",
      random.pick(["chunked", "chunked, chunked", "gzip, chunked", "identity", "CHUNKED"]),
    ],
  ]);
  const { body = Buffer.from("{}") } = draft;
  const size = random.pick([
    body.byteLength.toString(16),
    "zz",
    "-1",
    "ffffffffffffffff",
    "0",
    "5;a=b",
    "",
    "1",
  ]);
  const end = random.pick(["\r\n0\r\n\r\n", "\r\n0\r\nTrailer: x\r\n\r\n", "", "\r\n", "0"]);
  return [head, Buffer.from(`${size}\r\n`), body, Buffer.from(end)];
}

function manyHeaders(random: Random): readonly (readonly [string, string])[] {
  const count = random.pick([50, 150, 1000, 3000]);
  return Array.from(
    { length: count },
    (_, index) => [`X-${random.chance(0.5) ? index : "Same"}`, "1"] as const,
  );
}

function rawHead(random: Random, draft: Draft): Uint8Array {
  const bytes = Uint8Array.from(bytesOf({ ...draft, body: undefined }));
  for (let change = 0; change <= random.below(4); change++)
    bytes[random.below(bytes.byteLength)] = random.below(256);
  return bytes;
}

function noHttp(random: Random): Uint8Array {
  return random.pick<() => Uint8Array>([
    () => random.bytes(random.below(500)),
    () => Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    () => Buffer.from("GET /\r\n"),
    () => Buffer.from("GET / HTTP/9.9\r\nHost: x\r\n\r\n"),
    () => Buffer.from("GET  /  HTTP/1.1\r\n\r\n"),
    () => Buffer.from("\r\n".repeat(1000)),
    () => Buffer.from("160301020001000001fc0303", "hex"),
    () => Buffer.from("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n"),
    () => Buffer.from("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    () => Buffer.from("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    () => Buffer.from("GET / HTTP/1.1\nHost: localhost\n\n"),
    () => Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n folded: yes\r\n\r\n"),
  ])();
}
