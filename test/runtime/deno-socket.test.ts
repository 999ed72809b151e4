/**
 * What Deno's sockets make of time, on a thread that may be kept busy: timers are late then, and what came waits behind them. What
 * would fail here: a client given up that is there, or cut off before it could hear why; a wait without an end.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../runtime/clock.ts";
import { DenoSocket, type DenoWebSocket } from "../../runtime/platform/deno-socket.ts";

const OPEN = 1;
const CLOSING = 2;

class FakeWebSocket implements DenoWebSocket {
  binaryType: DenoWebSocket["binaryType"] = "blob";
  readyState = 0;
  bufferedAmount = 0;
  onopen: DenoWebSocket["onopen"] = null;
  onmessage: DenoWebSocket["onmessage"] = null;
  onclose: DenoWebSocket["onclose"] = null;
  onerror: DenoWebSocket["onerror"] = null;
  /** Codes that it was closed with. */
  readonly said: number[] = [];

  send(): void {}

  close(code: number): void {
    this.said.push(code);
    this.readyState = CLOSING;
  }

  opens(): void {
    this.readyState = OPEN;
    this.onopen?.();
  }
}

/** A thread whose turns take as long as the test says: at the end of each what came is heard, then timers that are due run once. */
async function house() {
  let nowMs = 0;
  let timers: { readonly dueMs: number; readonly run: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { dueMs: nowMs + delayMs, run };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
  };
  const turn = (ms: number, comes: () => void = () => {}) => {
    nowMs += ms;
    comes();
    for (const timer of timers.filter(({ dueMs }) => dueMs <= nowMs)) {
      timers = timers.filter((other) => other !== timer);
      timer.run();
    }
  };
  const events: string[] = [];
  const ws = new FakeWebSocket();
  const handlers = {
    open: () => void events.push("open"),
    message: () => void events.push("message"),
    drain: () => {},
    close: () => void events.push("close"),
  };
  const socket = new DenoSocket(ws, handlers, Promise.resolve(), clock);
  // It has been told that the answer has left.
  await new Promise<void>((resolve) => setImmediate(resolve));
  return { ws, socket, events, turn, waits: () => timers.length > 0 };
}

test("an opening that a busy thread hears of late is one; what never opens is given up", async () => {
  const { ws, events, turn, waits } = await house();
  turn(60_000);
  assert.deepEqual(events, []);
  ws.opens();
  assert.deepEqual(events, ["open"]);
  assert.equal(waits(), false);

  const other = await house();
  for (let passedMs = 0; passedMs < 2000; passedMs += 50) other.turn(50);
  assert.deepEqual(other.events, ["close"]);
  assert.equal(other.waits(), false);
  await other.socket.closed;
});

test("a goodbye waits until all that came has been read, however long a busy thread takes for it", async () => {
  const { ws, socket, events, turn, waits } = await house();
  ws.opens();
  const comes = () => ws.onmessage?.({ data: "more" });
  comes();
  socket.close(1008, "enough");
  for (let count = 0; count < 20; count++) turn(5000, comes);
  assert.deepEqual(ws.said, []);
  turn(200);
  assert.deepEqual(ws.said, [1008]);
  assert.deepEqual(events, ["open", "message"], "what comes behind a close is not heard");
  assert.equal(waits(), false);
});

test("a goodbye is said after some seconds to who sends on without end, and at once to who is silent", async () => {
  const { ws, socket, turn } = await house();
  ws.opens();
  const comes = () => ws.onmessage?.({ data: "more" });
  comes();
  socket.close(1008, "enough");
  let passedMs = 0;
  for (; ws.said.length === 0 && passedMs < 60_000; passedMs += 20) turn(20, comes);
  assert.deepEqual(ws.said, [1008]);
  assert.ok(passedMs > 5000 && passedMs < 20_000, `${passedMs} ms`);

  const silent = await house();
  silent.ws.opens();
  silent.turn(1000);
  silent.socket.close(1001, "the end");
  assert.deepEqual(silent.ws.said, [1001]);
});
