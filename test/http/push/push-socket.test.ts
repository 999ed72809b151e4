import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_PUSH_MESSAGE_BYTES, MAX_PUSH_SOCKETS, MAX_UNANSWERED } from "../../../http/push/limits.ts";
import type { PushAnswer } from "../../../http/push/push-answer.ts";
import { PushSocket, type PushSocketOptions } from "../../../http/push/push-socket.ts";
import type { PushRequest, PushResult } from "../../../http/push/pusher.ts";
import type { Socket, SocketHandlers } from "../../../runtime/platform/index.ts";
import { assertProblem } from "../problems.ts";
import { settle } from "../support.ts";
import { openIntake } from "./fake-intake.ts";

interface Pushed extends PushRequest {
  readonly text: string;
  settle(result: PushResult | Error): void;
}

class FakeSocket implements Socket {
  readonly said: { readonly id: number; readonly [member: string]: unknown }[] = [];
  bufferedBytes = 0;
  closed: readonly [code: number, reason: string] | "cut" | undefined;

  send(data: string | Uint8Array): void {
    this.said.push(JSON.parse(String(data)));
  }
  together(sends: () => void): void {
    sends();
  }
  close(code: number, reason: string): void {
    this.closed = [code, reason];
  }
  cut(): void {
    this.closed = "cut";
  }
}

function open(more: Partial<PushSocketOptions> = {}) {
  const pushed: Pushed[] = [];
  const socket = new FakeSocket();
  const seen = { faults: 0, ends: 0 };
  const session = new PushSocket({
    pusher: {
      push: (request, body) =>
        new Promise((resolve, reject) => {
          const settleIt = (result: PushResult | Error) =>
            result instanceof Error ? reject(result) : resolve(result);
          pushed.push({ ...request, text: new TextDecoder().decode(body), settle: settleIt });
        }),
    },
    ...{ dataset: "d", format: "ndjson", acknowledge: "disk", key: null, next: 0, path: "/v1/ingest/d" },
    onFault: () => seen.faults++,
    onEnd: () => seen.ends++,
    ...more,
  });
  session.open(socket);
  const say = (data: string | Uint8Array) => session.message(socket, data);
  return { pushed, socket, session, seen, say };
}

const answer = (accepted: number) =>
  ({
    ok: true,
    answer: {
      accepted,
      rejected: 0,
      rejections: [],
      reasons: {},
      fromSequence: 0,
      toSequence: accepted,
      repeated: 0,
    },
  }) as { readonly ok: true; readonly answer: PushAnswer };
const full: PushResult = {
  ok: false,
  code: "lane-full",
  detail: "the lane is full",
  more: { reason: "lane-full" },
  retryAfterMs: 1000,
  isUnknown: false,
};
const unknown: PushResult = { ...full, code: "rows-given-up", isUnknown: true };

test("messages are taken at once, and answered in their order by number", async () => {
  const { pushed, socket, say } = open();
  for (const text of ["a", "b", "c"]) say(text);
  assert.deepEqual(
    pushed.map(({ text }) => text),
    ["a", "b", "c"],
  );
  pushed[2]?.settle(answer(3));
  pushed[1]?.settle(full);
  await settle();
  assert.deepEqual(socket.said, []);
  pushed[0]?.settle(answer(1));
  await settle();
  assert.deepEqual(
    socket.said.map(({ id, accepted, status }) => [id, accepted ?? status]),
    [
      [0, 1],
      [1, 429],
      [2, 3],
    ],
  );
  const [, problem] = socket.said;
  assert.deepEqual(problem, {
    id: 1,
    type: "urn:millrace:problem:lane-full",
    title: "Rows come faster than they are stored",
    status: 429,
    detail: "the lane is full",
    instance: "/v1/ingest/d",
    reason: "lane-full",
    retryAfterMs: 1000,
  });
  assert.equal(socket.closed, undefined);
});

test("a message's key is the sender's with its number, which goes on from where he says", () => {
  const { pushed, say } = open({ key: "k", next: 41, acknowledge: "memory" });
  say("a");
  say("b");
  assert.deepEqual(
    pushed.map(({ key, acknowledge }) => [key, acknowledge]),
    [
      ["k/41", "memory"],
      ["k/42", "memory"],
    ],
  );
  const none = open();
  none.say("a");
  assert.equal(none.pushed[0]?.key, null);
});

test("bytes are of the format that was asked for; a text is NDJSON where that is none", () => {
  for (const [format, ofText] of [
    ["ndjson", "ndjson"],
    ["json", "json"],
    ["csv", "csv"],
    ["msgpack", "ndjson"],
    ["protobuf", "ndjson"],
    ["arrow", "ndjson"],
  ] as const) {
    const { pushed, say } = open({ format });
    say(new Uint8Array([0x7b]));
    say("{\u00fc");
    assert.deepEqual(
      pushed.map((one) => [one.format, one.packing, one.text]),
      [
        [format, "identity", "{"],
        [ofText, "identity", "{\u00fc"],
      ],
    );
  }
});

test("who sends on without waiting for answers is closed behind those he has to get, and nothing more is taken", async () => {
  const { pushed, socket, say } = open();
  for (let message = 0; message < MAX_UNANSWERED; message++) say("x");
  assert.equal(socket.closed, undefined);
  say("x");
  for (const { settle: settleIt } of pushed.slice(1)) settleIt(answer(1));
  await settle();
  assert.equal(socket.closed, undefined);
  pushed[0]?.settle(answer(1));
  say("x");
  await settle();
  assert.equal(pushed.length, MAX_UNANSWERED);
  assert.deepEqual(
    socket.said.map(({ id }) => id),
    Array.from({ length: MAX_UNANSWERED }, (_, id) => id),
  );
  assert.deepEqual(socket.closed, [
    1008,
    "at most 32 messages may be without an answer; message 32 and what came behind it were not taken",
  ]);
  say("x");
  await settle();
  assert.equal(pushed.length, MAX_UNANSWERED);

  const counting = open();
  for (let message = 0; message < 3 * MAX_UNANSWERED; message++) {
    counting.say("x");
    counting.pushed.at(-1)?.settle(answer(1));
    await settle();
  }
  assert.equal(counting.socket.closed, undefined);
  assert.equal(counting.socket.said.length, 3 * MAX_UNANSWERED);
});

test("behind an answer that does not know what was taken the socket closes, with the number to go on with", async () => {
  const { pushed, socket, say } = open({ next: 5 });
  for (const text of ["a", "b", "c"]) say(text);
  pushed[0]?.settle(answer(1));
  pushed[1]?.settle(unknown);
  pushed[2]?.settle(answer(1));
  await settle();
  assert.deepEqual(
    socket.said.map(({ id }) => id),
    [5, 6],
  );
  assert.deepEqual(socket.closed, [1013, "connect again, and go on with message 6"]);
});

test("who does not read his answers is cut", () => {
  const { pushed, socket, say } = open();
  socket.bufferedBytes = 300 * 1024;
  say("x");
  assert.equal(socket.closed, "cut");
  assert.equal(pushed.length, 0);
});

test("a fault cuts the socket, and its end is told once", async () => {
  const { pushed, socket, session, seen, say } = open();
  say("x");
  pushed[0]?.settle(new Error("boom"));
  await settle();
  assert.equal(socket.closed, "cut");
  session.close();
  assert.deepEqual(seen, { faults: 1, ends: 1 });
});

test("an upgrade opens a socket that takes long messages; what is asked for is checked before", async () => {
  const upgraded: SocketHandlers[] = [];
  const intake = openIntake({
    connection: {
      upgrade(handlers) {
        upgraded.push(handlers);
        return new Response(null);
      },
    },
  });
  const path = "/v1/ingest/compression_telemetry";
  const upgrade = (query: string, headers: Record<string, string> = {}) =>
    intake.request(`${path}${query}`, { headers: { upgrade: "websocket", ...headers } });
  for (const [query, parameter] of [
    ["?format=xml", "format"],
    ["?next=-1", "next"],
    ["?next=1e3", "next"],
    ["?next=9999999999999999", "next"],
    ["?ack=never", "ack"],
    ["?key=two%20words", "key"],
  ]) {
    assert.equal((await assertProblem(await upgrade(query!), "bad-parameter"))["parameter"], parameter);
  }
  assert.equal(upgraded.length, 0);
  await upgrade("?format=csv&ack=memory&next=3", { "idempotency-key": "k" });
  assert.equal(upgraded[0]?.maxMessageBytes, MAX_PUSH_MESSAGE_BYTES);
  const socket = new FakeSocket();
  upgraded[0]?.open(socket);
  upgraded[0]?.message(socket, "a\n1\n");
  await settle();
  assert.equal(socket.said[0]?.id, 3);
  assert.equal(intake.taken[0]?.format, "csv");
  assert.notEqual(intake.taken[0]?.request, null);

  for (let open = 1; open < MAX_PUSH_SOCKETS; open++) await upgrade("");
  await assertProblem(await upgrade(""), "too-many");
  upgraded[7]?.close(socket);
  upgraded[7]?.close(socket);
  assert.equal((await upgrade("")).status, 200);
  await assertProblem(await upgrade(""), "too-many");
});

test("what is no proper upgrade is said, and leaves room", async () => {
  const intake = openIntake();
  for (let attempt = 0; attempt <= MAX_PUSH_SOCKETS; attempt++) {
    const response = await intake.request("/v1/ingest/compression_telemetry", {
      headers: { upgrade: "websocket" },
    });
    assert.equal((await assertProblem(response, "bad-parameter"))["parameter"], "upgrade");
  }
});
