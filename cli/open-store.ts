/**
 * The store that a command is about: a running Millrace, by its address or as the owner of the data folder; else the folder
 * itself, which nobody else may have open meanwhile.
 */

import { readFileSync } from "node:fs";
import { type LocalStoreClient, openLocalStore } from "../api/local.ts";
import { connectStore, type RemoteStoreClient } from "../api/remote.ts";
import { formatProblems } from "../runtime/config.ts";
import { environment } from "../runtime/platform/index.ts";
import { loadSettings, type Settings } from "../settings.ts";
import type { Given } from "./command.ts";
import { CommandEnd, FAILED, refusalEnd, USAGE, usageError } from "./exit-codes.ts";

export type OpenedStore =
  | { readonly kind: "folder"; readonly client: LocalStoreClient; readonly dataFolder: string }
  | { readonly kind: "server"; readonly client: RemoteStoreClient; readonly url: string };

/** The options that say which store, for every command that has one. */
export const STORE_ARGS = {
  data: {
    type: "string",
    valueHint: "folder",
    description: "Folder that Millrace keeps its data in; default: as it is configured, else data",
  },
  url: {
    type: "string",
    valueHint: "address",
    description:
      "Address of a running Millrace, such as http://127.0.0.1:8787; its token is read from MILLRACE_HTTP_TOKEN, the file of a private certificate authority from NODE_EXTRA_CA_CERTS",
  },
} as const;

/** @throws CommandEnd when there is none to be had */
export function openStore(given: Given): OpenedStore {
  const settings = readSettings(given);
  const { token } = settings.http;
  const url = given.text("url");
  if (url !== undefined) {
    if (given.text("data") !== undefined) throw usageError("--url: expected it without --data; came both");
    return connect(url, token);
  }
  const dataFolder = settings.data.dir;
  const quality = { rules: settings.quality, fraction: settings.shadow.fraction };
  const opened = openLocalStore({ dataFolder, quality });
  if (opened.ok) return { kind: "folder", client: opened.client, dataFolder };
  if (opened.reason === "in-use" && opened.url !== undefined) return connect(opened.url, token);
  if (opened.reason === "no-store")
    throw new CommandEnd(USAGE, `${opened.message} (--data), or its address (--url)`);
  throw refusalEnd(opened);
}

/** The running Millrace that a command is about. @throws CommandEnd when there is none */
export async function openServer(given: Given): Promise<RemoteStoreClient> {
  const opened = openStore(given);
  if (opened.kind === "server") return opened.client;
  await opened.client.close();
  const { dataFolder } = opened;
  throw new CommandEnd(
    FAILED,
    `expected a Millrace that runs on ${dataFolder}, and none does; start one with: millrace start --data ${dataFolder}`,
  );
}

/** The settings as `start` would read them, as far as they say where the store is. */
export function readSettings(given: Given): Settings {
  const data = given.text("data");
  const argv = data === undefined ? [] : ["--data", data];
  const loaded = loadSettings(argv, environment(), (path) => readFileSync(path, "utf8"));
  if (!loaded.ok) throw usageError(formatProblems(loaded.problems));
  return loaded.value;
}

function connect(url: string, token: string | undefined): OpenedStore {
  try {
    const client = connectStore({ url, ...(token === undefined ? {} : { token }) });
    return { kind: "server", client, url };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usageError(`--url: expected an address such as http://127.0.0.1:8787; came ${JSON.stringify(url)}`);
  }
}
