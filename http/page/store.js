// What the store holds of each dataset.

import { getJson } from "./api.js";
import { byId, fillTable, setText } from "./dom.js";
import { bytesText, dayText, fixedText, numberText } from "./text.js";

export async function showStore() {
  const store = await getJson("/v1/store");
  fillTable(byId("store-rows"), store.datasets.map(rowOf));
  const pace =
    store.bytesPerMinute === null
      ? "nothing is compacted yet: an hour is, some minutes after its end"
      : `${fixedText(store.bytesPerMinute, 0)} bytes a minute after compaction`;
  setText(byId("store-note"), `${bytesText(store.totalBytes)} on the disk; ${pace}.`);
}

function rowOf({ dataset, rows, lakeBytes, logBytes, bytesPerMinute, first }) {
  const figure = (text, value) => [text, value === 0 ? "n zero" : "n"];
  const cells = [
    dataset,
    figure(numberText(rows), rows),
    figure(bytesText(lakeBytes), lakeBytes),
    figure(bytesText(logBytes), logBytes),
    [fixedText(bytesPerMinute, 0), "n"],
    first === null ? "–" : dayText(Date.parse(first)),
  ];
  return { key: dataset, cells };
}
