/** What is said on WebSockets: nearly right messages, and frames that are none (RFC 6455). */

import { Buffer } from "node:buffer";
import type { Random } from "./random.ts";

const CRLF = "\r\n";

/** Opens a WebSocket and says something on it: nearly right messages, and frames that are none. */
export function webSocket(random: Random, otherAddress: string, host: string): readonly Uint8Array[] {
  const key = Buffer.from(random.bytes(16)).toString("base64");
  const address = random.pick([
    "/v1/streams",
    "/v1/streams",
    "/v1/streams/memory",
    "/v1/streams/all",
    "/v1/ingest/compression_telemetry",
    "/v1/ingest/compression_telemetry?format=arrow&key=k&next=5&ack=memory",
    otherAddress,
  ]);
  const head = [
    `GET ${address} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    `Sec-WebSocket-Version: ${random.chance(0.9) ? "13" : "8"}`,
    `Sec-WebSocket-Key: ${random.chance(0.9) ? key : "bad"}`,
  ];
  const frames = Array.from({ length: 1 + random.below(6) }, () => frame(random));
  return [Buffer.from(`${head.join(CRLF)}${CRLF}${CRLF}`), ...frames];
}

function frame(random: Random): Uint8Array {
  if (random.chance(0.15)) return random.bytes(random.below(200));
  const text = random.pick<() => string>([
    () => '{"op":"subscribe","ref":"x","datasets":["memory"],"format":"jsonl"}',
    () => '{"op":"subscribe","ref":"y","datasets":["all"],"format":"arrow","since":"-1m"}',
    () => '{"op":"subscribe","ref":"x","datasets":["process"],"format":"msgpack","where":"cpu_percent >= 0"}',
    () => '{"op":"filter","ref":"x","where":"timestamp > 0","columns":["timestamp"]}',
    () => '{"op":"filter","ref":"nope","where":"("}',
    () => '{"op":"unsubscribe","ref":"x"}',
    () => '{"op":"ping"}',
    () => '{"op":"fly"}',
    () => '{"vm_id":"vm","link_type":"wan","payload_size":1e999}',
    () => '{"op":"subscribe","ref":{},"datasets":5}',
    () => `{"op":"subscribe","ref":"${"r".repeat(5000)}","datasets":["memory"]}`,
    () => "[".repeat(10_000),
    () => "",
    () => "no json",
    () => "x".repeat(random.pick([200, 70_000, 300_000])),
  ])();
  const payload = Buffer.from(text);
  const opcode = random.weighted([
    [12, 1],
    [2, 2],
    [1, 0],
    [1, 8],
    [1, 9],
    [1, 10],
    [1, 3],
  ]);
  const isMasked = random.chance(0.93);
  const mask = Buffer.from(random.bytes(4));
  const first = (random.chance(0.92) ? 0x80 : 0) | (random.chance(0.02) ? 0x40 : 0) | opcode;
  const { length } = payload;
  const bit = isMasked ? 0x80 : 0;
  const size =
    length < 126
      ? Buffer.from([first, bit | length])
      : length < 65_536
        ? Buffer.from([first, bit | 126, length >> 8, length & 255])
        : Buffer.from([
            first,
            bit | 127,
            0,
            0,
            0,
            0,
            (length >>> 24) & 255,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255,
          ]);
  if (!isMasked) return Buffer.concat([size, payload]);
  return Buffer.concat([size, mask, payload.map((byte, index) => byte ^ mask[index & 3]!)]);
}
