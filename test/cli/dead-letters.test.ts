/** `millrace dead-letters`, at a server whose keeper of dead letters says what the test wants. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startHttp } from "../../http/serve.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { someLetters } from "../http/letters.ts";
import { good, statusOf } from "../http/support.ts";
import { runCli } from "./run-cli.ts";

const TIMEOUT = { timeout: 120_000 };

async function serve(t: { after(fn: () => Promise<void>): void }, answer: (message: Message) => unknown) {
  const asked: Message[] = [];
  const http = await startHttp({
    settings: { http: { host: "127.0.0.1", port: 0 } },
    system: {
      async ask<T>(_to: string, message: Message) {
        asked.push(message);
        return good(answer(message)) as AskResult<T>;
      },
      status: () => statusOf({}),
      command: async () => ({ ok: true }),
    },
    ledger: () => [],
  });
  t.after(() => http.close());
  const run = (...args: string[]) => runCli(["dead-letters", ...args, "--url", http.url]);
  return { run, asked };
}

test("lists them as a table, or as JSON", TIMEOUT, async (t) => {
  const { run, asked } = await serve(t, () => someLetters());
  const { code, stdout, stderr } = await run("list", "--limit", "2", "--id", "7", "--id", "8,9");
  assert.equal(code, 0, stderr);
  const lines = stdout.split("\n");
  assert.match(lines[0]!, /^id +at +dataset +reason +column +expected +got +row$/);
  assert.match(lines[3]!, /^ 7 +2026-06-01T12:00:00.000Z +memory +bound +used_percent .* 101 +kept$/);
  assert.deepEqual(lines.slice(5), [
    "12 dead letters, 11 of which can be pushed again",
    "memory: 11 by bound",
    "memory: 1 by unknown-column",
    "3 refused rows are not kept",
    "the next page: --before 7",
    "",
  ]);
  assert.deepEqual(asked, [{ kind: "letters.list", limit: 2, ids: [7, 8, 9] }]);
  const json = await run("list", "--json", "--reason", "bound");
  assert.equal((JSON.parse(json.stdout) as { total: number }).total, 12);
});

test("pushes them again and removes them, and says what became of them", TIMEOUT, async (t) => {
  const { run, asked } = await serve(t, ({ kind }) =>
    kind === "letters.drop"
      ? { ok: true, dropped: 1200 }
      : { ok: true, accepted: 1234, rejected: 5, notReplayable: 6 },
  );
  const replayed = await run("replay", "--dataset", "memory");
  assert.equal(replayed.stdout, "1 234 were stored, 5 are refused still, of 6 only the reason was kept\n");
  const dropped = await run("drop", "--id", "3", "--json");
  assert.equal(dropped.stdout, '{"dropped":1200}\n');
  assert.deepEqual(asked, [
    { kind: "letters.replay", dataset: "memory" },
    { kind: "letters.drop", ids: [3] },
  ]);
});

test("ends with a code that says what was wrong", TIMEOUT, async (t) => {
  const { run } = await serve(t, () => ({
    ...{ ok: false, reason: "lane-full", message: "the lane is full; try again", accepted: 0, rejected: 0 },
  }));
  for (const [args, code, said] of [
    [["list", "--reason", "because"], 2, /--reason: expected one of not-an-object/],
    [["drop", "--id", "one"], 2, /--id: expected ids such as 1,2; came "one"/],
    [["list", "--limit", "1.5"], 2, /--limit: expected a whole number from 0 to 1000/],
    [["list", "--dataset", "people"], 2, /people/],
    [["replay"], 1, /the lane is full; try again/],
  ] as const) {
    const ended = await run(...args);
    assert.equal(ended.code, code, `${args.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, said);
  }
});
