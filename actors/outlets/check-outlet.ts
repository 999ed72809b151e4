/** Whether what an outlet is to give can be had, before anybody connects: who opens it is told, and not its clients. */

import { isAbsolute } from "node:path";
import type { Dataset } from "../../datasets/define.ts";
import { isLoopback } from "../../runtime/loopback.ts";
import { openTapEncoding } from "../broadcaster/tap-encoding.ts";
import { type Refused, refuse } from "../refused.ts";
import { notLoopback } from "./listener.ts";
import type { OutletRefusal, OutletSpec } from "./protocol.ts";

/** Of a path, as the system has it. */
const MAX_PATH_CHARACTERS = 4096;

/** @returns undefined when nothing is wrong with it */
export function checkOutlet(
  spec: OutletSpec,
  datasets: readonly Dataset[],
): Refused<OutletRefusal> | undefined {
  const { transport, format, columns, where, whenFull } = spec;
  if (transport === "pipe") {
    const { path } = spec;
    if (!isAbsolute(path) || path.length > MAX_PATH_CHARACTERS || path.includes("\0")) {
      return refuse(
        "bad-option",
        "path: expected an absolute path, such as /run/millrace.fifo; came another one",
      );
    }
  } else if (!isLoopback(spec.host)) return notLoopback(spec.host);
  if (spec.datasets.length === 0 || new Set(spec.datasets).size < spec.datasets.length) {
    const names = datasets.map(({ name }) => name).join(", ");
    return refuse(
      "bad-option",
      `datasets: expected some of ${names}, each once; came ${spec.datasets.join(", ")}`,
    );
  }
  const isPlainArrow = format === "arrow" && transport !== "zeromq";
  if (isPlainArrow && spec.datasets.length > 1) {
    return refuse(
      "bad-option",
      `datasets: expected one, as an Arrow stream has one schema; came ${spec.datasets.length}: open an outlet for each, or take zeromq`,
    );
  }
  if (isPlainArrow && whenFull !== "disconnect") {
    return refuse(
      "bad-option",
      "whenFull: expected disconnect, as an Arrow stream cannot tell of dropped rows; came drop-oldest",
    );
  }
  if (columns !== null && spec.datasets.length > 1) {
    return refuse("bad-option", `columns: expected them with one dataset; came with ${spec.datasets.length}`);
  }
  for (const dataset of spec.datasets) {
    const wish = { dataset, format, framing: "raw", columns, where, positions: false } as const;
    const encoding = openTapEncoding(wish, datasets);
    if (!encoding.ok) return encoding;
  }
  return undefined;
}
