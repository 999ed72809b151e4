/** GET /v1/ledger: where every row that came has gone. */

import { z } from "zod";
import { DOOR_DROPS, type LedgerRow, STORE_DROPS } from "../../actors/ledger.ts";
import { REJECTION_REASONS } from "../../datasets/rejection.ts";
import type { ControlDeps } from "../control.ts";
import type { RouteSpec, Routes } from "../route.ts";
import { count } from "../schemas.ts";

const ACCOUNT = z
  .object({
    received: count(),
    stored: count().describe("In the log, or once were."),
    rejected: counts(REJECTION_REASONS).describe("By what was wrong with the row."),
    dropped: counts([...DOOR_DROPS, ...STORE_DROPS]).describe("By why the row went no further."),
    inFlight: count(),
    balanced: z
      .boolean()
      .describe("received = stored + rejected + dropped + inFlight. Anything but true is a bug."),
  })
  .meta({ id: "LedgerAccount" });

type Account = z.output<typeof ACCOUNT>;

const SPEC: RouteSpec = {
  method: "get",
  path: "/v1/ledger",
  tag: "store",
  summary: "Where every row that came has gone",
  scope: "read",
  answers: {
    200: {
      meaning: "One account a dataset, and their sums.",
      content: {
        "application/json": {
          schema: z
            .object({ datasets: z.record(z.string(), ACCOUNT), totals: ACCOUNT })
            .meta({ id: "Ledger" }),
        },
      },
    },
  },
};

export function ledgerRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(SPEC, (c) => {
    const rows = deps.ledger();
    return c.json({
      datasets: Object.fromEntries(rows.map((row) => [row.dataset, account(row)])),
      totals: totals(rows),
    });
  });
}

/** By reason: how many. All reasons are there. */
function counts<const Reason extends string>(reasons: readonly Reason[]) {
  return z.record(z.enum(reasons), count());
}

function account({ received, stored, rejected, dropped, inFlight, balanced }: LedgerRow): Account {
  return { received, stored, rejected, dropped, inFlight, balanced };
}

function totals(rows: readonly LedgerRow[]): Account {
  const sum = (of: (row: LedgerRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    received: sum(({ received }) => received),
    stored: sum(({ stored }) => stored),
    rejected: sumByReason(
      REJECTION_REASONS,
      rows.map(({ rejected }) => rejected),
    ),
    dropped: sumByReason(
      [...DOOR_DROPS, ...STORE_DROPS],
      rows.map(({ dropped }) => dropped),
    ),
    inFlight: sum(({ inFlight }) => inFlight),
    balanced: rows.every(({ balanced }) => balanced),
  };
}

function sumByReason<Reason extends string>(
  reasons: readonly Reason[],
  all: readonly Readonly<Record<Reason, number>>[],
): Record<Reason, number> {
  const sums = reasons.map((reason) => [reason, all.reduce((total, counts) => total + counts[reason], 0)]);
  return Object.fromEntries(sums) as Record<Reason, number>;
}
