/** Bodies that are made once, and then sent as they are or with something wrong with them. */

import type { Dataset } from "../../../datasets/define.ts";
import type { PushFormat } from "../../../ingest/decoder.ts";
import { encodeBody } from "./encode.ts";
import type { Random } from "./random.ts";
import { oddRow, ROW_KINDS } from "./rows.ts";

export interface PoolBody {
  readonly dataset: Dataset;
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Whether all of its rows must be accepted. */
  readonly isGood: boolean;
}

const BODIES = 192;
/** One in so many is of the test's own dataset, which has every type. */
const OTHER_KIND = 4;
const MOST_ROWS = 5;

export function makePool(format: PushFormat, random: Random): readonly PoolBody[] {
  return Array.from({ length: BODIES }, (): PoolBody => {
    const kind = ROW_KINDS[random.oneIn(OTHER_KIND) ? 1 : 0]!;
    const isGood = random.oneIn(3);
    const rows = Array.from({ length: random.below(MOST_ROWS + 1) }, () =>
      isGood || random.oneIn(2) ? kind.good(random) : oddRow(kind, random),
    );
    const bytes = encodeBody(format, kind.dataset, rows, random);
    return { dataset: kind.dataset, bytes, rows: rows.length, isGood };
  });
}
