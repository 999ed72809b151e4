// Where every row that came has gone: received = stored + rejected + dropped + in flight.

import { getJson } from "./api.js";
import { byId, fillTable, setClass, setText } from "./dom.js";
import { numberText } from "./text.js";

/** @returns rows received in all, of datasets that are no windows */
export async function showLedger() {
  const { datasets, totals } = await getJson("/v1/ledger");
  const rows = [...Object.entries(datasets), ["all", totals]].map(([name, account]) => {
    const { received, stored, inFlight, balanced } = account;
    const cells = [
      name,
      figure(received),
      figure(stored),
      figure(sum(account.rejected), "bad"),
      figure(sum(account.dropped), "bad"),
      figure(inFlight),
      balanced ? ["✓", "good"] : ["✗ not balanced", "bad"],
    ];
    return { key: name, cells };
  });
  fillTable(byId("ledger-rows"), rows);
  const reasons = [...named(totals.rejected, "rejected"), ...named(totals.dropped, "dropped")];
  const note = byId("ledger-note");
  setClass(note, totals.balanced ? "note" : "note error");
  setText(
    note,
    !totals.balanced
      ? "The account does not balance: rows are missing or counted twice. That is a bug."
      : reasons.length === 0
        ? "Every row that came is accounted for."
        : `Every row is accounted for. ${reasons.join(", ")}.`,
  );
  return Object.entries(datasets)
    .filter(([name]) => !name.endsWith("_1m"))
    .reduce((total, [, { received }]) => total + received, 0);
}

const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);

const figure = (count, unless = "") => [numberText(count), count === 0 ? "n zero" : `n ${unless}`.trim()];

function named(counts, what) {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${numberText(count)} ${what} (${reason})`);
}
