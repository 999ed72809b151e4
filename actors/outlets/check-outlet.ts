/** Whether what an outlet is to give can be had, before anybody connects: who opens it is told, and not its clients. */

import { isAbsolute } from "node:path";
import type { Dataset } from "../../datasets/define.ts";
import { isLoopback } from "../../runtime/loopback.ts";
import { openTapEncoding } from "../broadcaster/tap-encoding.ts";
import { wishFault, wishRefusal } from "../feed/check-wish.ts";
import { type Refused, refuse } from "../refused.ts";
import { notLoopback } from "./listener.ts";
import { framingOf, type OutletRefusal, type OutletSpec } from "./protocol.ts";

/** Of a path, as the system has it. */
const MAX_PATH_CHARACTERS = 4096;
const ONE_SCHEMA = "open an outlet for each, or take zeromq";

/** @returns undefined when nothing is wrong with it */
export function checkOutlet(
  spec: OutletSpec,
  datasets: readonly Dataset[],
): Refused<OutletRefusal> | undefined {
  const { transport, format, columns, where } = spec;
  if (transport === "pipe") {
    const { path } = spec;
    if (!isAbsolute(path) || path.length > MAX_PATH_CHARACTERS || path.includes("\0")) {
      return refuse(
        "bad-option",
        "path: expected an absolute path, such as /run/millrace.fifo; came another one",
      );
    }
  } else if (!isLoopback(spec.host)) return notLoopback(spec.host);
  const names = datasets.map(({ name }) => name);
  const fault = wishFault({ ...spec, framing: framingOf(transport) }, names);
  if (fault !== undefined) {
    const { message, reason } = wishRefusal(fault);
    return refuse(reason, fault.rule === "one-schema" ? `${message}: ${ONE_SCHEMA}` : message);
  }
  for (const dataset of spec.datasets) {
    const wish = { dataset, format, framing: "raw", columns, where, positions: false } as const;
    const encoding = openTapEncoding(wish, datasets);
    if (!encoding.ok) return encoding;
  }
  return undefined;
}
