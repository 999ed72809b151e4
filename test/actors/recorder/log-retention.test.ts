/** Breaks when a newer segment goes before an older one, when the last one goes, or when one too many or too few goes. */

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { dropOldSegments } from "../../../actors/recorder/log-retention.ts";
import { memory } from "../../../datasets/memory.ts";
import { TempLog } from "./temp-log.ts";

function filled(t: { after(fn: () => void): void }, segments: number): TempLog {
  const at = new TempLog(1);
  t.after(() => at.remove());
  const log = at.open([memory], { segmentBytes: 1 });
  for (let segment = 1; segment < segments; segment++) {
    assert.ok(log.append("memory", at.batch(memory, 5, (segment - 1) * 5)));
    log.sync();
  }
  log.close();
  return at;
}

const sizes = ({ folder }: TempLog) =>
  readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: statSync(join(folder, name)).size }));

describe("dropOldSegments", () => {
  test("removes the oldest until the rest fits, and no more", (t) => {
    const at = filled(t, 6);
    const before = sizes(at);
    const keepBytes = before.slice(2).reduce((total, { bytes }) => total + bytes, 0);
    assert.equal(dropOldSegments(at.folder, keepBytes), before[0]!.bytes + before[1]!.bytes);
    assert.deepEqual(sizes(at), before.slice(2));
    assert.equal(dropOldSegments(at.folder, keepBytes), 0);
  });

  test("never removes the last segment", (t) => {
    const at = filled(t, 3);
    dropOldSegments(at.folder, 0);
    assert.deepEqual(
      sizes(at).map(({ name }) => name),
      ["00000003.log"],
    );
  });

  test("leaves a log that can be read, and opened where it ended", (t) => {
    const at = filled(t, 4);
    const before = at.open([memory]).nextSequence("memory");
    dropOldSegments(
      at.folder,
      sizes(at)
        .slice(-2)
        .reduce((total, { bytes }) => total + bytes, 0),
    );
    assert.equal(at.open([memory]).nextSequence("memory"), before);
    assert.equal(at.rows(memory).length, 5);
    assert.equal(at.rows(memory, { fromSequence: 10 }).length, 5);
  });
});
