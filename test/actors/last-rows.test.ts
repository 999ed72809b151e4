/**
 * An end in order stores what waits for an actor that was stopped.
 *
 * What would fail here: rows that are lost though they were taken in, an actor that is started though nothing waits for it or though
 * it stores nothing, an end that waits for ever for one that does not start.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { letLastRowsPass } from "../../actors/last-rows.ts";
import type { ActorContext, Behaviour } from "../../runtime/actor/types.ts";
import type { Log } from "../../runtime/log.ts";
import { type Inline, noting, openInline, publish, source } from "../fixtures/actor-inline.ts";

/** The way of a row, with what each of its stages has seen in this life. */
async function open(recorderStarts: () => void | Promise<void> = () => {}) {
  const seen: Record<string, number[]> = { anonymizer: [], recorder: [], windower: [] };
  const starts: string[] = [];
  const lines: string[] = [];
  const stage =
    (name: string) =>
    async (context: ActorContext): Promise<Behaviour> => {
      starts.push(name);
      if (name === "recorder") await recorderStarts();
      return { stages: { lane: noting(context, (value) => seen[name]!.push(value)) } };
    };
  const inline = await openInline({
    lanes: [{ name: "lane", tiers: [["anonymizer"], ["recorder"], ["windower"]] }],
    actors: {
      sampler: source("lane"),
      recorder: stage("recorder"),
      windower: stage("windower"),
      anonymizer: stage("anonymizer"),
    },
  });
  const line = (message: string) => void lines.push(message);
  const log: Log = {
    trace: line,
    debug: line,
    info: line,
    warning: line,
    error: line,
    isEnabled: () => true,
  };
  const end = async () => {
    await inline.run(letLastRowsPass(inline.system, { clock: inline.clock, log }));
    await inline.run(inline.system.stop());
  };
  const stop = (...names: string[]) => all(inline, "stop", names);
  starts.length = 0;
  return { ...inline, inline, seen, starts, lines, end, stop };
}

async function all(
  { system, run }: Inline,
  command: "stop" | "pause",
  names: readonly string[],
): Promise<void> {
  for (const name of names) assert.deepEqual(await run(system.command(name, command, "")), { ok: true });
}

test("what waits for one that was stopped, or for several, is stored", async () => {
  for (const names of [["anonymizer"], ["recorder"], ["recorder", "anonymizer"]]) {
    const { stop, system, end, seen, starts, lines } = await open();
    await stop(...names);
    publish(system, "lane", 0, 5);
    await end();
    assert.deepEqual(seen["recorder"], [0, 1, 2, 3, 4], names.join());
    assert.deepEqual(starts.toSorted(), names.toSorted());
    assert.equal(lines.length, names.length);
  }
});

test("what waits for one that was paused is stored without a start", async () => {
  const { inline, system, end, seen, starts } = await open();
  await all(inline, "pause", ["anonymizer", "recorder"]);
  publish(system, "lane", 0, 5);
  await end();
  assert.deepEqual([seen["recorder"], starts], [[0, 1, 2, 3, 4], []]);
});

test("nobody is started for whom nothing waits, or who stores nothing", async () => {
  const { stop, system, end, seen, starts, lines, settle } = await open();
  await stop("windower");
  publish(system, "lane", 0, 3);
  await settle();
  await stop("anonymizer", "recorder");
  await end();
  assert.deepEqual([seen["recorder"], seen["windower"], starts, lines], [[0, 1, 2], [], [], []]);
});

test("one that does not start is told, and not waited for", async () => {
  let isBroken = false;
  const { stop, system, end, lines } = await open(() => {
    if (isBroken) throw new Error("no disk");
  });
  await stop("recorder");
  isBroken = true;
  publish(system, "lane", 0, 3);
  await end();
  assert.match(lines.at(-1)!, /did not start, and \{batches\} batches are lost/);

  let hangs = false;
  const hanging = await open(() => (hangs ? new Promise<void>(() => {}) : undefined));
  await hanging.stop("recorder");
  hangs = true;
  publish(hanging.system, "lane", 0, 3);
  const before = hanging.clock.monotonicMs();
  await hanging.end();
  assert.ok(hanging.clock.monotonicMs() - before < 10_000);
});

test("a system that is not up is left as it is", async () => {
  const { system, end, starts, run } = await open();
  publish(system, "lane", 0, 3);
  await run(system.stop());
  starts.length = 0;
  await end();
  assert.deepEqual(starts, []);
});
