/** The publisher's side of a connection, against peers that say what they should, and others. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_TOPICS, PublisherSession } from "../../../../actors/outlets/zmtp/session.ts";
import {
  encodeCommand,
  encodeFrame,
  encodeGreeting,
  encodeProperties,
  FrameReader,
  GREETING_BYTES,
  readCommand,
} from "../../../../actors/outlets/zmtp/wire.ts";

const SEED = 20_260_102;
const text = new TextEncoder();

const greeting = (more: { minor?: number; mechanism?: string } = {}) =>
  encodeGreeting({ major: 3, minor: 1, mechanism: "NULL", ...more });
const ready = (type = "SUB") =>
  encodeCommand(
    "READY",
    encodeProperties([
      ["Socket-Type", type],
      ["Identity", ""],
    ]),
  );
const message = (...body: readonly number[]) =>
  encodeFrame({ kind: "message", more: false, body: Uint8Array.from(body) });
const subscribe = (topic: string) => message(1, ...text.encode(topic));
const cancel = (topic: string) => message(0, ...text.encode(topic));

interface Talk {
  readonly session: PublisherSession;
  readonly faults: string[];
  changes: number;
  sent: Uint8Array;
}

function talk(): Talk {
  const faults: string[] = [];
  const heard = { changes: 0, sent: new Uint8Array(0) };
  const session = new PublisherSession({
    send: (bytes) => {
      heard.sent = Uint8Array.from([...heard.sent, ...bytes]);
    },
    topicsChanged: () => heard.changes++,
    fault: (reason) => faults.push(reason),
  });
  return Object.assign(heard, { session, faults });
}

/** As after the handshake with a subscriber. */
function ready3(): Talk {
  const talking = talk();
  talking.session.receive(greeting());
  talking.session.receive(ready());
  talking.sent = new Uint8Array(0);
  assert.equal(talking.session.isReady, true);
  return talking;
}

function commandsIn(bytes: Uint8Array) {
  const reader = new FrameReader();
  reader.push(bytes);
  const commands: { name: string; data: number[] }[] = [];
  for (let read = reader.next(); read.kind === "frame"; read = reader.next()) {
    const command = readCommand(read.frame.body)!;
    commands.push({ name: command.name, data: [...command.data] });
  }
  return commands;
}

for (const minor of [0, 1]) {
  test(`a subscriber of version 3.${minor} is greeted at once and told that we are ready, and ready when it is`, () => {
    const it = talk();
    assert.equal(it.sent.byteLength, GREETING_BYTES);
    it.session.receive(greeting({ minor }));
    assert.equal(it.session.isReady, false);
    const [command] = commandsIn(it.sent.subarray(GREETING_BYTES));
    assert.equal(command?.name, "READY");
    assert.deepEqual(command?.data, [...encodeProperties([["Socket-Type", "PUB"]])]);
    it.session.receive(ready());
    assert.equal(it.session.isReady, true);
    assert.deepEqual(it.faults, []);
  });
}

test("an XSUB is a subscriber as well", () => {
  const { session } = talk();
  session.receive(greeting());
  session.receive(ready("XSUB"));
  assert.equal(session.isReady, true);
});

test("topics are prefixes, as messages and as commands, and none wants everything", () => {
  for (const [on, off] of [
    [subscribe, cancel],
    [
      (topic: string) => encodeCommand("SUBSCRIBE", text.encode(topic)),
      (topic: string) => encodeCommand("CANCEL", text.encode(topic)),
    ],
  ] as const) {
    const { session } = ready3();
    assert.equal(session.wants("memory"), false);
    session.receive(on("mem"));
    assert.equal(session.wants("memory"), true);
    assert.equal(session.wants("memory_1m"), true);
    assert.equal(session.wants("me"), false);
    assert.equal(session.wants("process"), false);
    session.receive(on(""));
    assert.equal(session.wants("process"), true);
    session.receive(off(""));
    assert.equal(session.wants("process"), false);
    assert.equal(session.wants("memory"), true);
    session.receive(off("mem"));
    assert.equal(session.wants("memory"), false);
  }
});

test("who subscribed twice cancels twice, and nobody less than never", () => {
  const talking = ready3();
  const { session } = talking;
  session.receive(cancel("memory"));
  session.receive(subscribe("memory"));
  session.receive(subscribe("memory"));
  session.receive(cancel("memory"));
  assert.equal(session.wants("memory"), true);
  session.receive(cancel("memory"));
  session.receive(cancel("memory"));
  assert.equal(session.wants("memory"), false);
  session.receive(subscribe("memory"));
  assert.equal(session.wants("memory"), true);
  assert.equal(talking.changes, 3);
});

test("a PING is answered with what it says behind its time to live", () => {
  const talking = ready3();
  talking.session.receive(encodeCommand("PING", Uint8Array.of(0, 100, 7, 8, 9)));
  talking.session.receive(encodeCommand("PING", Uint8Array.of(0, 100)));
  assert.deepEqual(commandsIn(talking.sent), [
    { name: "PONG", data: [7, 8, 9] },
    { name: "PONG", data: [] },
  ]);
  const long = ready3();
  long.session.receive(encodeCommand("PING", new Uint8Array(1000)));
  assert.equal(commandsIn(long.sent)[0]?.data.length, 16);
});

test("what is no subscription is passed over: other commands, other messages, messages of several parts", () => {
  const talking = ready3();
  const { session } = talking;
  session.receive(encodeCommand("FUTURE", Uint8Array.of(1)));
  session.receive(message());
  session.receive(message(2, 65));
  const part = (more: boolean) =>
    encodeFrame({ kind: "message", more, body: Uint8Array.from([1, ...text.encode("memory")]) });
  session.receive(part(true));
  session.receive(part(true));
  session.receive(part(false));
  assert.equal(session.wants("memory"), false);
  session.receive(part(false));
  assert.equal(session.wants("memory"), true);
  assert.deepEqual(talking.faults, []);
});

for (const [what, said, ...sends] of [
  ["a browser", /does not speak ZMTP/, text.encode("GET / HTTP/1.1\r\n\r\n")],
  ["who wants a password", /password/, greeting({ mechanism: "PLAIN" })],
  ["a PULL socket", /no SUB/, greeting(), ready("PULL")],
  ["who sends before it is ready", /handshake/, greeting(), subscribe("")],
  ["who is ready without saying what it is", /no SUB/, greeting(), encodeCommand("READY", new Uint8Array(0))],
  ["properties that are none", /handshake/, greeting(), encodeCommand("READY", Uint8Array.of(9))],
  ["who refuses us", /refused/, greeting(), encodeCommand("ERROR", Uint8Array.of(0))],
  [
    "who says that something is wrong",
    /wrong/,
    greeting(),
    ready(),
    encodeCommand("ERROR", Uint8Array.of(0)),
  ],
  [
    "a PING without a time to live",
    /time to live/,
    greeting(),
    ready(),
    encodeCommand("PING", Uint8Array.of(1)),
  ],
  ["a frame of odd flags", /flags/, greeting(), ready(), Uint8Array.of(0x40, 0)],
] as const) {
  test(`${what} is a fault, told once, after which nothing is heard`, () => {
    const talking = talk();
    for (const bytes of sends) talking.session.receive(bytes);
    assert.equal(talking.faults.length, 1);
    assert.match(talking.faults[0]!, said);
    talking.session.receive(greeting());
    talking.session.receive(subscribe(""));
    assert.equal(talking.session.isReady, false);
    assert.equal(talking.session.wants("memory"), false);
    assert.equal(talking.faults.length, 1);
  });
}

test("a peer of the wrong kind is told so", () => {
  const talking = talk();
  talking.session.receive(greeting());
  talking.session.receive(ready("PULL"));
  const [, error] = commandsIn(talking.sent.subarray(GREETING_BYTES));
  assert.equal(error?.name, "ERROR");
  assert.match(String.fromCharCode(...error!.data.slice(1)), /SUB socket/);
});

test("so many topics, and no more", () => {
  const { session, faults } = ready3();
  for (let topic = 0; topic < MAX_TOPICS; topic++) session.receive(subscribe(`t${topic}`));
  session.receive(subscribe("t0"));
  assert.deepEqual(faults, []);
  session.receive(subscribe("one more"));
  assert.match(faults[0]!, /topics/);
});

test("it comes to the same wherever what is sent is cut", () => {
  const whole = Uint8Array.from(
    [
      greeting(),
      ready(),
      subscribe("mem"),
      encodeCommand("PING", Uint8Array.of(0, 1, 2)),
      subscribe("p"),
      cancel("p"),
    ].flatMap((part) => [...part]),
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.byteLength }), { maxLength: 10 }), (places) => {
      const talking = talk();
      const at = [0, ...places.sort((a, b) => a - b), whole.byteLength];
      for (const [index, from] of at.entries()) talking.session.receive(whole.subarray(from, at[index + 1]));
      assert.equal(talking.session.wants("memory"), true);
      assert.equal(talking.session.wants("process"), false);
      assert.deepEqual(
        commandsIn(talking.sent.subarray(GREETING_BYTES)).map(({ name }) => name),
        ["READY", "PONG"],
      );
    }),
    { seed: SEED },
  );
});

test("nothing that is sent makes it throw", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.constantFrom(
      greeting(),
      ready(),
      subscribe("m"),
      cancel("m"),
      encodeCommand("PING", new Uint8Array(3)),
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const talking = talk();
      for (const bytes of pieces) talking.session.receive(bytes);
      assert.ok(talking.faults.length <= 1);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});
