/** GET /v1/ledger: where every row that came has gone. */

import type { Hono } from "hono";
import type { LedgerRow } from "../../actors/ledger.ts";
import type { ControlDeps } from "../control.ts";

export function ledgerRoutes(app: Hono, deps: ControlDeps): void {
  app.get("/v1/ledger", (c) => {
    const rows = deps.ledger();
    return c.json({
      datasets: Object.fromEntries(rows.map((row) => [row.dataset, account(row)])),
      totals: totals(rows),
    });
  });
}

interface Account {
  readonly received: number;
  readonly stored: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly in_flight: number;
  readonly balanced: boolean;
}

function account({ received, stored, rejected, dropped, inFlight, balanced }: LedgerRow): Account {
  return { received, stored, rejected, dropped, in_flight: inFlight, balanced };
}

function totals(rows: readonly LedgerRow[]): Account {
  const sum = (of: (row: LedgerRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    received: sum(({ received }) => received),
    stored: sum(({ stored }) => stored),
    rejected: sumByReason(rows.map(({ rejected }) => rejected)),
    dropped: sumByReason(rows.map(({ dropped }) => dropped)),
    in_flight: sum(({ inFlight }) => inFlight),
    balanced: rows.every(({ balanced }) => balanced),
  };
}

function sumByReason(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [reason, count] of Object.entries(counts)) sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}
