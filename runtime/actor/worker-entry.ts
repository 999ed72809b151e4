/** What runs in a worker thread: a LocalThread, and a wire to the thread that built the system. */

import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { configureForwarding, getLog } from "../log.ts";
import { describeError } from "./cell.ts";
import { LocalThread } from "./local-thread.ts";
import { PostOffice } from "./post-office.ts";
import { LiveScheduler } from "./scheduler.ts";
import type { FromWorker, ToWorker, WorkerParts } from "./thread-protocol.ts";

const port = parentPort;
if (port === null) throw new Error("worker-entry.ts is the entry of a worker thread, not a program");

const parts = workerData as WorkerParts;
const say = (message: FromWorker) => port.postMessage(message);

configureForwarding({ level: parts.logLevel, post: (record) => say({ type: "log", record }) });

const post = new PostOffice({
  thread: parts.thread,
  memory: parts.memory,
  boxes: parts.boxes,
  clock: systemClock,
  forward: (packet) => say({ type: "packet", packet }),
  onDeadLetter: (letter) => say({ type: "dead-letter", letter }),
});

const thread = new LocalThread({
  ...parts,
  clock: systemClock,
  scheduler: new LiveScheduler(),
  post,
  onFailure: (actor, incarnation, failure) => say({ type: "failed", actor, incarnation, failure }),
  onDeadLetter: (letter) => say({ type: "dead-letter", letter }),
});

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
    case "packet":
      post.accept(message.packet);
      break;
    case "pulse":
      say({ type: "pulse" });
      break;
  }
});
