/**
 * The anonymous profile: k-anonymity over the declared quasi-identifiers, in two passes over the rows and one over the result.
 *
 *     const counting = new Anonymizing(shape, { policy, fromMs, toMs, workFolder });
 *     pass 1:   counting.observe(batch, run)        rows that are wanted
 *               counting.observeOthers(batch, run)  rows of the time range that a filter leaves out (journalist risk)
 *     const anonymous = counting.decide();          ok: false → nothing is written
 *     pass 2:   anonymous.add(batch, run)           the wanted rows again, the same ones
 *     result:   for (const batch of anonymous.rows()) …    of anonymous.shape; the batch is reused
 *     at last:  anonymous.close()                   also after a failure; removes what it keeps in the work folder
 *
 * The rows come out sorted by their content, not in the order of the log: a file is a function of the set of its rows, so
 * their order tells nothing, least of all the order in time. That is why nothing comes out before pass 2 is over.
 *
 * The time range is whole hours: `wholeHours` makes one of what was asked. Part of an hour would say more of its rows' times
 * than the hour that stands in them. For the same reason `unfilterableColumn` names what no filter may be by.
 */

export { Anonymizing, type AnonymizingOptions } from "./anonymizing.ts";
export { AnonymousRows } from "./anonymous-rows.ts";
export { type AnonymousPolicy, type BelowPolicy, DEFAULT_POLICY } from "./policy.ts";
export type { AttackRisk, PrivacyReport, SensitiveFigures } from "./report.ts";
export { renderPrivacyPage } from "./report-page.ts";
export { unfilterableColumn } from "./roles.ts";
export { type TimeRange, wholeHours } from "./whole-hours.ts";
