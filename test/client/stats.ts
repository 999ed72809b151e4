/** What a client counts, as tests compare it. */

import type { ClientStats } from "../../client/index.ts";

/** Of a client that nobody has given anything. */
export const NONE: ClientStats = {
  ...{ offered: 0, sent: 0, accepted: 0, rejected: 0, buffered: 0, retries: 0, callbackErrors: 0 },
  dropped: { full: 0, givenUp: 0, bad: 0, closed: 0, notSampled: 0, disabled: 0 },
};

/** Whether every row that was offered is somewhere. */
export function balanced({ offered, sent, buffered, dropped }: ClientStats): boolean {
  return offered === sent + buffered + Object.values(dropped).reduce((sum, rows) => sum + rows, 0);
}
