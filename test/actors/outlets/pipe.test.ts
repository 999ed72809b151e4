/** Rows into named pipes, with real ones. Time and what the feed gives are in the test's hand. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { CLOSE_MS, type Outlet } from "../../../actors/outlets/outlet.ts";
import { openPipe } from "../../../actors/outlets/pipe.ts";
import { VirtualClock } from "../../../runtime/clock.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import type { LogLine } from "../../fixtures/kept-log.ts";
import { run } from "../../interop/python.ts";
import { FakeFeed, type FakeFeedOptions } from "./fake-feed.ts";
import { depsOf, pipeSpec, turns, until } from "./support.ts";

/** What a pipe holds on Linux, and on macOS no more. */
const PIPE_BYTES = 65_536;
/** How long another process may take to start, and to end. */
const PROCESS_WITHIN_MS = 60_000;

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-pipe-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Reads a pipe without waiting for it. */
class Reader {
  readonly #file: number;
  text = "";
  isAtEnd = false;

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** Takes what there is, at most so much. */
  read(most = Number.POSITIVE_INFINITY): void {
    const bytes = new Uint8Array(Math.min(most, 2 ** 16));
    for (let left = most; left > 0; ) {
      let count: number;
      try {
        count = readSync(this.#file, bytes, 0, Math.min(left, bytes.byteLength), null);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
        return;
      }
      if (count === 0) {
        this.isAtEnd = true;
        return;
      }
      this.text += new TextDecoder().decode(bytes.subarray(0, count));
      left -= count;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

interface House {
  readonly path: string;
  readonly feed: FakeFeed;
  readonly clock: VirtualClock;
  readonly outlet: Outlet;
  readonly log: readonly LogLine[];
  /** A reader that rows are asked for. */
  reader(): Promise<Reader>;
  /** Lets time pass, and what follows from it happen. */
  pass(ms: number): Promise<void>;
}

async function openHouse(
  t: TestContext,
  options: FakeFeedOptions & { readonly path?: string } = {},
): Promise<House> {
  const path = options.path ?? join(temporary(t), "rows.fifo");
  const feed = new FakeFeed(options);
  const clock = new VirtualClock();
  const log: LogLine[] = [];
  const opened = await openPipe(pipeSpec(path), depsOf(feed, log, clock));
  assert.ok(opened.ok, opened.ok ? "" : opened.message);
  const { outlet } = opened;
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(Math.min(10, left));
      await turns(3);
    }
  };
  t.after(async () => {
    const closed = outlet.close();
    clock.advance(CLOSE_MS);
    await closed;
  });
  return {
    path,
    feed,
    clock,
    outlet,
    log,
    pass,
    async reader() {
      const subscribed = feed.wishes.length;
      const reader = new Reader(path);
      t.after(() => {
        try {
          reader.close();
        } catch {
          // The test has closed it.
        }
      });
      await pass(200);
      // A pipe that was made a moment ago is looked at when the program that made it has ended.
      await passUntil("the reader is seen", pass, () => feed.wishes.length > subscribed);
      return reader;
    },
  };
}

/** Lets time pass until another process, which has its own time, has done what is waited for. */
async function passUntil(what: string, pass: House["pass"], holds: () => boolean): Promise<void> {
  const endMs = performance.now() + PROCESS_WITHIN_MS;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `waited in vain until ${what}`);
    await pass(100);
  }
}

describe("A named pipe:", () => {
  test("is made for its owner alone, and removed at the end", async (t) => {
    const { path, outlet } = await openHouse(t);
    const there = lstatSync(path);
    assert.ok(there.isFIFO());
    assert.equal(there.mode & 0o777, 0o600);
    await outlet.close();
    assert.equal(existsSync(path), false);
  });

  test("that was there is used, and stays as it was", async (t) => {
    const path = join(temporary(t), "theirs.fifo");
    assert.equal((await run("mkfifo", [path])).code, 0);
    chmodSync(path, 0o640);
    const { feed, outlet, reader } = await openHouse(t, { path });
    const one = await reader();
    feed.push("memory", "a\n");
    one.read();
    assert.equal(one.text, "a\n");
    await outlet.close();
    assert.equal(lstatSync(path).mode & 0o777, 0o640);
  });

  test("nothing is asked for while nobody reads, and each reader begins with the preamble", async (t) => {
    const { feed, outlet, pass, reader } = await openHouse(t, { preamble: "schema:" });
    await pass(1000);
    feed.push("memory", "nobody reads this\n");
    assert.deepEqual(feed.wishes, []);
    assert.deepEqual(outlet.clients(), []);
    const first = await reader();
    feed.push("memory", "a\n", 2);
    first.read();
    assert.equal(first.text, "schema:a\n");
    assert.deepEqual(
      outlet.clients().map(({ transport, sentRows, droppedRows }) => [transport, sentRows, droppedRows]),
      [["pipe", 2, 0]],
    );
    first.close();
    feed.push("memory", "b\n");
    assert.deepEqual(outlet.clients(), []);
    assert.equal(feed.open.size, 0);
    const second = await reader();
    feed.push("memory", "c\n");
    second.read();
    assert.equal(second.text, "schema:c\n");
    assert.equal(outlet.sentRows(), 4);
  });

  test("a reader that goes while there is nothing to write is missed all the same", async (t) => {
    const { feed, outlet, pass, reader } = await openHouse(t, { preamble: "schema:" });
    const first = await reader();
    first.close();
    await pass(200);
    assert.deepEqual(outlet.clients(), []);
    assert.equal(feed.open.size, 0);
    const second = await reader();
    second.read();
    assert.equal(second.text, "schema:");
  });

  test("what does not fit at once follows, in order and whole", async (t) => {
    const { feed, pass, reader } = await openHouse(t);
    const slow = await reader();
    const long = `${"0123456789".repeat(50_000)}\n`;
    feed.push("memory", long);
    feed.push("memory", "behind it\n");
    for (let turn = 0; slow.text.length < long.length + 10; turn++) {
      assert.ok(turn < 1000, `it stands at ${slow.text.length}`);
      slow.read(7000);
      await pass(20);
    }
    // Without a difference that is shown: it would be long.
    assert.ok(slow.text === `${long}behind it\n`);
  });

  test("a reader that goes in the middle of a record leaves nothing of it to the next", async (t) => {
    const { feed, outlet, pass, reader } = await openHouse(t);
    const first = await reader();
    feed.push("memory", "x".repeat(2 * PIPE_BYTES));
    first.read(100);
    first.close();
    await pass(100);
    assert.deepEqual(outlet.clients(), []);
    const second = await reader();
    feed.push("memory", "whole\n");
    second.read();
    assert.equal(second.text, "whole\n");
  });

  test("a reader that does not read loses the oldest, and is told", async (t) => {
    const { feed, outlet, pass, reader } = await openHouse(t, { queueChunks: 2 });
    const slow = await reader();
    const line = `${"x".repeat(PIPE_BYTES - 1)}\n`;
    for (let count = 0; count < 6; count++) feed.push("memory", line);
    await pass(100);
    assert.equal(outlet.clients()[0]!.droppedRows, 2);
    for (let turn = 0; turn < 100; turn++) {
      slow.read();
      await pass(20);
    }
    const told = `{"notice":"dropped","dataset":"memory","rows":2,"next":4}\n`;
    assert.ok(slow.text === line + line + told + line + line, slow.text.replaceAll("x", ""));
  });

  test("a reader whose rows have ended sees the end, and is not taken for the next one", async (t) => {
    const { feed, pass, reader } = await openHouse(t);
    const first = await reader();
    feed.push("memory", "a\n");
    feed.end("full");
    await pass(500);
    first.read();
    assert.deepEqual([first.text, first.isAtEnd], ["a\n", true]);
    assert.equal(feed.wishes.length, 1);
    first.close();
    await pass(200);
    const second = await reader();
    feed.push("memory", "b\n");
    second.read();
    assert.equal(second.text, "b\n");
  });

  test("a reader that cannot be given rows sees the end", async (t) => {
    const { feed, reader, log } = await openHouse(t);
    feed.refusal = { ok: false, reason: "unavailable", message: "there are none" };
    const one = await reader();
    one.read();
    assert.equal(one.isAtEnd, true);
    assert.match(log[0]!.message, /not given rows/);
  });

  test("closing writes what waits, and not for longer than a second", async (t) => {
    const { feed, outlet, path, clock, reader, pass } = await openHouse(t);
    const slow = await reader();
    feed.push("memory", "x".repeat(PIPE_BYTES));
    feed.push("memory", "last\n");
    const closed = outlet.close();
    await pass(500);
    slow.read();
    await pass(50);
    await closed;
    slow.read();
    assert.ok(slow.text.endsWith("xlast\n"));
    assert.equal(existsSync(path), false);

    const stuck = await openHouse(t, { path: `${path}2` });
    await stuck.reader();
    stuck.feed.push("memory", "x".repeat(2 * PIPE_BYTES));
    const cut = stuck.outlet.close();
    stuck.clock.advance(CLOSE_MS);
    await cut;
    assert.equal(existsSync(stuck.path), false);
    assert.ok(clock.monotonicMs() > 0);
  });

  test("cat reads it", async (t) => {
    const { feed, outlet, path, pass } = await openHouse(t);
    const cat = spawn("cat", [path], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    cat.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    const ended = new Promise<void>((resolve) => cat.on("close", () => resolve()));
    await passUntil("cat is seen", pass, () => feed.open.size > 0);
    feed.push("memory", "a\nb\n");
    const closed = outlet.close();
    await Promise.all([closed, ended]);
    assert.equal(text, "a\nb\n");
  });

  test("one that somebody removes is made again", async (t) => {
    const { feed, path, pass, reader, log } = await openHouse(t);
    rmSync(path);
    await passUntil("it is made again", pass, () => existsSync(path));
    const one = await reader();
    feed.push("memory", "a\n");
    one.read();
    assert.equal(one.text, "a\n");
    assert.match(log[0]!.message, /cannot be written/);
  });

  test("what somebody put in its place is not written, and not removed", async (t) => {
    const { path, outlet, pass } = await openHouse(t);
    const beside = `${path}.new`;
    writeFileSync(beside, "precious");
    renameSync(beside, path);
    await pass(3000);
    await outlet.close();
    assert.equal(readFileSync(path, "utf8"), "precious");
  });

  test("another file at its place is refused, and stays", async (t) => {
    const folder = temporary(t);
    const path = join(folder, "file");
    writeFileSync(path, "precious");
    const link = join(folder, "link");
    assert.equal((await run("mkfifo", [join(folder, "pipe")])).code, 0);
    symlinkSync(join(folder, "pipe"), link);
    for (const [place, reason, said] of [
      [path, "not-a-pipe", /another file, which stays/],
      [folder, "not-a-pipe", /another file/],
      [link, "not-a-pipe", /a link/],
      [join(folder, "none", "x"), "address-refused", /folder that is there/],
      [join(path, "x"), "address-refused", /ENOTDIR/],
    ] as const) {
      const opened = await openPipe(pipeSpec(place), depsOf(new FakeFeed()));
      assert.ok(!opened.ok);
      assert.equal(opened.reason, reason, opened.message);
      assert.match(opened.message, said);
    }
    assert.equal(readFileSync(path, "utf8"), "precious");
  });

  test("a name that looks like an option is a name", async (t) => {
    const { path } = await openHouse(t, { path: join(temporary(t), "-m 777") });
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    await until("it is there", () => existsSync(path));
  });
});
