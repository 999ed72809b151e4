// What happens when the page is there.

import { byId } from "./base.js";
import { offerExports } from "./exports.js";
import { lost, showActors, showHealth, showMemory } from "./overview.js";
import { offerQueries } from "./query.js";
import { showStore, storeLost } from "./store.js";

const REFRESH_MS = 5000;
/** The store is looked through for its figures, which change slowly. */
const STORE_REFRESH_MS = 60_000;

function refresh() {
  if (document.hidden) return;
  showHealth().catch(lost);
  showActors().catch(lost);
}

function refreshStore() {
  if (!document.hidden) showStore().catch(storeLost);
}

const stream = new EventSource("/v1/streams/memory");
stream.addEventListener("memory", showMemory);
stream.addEventListener("error", () => {
  byId("stream").textContent = "the stream is interrupted; connecting again…";
});
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH_MS);
setInterval(refreshStore, STORE_REFRESH_MS);
refresh();
refreshStore();
offerExports().catch(lost);
offerQueries();
