/** Which columns of a dataset its windows are made of. */

import type { WindowSpec } from "./spec.ts";

/** By their public names, in the order that is declared: of leaders the item, and behind it the weight. The group is not among them. */
export function windowedColumns(by: WindowSpec): readonly string[] {
  switch (by.kind) {
    case "figures":
      return by.measures;
    case "distinct":
      return by.of;
    case "top":
      return by.weight === undefined ? [by.item] : [by.item, by.weight];
  }
}
