/** The outlets of the setting `streams.outlets`: addresses (outlet-address.ts) with spaces between them. */

import type { Dataset } from "../../datasets/define.ts";
import { checkOutlet } from "./check-outlet.ts";
import { readOutletAddress } from "./outlet-address.ts";
import { MAX_OUTLETS, type OutletSpec } from "./protocol.ts";

export type OutletsRead =
  | { readonly ok: true; readonly outlets: readonly OutletSpec[] }
  /** What was expected, and what came: of the first that cannot be opened. */
  | { readonly ok: false; readonly expected: string; readonly came: string };

export function readOutlets(text: string, datasets: readonly Dataset[]): OutletsRead {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length > MAX_OUTLETS) {
    return { ok: false, expected: `at most ${MAX_OUTLETS} outlets`, came: `${words.length} of them` };
  }
  const outlets: OutletSpec[] = [];
  for (const word of words) {
    const read = readOutletAddress(word, datasets);
    if (!read.ok) return read;
    const fault = checkOutlet(read.spec, datasets);
    if (fault !== undefined) {
      return {
        ok: false,
        expected: "outlets that can be opened",
        came: `${JSON.stringify(word)} (${fault.message})`,
      };
    }
    outlets.push(read.spec);
  }
  return { ok: true, outlets };
}
