/**
 * A round that does all there is to do is ended at every operation of the disk, in every way, and begun anew: nothing is lost,
 * nothing doubled, and in the end all is as if nothing had happened.
 *
 * Breaks when a file is listed before it is whole, when the manifest is replaced in two steps, when a segment or a file is
 * removed before the manifest says so, and when left-over files are taken for the lake's.
 */

import assert from "node:assert/strict";
import { memory } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { HOUR, KeptStore, MINUTE, START, times } from "./kept-store.ts";
import { Death, type Ending, MortalDisk } from "./mortal-disk.ts";

const KEEP_MS = 10 * HOUR;
const rules = {
  keep: {
    memory: { keepMs: KEEP_MS, maxBytes: 2 ** 30 },
    process: { keepMs: 1000 * HOUR, maxBytes: 2 ** 30 },
  },
};

/** A store in which an hour has seven files, another one is nearly too old, and two segments wait for their round. */
function prepared(): KeptStore {
  const store = new KeptStore([memory, process], { rules });
  store.append(memory, [START - 10 * HOUR, START - 10 * HOUR + 1]);
  for (let late = 0; late < 7; late++) {
    store.append(memory, [START - 2 * HOUR + late]);
    store.round(true);
  }
  store.append(memory, [START - 2 * HOUR + 7, START + 1]);
  store.append(process, times(4, START - HOUR, 20 * MINUTE));
  store.store.log.roll();
  store.append(memory, times(3, START + 2, 1));
  store.clock.advance(HOUR + 5 * MINUTE);
  return store;
}

/** Everything that is due, and what becomes due by it. */
function workOff(store: KeptStore): void {
  for (let wake = 0; wake < 4; wake++) {
    store.round();
    store.clock.advance(MINUTE);
  }
}

/** What is to be the same, however it came about. */
function outcome(store: KeptStore) {
  const { datasets } = store.store.manifest;
  return { datasets, files: store.filesOnDisk(), folders: store.foldersOnDisk(), segments: store.segments() };
}

const tooOld = (_: unknown, row: Readonly<Record<string, unknown>>) =>
  Number(row["timestamp"]) <= START - 10 * HOUR + 1;

function undisturbed() {
  const store = prepared();
  const disk = new MortalDisk();
  store.restart(disk);
  workOff(store);
  try {
    store.assertWhole((dataset, row) => dataset === memory && tooOld(dataset, row));
    assert.equal(store.lake(memory).expired, 2);
    assert.equal(store.lake(memory).files.length, 2);
    assert.deepEqual(store.segments().length, 1);
    return { operations: disk.operations, expected: outcome(store) };
  } finally {
    store.remove();
  }
}

describe("a round that is ended at any operation", () => {
  const endings: readonly Ending[] = ["before", "after", "half", "refuse"];
  for (const ending of endings) {
    test(`(${ending}) leaves a store that is whole, and is finished by the next`, () => {
      const { operations, expected } = undisturbed();
      assert.ok(operations > 60, `${operations} operations`);
      for (let at = 0; at < operations; at++) {
        const store = prepared();
        try {
          store.restart(new MortalDisk(at, ending));
          try {
            workOff(store);
            assert.fail("it did not come to that operation");
          } catch (error) {
            const isRefusal = (error as NodeJS.ErrnoException).code === "ENOSPC";
            if (!(error instanceof Death) && !isRefusal) throw error;
          }
          // Whatever was under way: the store is whole as it lies there.
          const isGone = store.lake(memory).expired > 0;
          store.assertWhole((dataset, row) => isGone && dataset === memory && tooOld(dataset, row));
          if (ending !== "refuse") store.restart();
          workOff(store);
          assert.deepEqual(outcome(store), expected, `ended at operation ${at}`);
        } finally {
          store.remove();
        }
      }
    });
  }
});
