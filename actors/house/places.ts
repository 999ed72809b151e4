/** Where a house's shared things lie, of a system that was built from `houseSpec`. */

import type { StagingSpec } from "../../ingest/staging.ts";
import type { LedgerSpec } from "../ledger.ts";
import type { MetersSpec, WindowMetersSpec } from "../resources.ts";

export interface Placed {
  readonly resources: Readonly<Record<string, unknown>>;
}

/** Where the ledger lies. */
export function ledgerOf({ resources }: Placed): LedgerSpec {
  return resources["ledger"] as LedgerSpec;
}

/** Where the stages' meters lie. */
export function metersOf({ resources }: Placed): MetersSpec {
  return resources["meters"] as MetersSpec;
}

/** Where the meters of its windows datasets lie; undefined for one without a windower. */
export function windowMetersOf({ resources }: Placed): WindowMetersSpec | undefined {
  return resources["windowMeters"] as WindowMetersSpec | undefined;
}

/** Where the bodies that the intake is asked about lie. */
export function stagingOf({ resources }: Placed): StagingSpec {
  return resources["staging"] as StagingSpec;
}
