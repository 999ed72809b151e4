/** What the doors share: where bodies are put, and how many there were. */

import type { StagingArea } from "../../ingest/staging-area.ts";
import type { PushCounts } from "./push-counts.ts";

export interface IngestDoors {
  /** This thread's: nobody else hands places out. */
  readonly staging: StagingArea;
  readonly counts: PushCounts;
}
