import assert from "node:assert/strict";
import { test } from "node:test";
import { preferredType } from "../../http/preferred-type.ts";

const offered = ["application/json", "text/csv", "text/html"] as const;

for (const [accept, expected] of [
  [undefined, "application/json"],
  ["", "application/json"],
  ["*/*", "application/json"],
  ["text/csv", "text/csv"],
  ["TEXT/CSV", "text/csv"],
  ["text/*", "text/csv"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"],
  ["application/json;q=0.5, text/csv;q=0.6", "text/csv"],
  ["text/csv;q=0, */*", "application/json"],
  ["application/json;q=0, text/*;q=0.1", "text/csv"],
  ["text/csv; charset=utf-8; q=0.9, application/json; q=0.1", "text/csv"],
  ["application/xml", undefined],
  ["text/csv;q=0", undefined],
  ["text/csv;q=2", undefined],
  ["text/csv;q=", undefined],
  [",,,", undefined],
] as const) {
  test(`Accept: ${accept} → ${expected}`, () => assert.equal(preferredType(accept, offered), expected));
}
