/** Whether a subscription is one that can be: what the broadcaster cannot know, as it sees one dataset at a time. */

import type { Dataset } from "../../datasets/define.ts";
import type { TapSpec } from "../broadcaster/protocol.ts";
import { type Refused, refuse } from "../refused.ts";
import type { Subscription, SubscriptionChange } from "./subscription.ts";

type WishRefusal = Refused<"unknown-dataset" | "bad-option">;

/** @returns undefined when it is good */
export function wishFault(
  wish: Subscription,
  datasets: readonly Pick<Dataset, "name">[],
): WishRefusal | undefined {
  const names = datasets.map(({ name }) => name);
  const wrong = wish.datasets.find(
    (name, index) => !names.includes(name) || wish.datasets.indexOf(name) !== index,
  );
  if (wrong !== undefined || wish.datasets.length === 0) {
    const came = wrong === undefined ? "none" : JSON.stringify(wrong.slice(0, 80));
    return refuse(
      "unknown-dataset",
      `datasets: expected some of ${names.join(", ")}, each once; came ${came}`,
    );
  }
  const isRawArrow = wish.format === "arrow" && wish.framing === "raw";
  if (isRawArrow && wish.datasets.length > 1) {
    return refuse("bad-option", "datasets: an Arrow stream is of one dataset; open one for each");
  }
  if (isRawArrow && wish.whenFull !== "disconnect") {
    return refuse("bad-option", "whenFull: an Arrow stream cannot tell of dropped rows; give disconnect");
  }
  return columnsFault(wish.datasets, wish.columns);
}

/** @returns undefined when it can be changed so while it goes on */
export function changeFault(
  wish: Subscription,
  now: TapSpec,
  change: SubscriptionChange,
): WishRefusal | undefined {
  const isSame = JSON.stringify(now.columns) === JSON.stringify(change.columns);
  if (wish.format === "arrow" && wish.framing === "raw" && !isSame) {
    return refuse("bad-option", "columns: those of an Arrow stream stay as they are; open another stream");
  }
  return columnsFault(wish.datasets, change.columns);
}

function columnsFault(
  datasets: readonly string[],
  columns: readonly string[] | null,
): Refused<"bad-option"> | undefined {
  if (columns === null || datasets.length === 1) return undefined;
  return refuse(
    "bad-option",
    `columns: expected one dataset, whose columns they are; came ${datasets.length}: subscribe to each of them`,
  );
}
