// What happens when the page is there: who looks is asked first, then everything else, as far as they may.

import { allowControl, showActors, showTransition } from "./actors.js";
import { onConnection, serverNow } from "./connection.js";
import { allowExports, offerExports } from "./exports.js";
import { beat, showHealth } from "./header.js";
import { latestMs, loadHistory, showMemoryRow } from "./host.js";
import { showLedger } from "./ledger.js";
import { liveStream } from "./live.js";
import { showPipeline } from "./pipeline.js";
import { allowPolls, poll } from "./poll.js";
import { showPrograms } from "./programs.js";
import "./query.js";
import "./scrollers.js";
import { showPushed } from "./pushed.js";
import { addSampleRow } from "./samples.js";
import { session } from "./session.js";
import { allowSettings, showSettings } from "./settings.js";
import { showStore } from "./store.js";
import { showStreams } from "./streams.js";
import { loadWindows, showWindowRow } from "./windows.js";

const DATASETS = "memory,process,memory_1m,process_1m";
/** A stream begins a little before now: what is told twice is seen, what is missed is not. */
const OVERLAP_MS = 15_000;

let receivedRows;

poll("health", 5000, showHealth);
const actorsSoon = poll("actors", 5000, showActors);
poll("ledger", 3000, async () => {
  receivedRows = await showLedger();
});
poll("pipeline", 2000, () => showPipeline(receivedRows));
poll("pushed", 3000, showPushed);
poll("streams", 3000, showStreams);
poll("store", 30_000, showStore);
poll("settings", 30_000, showSettings);

const rows = liveStream(
  () => `/v1/streams/all?datasets=${DATASETS}&since=${new Date(serverNow() - OVERLAP_MS).toISOString()}`,
  {
    memory(row) {
      const isNew = !(Date.parse(row.timestamp) <= latestMs());
      showMemoryRow(row);
      if (isNew) beat();
    },
    process: addSampleRow,
    memory_1m: showWindowRow,
    process_1m: showWindowRow,
  },
  { onOpen: catchUp },
);
const changes = liveStream(() => "/v1/actors/events?after=0", {
  transition(change) {
    showTransition(change);
    actorsSoon();
  },
});

async function catchUp() {
  for (const load of [loadHistory, showPrograms, loadWindows]) {
    // Who has looked away meanwhile comes back to a stream that is opened anew.
    if (!document.hidden) await load();
  }
}

function allow(scopes) {
  const mayRead = scopes.has("read");
  allowControl(scopes.has("control"));
  allowSettings(scopes.has("control"));
  allowExports(scopes.has("export"));
  allowPolls(mayRead);
  if (!mayRead) {
    rows.close();
    changes.close();
    return;
  }
  rows.open();
  changes.open();
  offerExports().catch(() => {});
}

let begun = false;

async function begin() {
  if (begun) return;
  begun = true;
  await session(allow).catch(() => {
    begun = false;
  });
}

onConnection((state) => {
  if (state === "live") void begin();
});
void begin();
