/**
 * The thread that DuckDB runs on. It is there while there are queries, and ended some time after the last: that is the only way
 * that its memory goes back to the system. It answers one question at a time, and ends when it is told to, whatever it is at.
 */

import { parentPort, workerData } from "node:worker_threads";
import { Duck, Stopped } from "./duck.ts";
import type { DuckAnswer, DuckRequest, DuckWorkerData } from "./duck-protocol.ts";
import { DuckSession, QueryFault } from "./duck-session.ts";
import { sqlError, trapError } from "./sql-error.ts";

const port = parentPort!;
const { stop, memoryBytes } = workerData as DuckWorkerData;
const stopWord = new Int32Array(stop);
/** Names of the tables, for who asked for one that is none. */
let tables: readonly string[] = [];

const duck = await Duck.start({ memoryBytes, isStopped: () => Atomics.load(stopWord, 0) !== 0 });
const session = new DuckSession(duck, memoryBytes);

port.on("message", (request: DuckRequest) => {
  const answer = answerTo(request);
  const bytes = answer.ok && "bytes" in answer.value ? [answer.value.bytes.buffer] : [];
  port.postMessage(answer, bytes);
  if (request.op === "end") empty();
});
port.postMessage("ready");

/** Not before the answer: nobody waits for it. */
function empty(): void {
  try {
    session.empty();
  } catch (error) {
    // A stop came between: the next query makes its database itself. Broken, this thread ends with the error.
    if (duck.isBroken) throw error;
  }
}

function answerTo(request: DuckRequest): DuckAnswer {
  if (request.op === "plan") tables = request.tables.map(({ name }) => name);
  try {
    return { ok: true, value: session.answer(request) };
  } catch (error) {
    const isBroken = duck.isBroken;
    if (error instanceof Stopped) return { ok: false, reason: "stopped", message: error.message, isBroken };
    if (error instanceof QueryFault)
      return { ok: false, reason: "refused", message: error.message, isBroken };
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, ...(isBroken ? trapError(text) : sqlError(text, tables)), isBroken };
  }
}
