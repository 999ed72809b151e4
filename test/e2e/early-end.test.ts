/**
 * Ends that come while Millrace starts: whoever starts it may want it gone before it runs.
 *
 * Breaks when the stop signals are heard only from some later moment on, which would end the process without an order, or when an end
 * waits for what has not begun.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "../fixtures/flat-test.ts";
import { Server } from "./server.ts";
import { temporaryFolder, until } from "./support.ts";

const TIMEOUT = { timeout: 240_000 };

/** Each shown by what it leaves in the folder, or says. */
const moments: readonly [moment: string, isThere: (folder: string, server: Server) => boolean][] = [
  ["has its folder", (folder) => existsSync(join(folder, "owner.json"))],
  ["answers", (folder) => ownerSays(folder).includes('"url"')],
  ["starts its actors", (_, { stderr }) => / recorder +the log is open/.test(stderr)],
];

describe("a stop signal", TIMEOUT, () => {
  for (const [index, [moment, isThere]] of moments.entries()) {
    const signal = index % 2 === 0 ? "SIGTERM" : "SIGINT";
    test(`${signal} once it ${moment} is an end in order`, async (t) => {
      const folder = temporaryFolder(t);
      const server = new Server(t, ["--port", "0", "--data", folder]);
      await until(`it ${moment}`, () => isThere(folder, server));
      assert.deepEqual(await server.kill(signal), { code: 0, signal: null }, server.stderr);
      assert.match(server.stderr, new RegExp(` ending on ${signal}\n`));
      assert.doesNotMatch(server.stderr, / (warning|error) /);
      assert.equal(existsSync(join(folder, "owner.json")), false, "nobody has the folder");
    });
  }
});

function ownerSays(folder: string): string {
  try {
    return readFileSync(join(folder, "owner.json"), "utf8");
  } catch {
    return "";
  }
}
