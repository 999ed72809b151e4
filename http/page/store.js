// What the store holds.

import { byId, bytesText, element, getJson, numberText } from "./base.js";

export async function showStore() {
  const store = await getJson("/v1/store");
  const rows = store.datasets.map((dataset) => {
    const row = document.createElement("tr");
    row.append(
      element("td", dataset.dataset),
      element("td", numberText(dataset.rows), "n"),
      element("td", bytesText(dataset.lakeBytes), "n"),
      element("td", numberText(dataset.bytesPerMinute, 1), "n"),
      element("td", bytesText(dataset.logBytes), "n"),
      element("td", dataset.first === null ? "–" : new Date(dataset.first).toLocaleString()),
    );
    return row;
  });
  byId("store").replaceChildren(...rows);
  const pace =
    store.bytesPerMinute === null
      ? "nothing is compacted yet: an hour is, some minutes after its end"
      : `${numberText(store.bytesPerMinute, 1)} bytes a minute after compaction`;
  byId("store-note").textContent = `${bytesText(store.totalBytes)} on the disk; ${pace}.`;
}

export function storeLost(error) {
  byId("store-note").textContent = error.message;
}
