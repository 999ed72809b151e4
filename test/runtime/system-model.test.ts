/**
 * Promise 3 as a property: a writer, a stage that marks in place, and two readers behind it, on lanes so small that both their
 * ends are met all the time, with crashes at random places. Whatever the order of steps and wherever they crash, each reader
 * sees every number, in order, and repeats no more than the turn it crashed in; and nobody sees a slot that is not marked.
 *
 * What would fail here: a cursor that is moved before the work is done, or not at all; a barrier that opens early; a writer that
 * overwrites; an incarnation that begins elsewhere than where the last one released; an actor that is not started again.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ActorContext, type Behaviour, POISON_ATTEMPTS } from "../../runtime/actor/types.ts";
import { seededRandom } from "../../runtime/random.ts";
import { openInline } from "../fixtures/actor-inline.ts";

const MARK = 0x5eed;
const TOTAL = 40;

class Crash extends Error {}

const scenario = fc.record({
  seed: fc.nat(2 ** 31 - 1),
  slots: fc.constantFrom(2, 4, 8),
  /** Crashes in a hundred handled slots. */
  percent: fc.constantFrom(0, 2, 5, 15),
  batch: fc.integer({ min: 1, max: 5 }),
  isAsync: fc.boolean(),
});

test("whatever crashes where, every reader sees everything, in order and marked", {
  timeout: 240_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, slots, percent, batch, isAsync }) => {
      const random = seededRandom(seed);
      const crashes = new Map<string, number>();
      let isOver = false;
      /** Crashes since a stage released something: one fewer than would make a batch poison. */
      const inARow = new Map<string, number>();
      const maybeCrash = (actor: string) => {
        if (isOver || random() * 300 >= percent || (inARow.get(actor) ?? 0) >= POISON_ATTEMPTS - 1) return;
        inARow.set(actor, (inARow.get(actor) ?? 0) + 1);
        crashes.set(actor, (crashes.get(actor) ?? 0) + 1);
        throw new Crash(actor);
      };
      const seen: Record<string, number[]> = { left: [], right: [] };
      /** Slots of the turn that a reader crashed in, the most that may come again. */
      const repeatable: Record<string, number> = { left: 0, right: 0 };

      const writer = (context: ActorContext): Behaviour => {
        const words = new Int32Array(context.memory.buffer);
        const end = context.writer("lane");
        context.every(10, () => {
          // The number of a slot is its position. (What the last published slot holds would not do: in a lane that the
          // writer has claimed all of, an incarnation before may have written over it.)
          let next = end.position;
          for (let written = 0; written < batch && next < TOTAL; written++) {
            const slot = end.tryClaim();
            if (slot < 0) break;
            words[slot >>> 2] = next++;
            words[(slot >>> 2) + 1] = 0;
          }
          maybeCrash("writer");
          end.publish();
          inARow.delete("writer");
          maybeCrash("writer");
        });
        return {};
      };

      const stage = (name: string, handle: (word: number, words: Int32Array) => void) => {
        return (context: ActorContext): Behaviour => {
          const words = new Int32Array(context.memory.buffer);
          return {
            stages: {
              lane: {
                async drain(reader, maxSlots) {
                  let unreleased = 0;
                  try {
                    for (let taken = 0; taken < Math.min(maxSlots, batch); taken++) {
                      const slot = reader.tryRead();
                      if (slot < 0) break;
                      unreleased++;
                      maybeCrash(name);
                      handle(slot >>> 2, words);
                      if (isAsync) await null;
                      maybeCrash(name);
                    }
                    reader.release();
                    unreleased = 0;
                    inARow.delete(name);
                    maybeCrash(name);
                  } catch (error) {
                    repeatable[name] = (repeatable[name] ?? 0) + unreleased;
                    throw error;
                  }
                },
                poisoned: (slot) => assert.fail(`slot at ${slot} brought ${name} down three times`),
              },
            },
          };
        };
      };
      const reading = (name: string) =>
        stage(name, (word, words) => {
          const value = words[word]!;
          assert.equal(words[word + 1], value ^ MARK, `${name} sees ${value} without its mark`);
          seen[name]!.push(value);
        });

      const { pass, system, state } = await openInline({
        seed,
        lanes: [{ name: "lane", slots, tiers: [["marker"], ["left", "right"]] }],
        actors: {
          writer: { make: writer, spec: { writes: ["lane"] } },
          marker: stage("marker", (word, words) => {
            words[word + 1] = words[word]! ^ MARK;
          }),
          left: reading("left"),
          right: reading("right"),
        },
      });
      for (let turn = 0; turn < 200; turn++) {
        await pass(10);
        if (Object.values(seen).every((values) => values.includes(TOTAL - 1))) break;
      }
      isOver = true;
      await pass(50);

      for (const [name, values] of Object.entries(seen)) {
        assert.deepEqual(
          [...new Set(values)],
          Array.from({ length: TOTAL }, (_, value) => value),
          `${name} sees every number, first time in order`,
        );
        assert.ok(values.length - TOTAL <= repeatable[name]!, `${name} repeats more than its crashed turns`);
        // A repeat goes back to what was not released, and on from there one by one.
        for (let index = 1; index < values.length; index++) {
          const step = values[index]! - values[index - 1]!;
          assert.ok(step <= 1 && step > -batch, `${name}: ${values[index - 1]} then ${values[index]}`);
        }
      }
      for (const name of ["writer", "marker", "left", "right"]) {
        assert.deepEqual(
          [name, state(name).state, state(name).restarts],
          [name, "running", crashes.get(name) ?? 0],
        );
      }
      assert.equal(system.status().deadLetters.count, 0);
    }),
    { seed: 77_2026, numRuns: 120 },
  );
});
