import assert from "node:assert/strict";
import { test } from "node:test";
import { PUSH_FORMATS } from "../../ingest/decoder.ts";
import { formatOf, MEDIA_TYPES } from "../../ingest/media-types.ts";

test("every format is found by each of its media types, in any case and with what changes nothing", () => {
  for (const format of PUSH_FORMATS) {
    for (const type of MEDIA_TYPES[format]) {
      for (const said of [
        type,
        type.toUpperCase(),
        `${type}; charset=utf-8`,
        ` ${type} ;charset="UTF-8"; `,
      ]) {
        assert.equal(formatOf(said), format, said);
      }
    }
  }
});

test("what is no such type, or says something that nobody heeds, is not taken for one", () => {
  for (const said of [
    ...[
      "",
      ";",
      "text/plain",
      "application/octet-stream",
      "application/json-seq",
      "application/vnd.apache.arrow.file",
    ],
    ...[
      "text/csv; header=absent",
      "text/csv; charset=latin1",
      "application/json; profile=x",
      "application/json, text/csv",
    ],
  ]) {
    assert.equal(formatOf(said), undefined, said);
  }
});
