/** What runs in a worker thread: a LocalThread, and a wire to the thread that built the system. */

import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { configureForwarding, getLog, setLogLevel } from "../log.ts";
import { describeError } from "./describe-error.ts";
import { LocalThread } from "./local-thread.ts";
import { PostOffice } from "./post-office.ts";
import { LiveScheduler } from "./scheduler.ts";
import type { FromWorker, ToWorker, WorkerParts } from "./thread-protocol.ts";

/** Numbers of questions that one life of a thread has for itself: an answer to its predecessor is nobody's. */
const QUESTIONS_A_LIFE = 2 ** 40;

const port = parentPort;
if (port === null) throw new Error("worker-entry.ts is the entry of a worker thread, not a program");

const parts = workerData as WorkerParts;
const say = (message: FromWorker) => port.postMessage(message);

// Here rather than by the runtime, which would write it to standard error as it is.
const stray = (what: string) => (error: unknown) =>
  say({ type: "stray", message: `${what}: ${describeError(error)}` });
process.on("uncaughtException", stray("uncaught"));
process.on("unhandledRejection", stray("nobody awaited"));

const lifeWords = new Int32Array(parts.memory.buffer);
const isCurrent = () => Atomics.load(lifeWords, parts.life.offset >>> 2) === parts.life.count;

configureForwarding({ level: parts.logLevel, post: (record) => say({ type: "log", record }) });

const post = new PostOffice({
  thread: parts.thread,
  memory: parts.memory,
  boxes: parts.boxes,
  clock: systemClock,
  forward(packet) {
    say({ type: "packet", packet });
    return true;
  },
  onDeadLetter: (letter) => say({ type: "dead-letter", letter }),
  lastId: parts.life.count * QUESTIONS_A_LIFE,
});

const thread = new LocalThread({
  ...parts,
  clock: systemClock,
  scheduler: new LiveScheduler(),
  post,
  isCurrent,
  onFailure: (actor, incarnation, failure) => say({ type: "failed", actor, incarnation, failure }),
  onDeadLetter: (letter) => say({ type: "dead-letter", letter }),
});

// Before anybody asks, so that threads come up side by side. What cannot be loaded says so when its actor starts.
for (const module of parts.modules) void import(module).catch(() => {});

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "start": {
      const { actor, incarnation } = message;
      thread.start(actor, incarnation).then(
        () => say({ type: "started", actor: actor.name, incarnation }),
        (error: unknown) =>
          say({ type: "refused", actor: actor.name, incarnation, message: describeError(error) }),
      );
      break;
    }
    case "stop": {
      const { actor, incarnation } = message;
      thread
        .stop(actor)
        .catch((error: unknown) => getLog(actor).error("could not end in order", { error }))
        .finally(() => say({ type: "stopped", actor, incarnation }));
      break;
    }
    case "operate": {
      const { actor, operation, id } = message;
      void thread.operate(actor, operation).then((outcome) => say({ type: "operated", id, outcome }));
      break;
    }
    case "log-level":
      setLogLevel(message.level);
      break;
    case "packet":
      post.accept(message.packet);
      break;
    case "pulse":
      say({ type: "pulse" });
      break;
  }
});
