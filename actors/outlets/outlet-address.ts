/**
 * An outlet as one word, as the setting `streams.outlets` and messages to people have it:
 *
 *     tcp://127.0.0.1:9999/memory,process?format=jsonl&where=used_percent%20%3E%2050
 *     zeromq://127.0.0.1:5556/all?format=msgpack
 *     pipe:///run/millrace.fifo?datasets=memory&format=jsonl
 *
 * The path (of a pipe: `datasets`) names datasets, or `all` of them, which is also what none means. Options: `format` (default
 * jsonl), `columns`, `where`, `whenFull`; they are encoded as in any URL, so that an address holds no space.
 */

import type { Dataset } from "../../datasets/define.ts";
import { STREAM_FORMATS } from "../../datasets/records/format.ts";
import { nearestName } from "../../runtime/config/nearest.ts";
import { usualWhenFull } from "../feed/check-wish.ts";
import { WHEN_FULL } from "../feed/subscription.ts";
import { framingOf, type OutletPlace, type OutletSpec } from "./protocol.ts";

/** Every dataset there is. */
export const ALL_DATASETS = "all";

const TRANSPORTS = ["tcp", "zeromq", "pipe"] as const;
const EXAMPLE = "tcp://127.0.0.1:9999/memory?format=jsonl";
const OPTIONS = ["format", "columns", "where", "whenFull"] as const;

export type AddressRead =
  | { readonly ok: true; readonly spec: OutletSpec }
  /** What was expected, and what came. */
  | { readonly ok: false; readonly expected: string; readonly came: string };

/** Reads one address; whether its datasets, columns and filter go together is check-outlet.ts' to say. */
export function readOutletAddress(text: string, datasets: readonly Dataset[]): AddressRead {
  const [, transport = "", rest = ""] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? [];
  // As http it is taken apart the same way on every runtime, which schemes that nobody knows are not.
  const asHttp = transport === "pipe" && rest.startsWith("/") ? `http://pipe${rest}` : `http://${rest}`;
  if (!isOneOf(transport, TRANSPORTS) || !URL.canParse(asHttp)) {
    return fault(`an address such as ${EXAMPLE}, which begins with tcp://, zeromq:// or pipe:///`, text);
  }
  const url = new URL(asHttp);
  const path = decoded(url.pathname);
  if (path === undefined || url.hash !== "" || url.username !== "" || url.password !== "") {
    return fault(`an address such as ${EXAMPLE}`, text);
  }
  const known = transport === "pipe" ? [...OPTIONS, "datasets"] : OPTIONS;
  for (const name of url.searchParams.keys()) {
    if (known.includes(name as (typeof OPTIONS)[number])) continue;
    const near = nearestName(name, known);
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    return fault(`only the options ${known.join(", ")}`, name, hint);
  }
  const option = (name: string) => url.searchParams.get(name) ?? undefined;
  const format = option("format") ?? "jsonl";
  if (!isOneOf(format, STREAM_FORMATS)) return fault(`a format, one of ${STREAM_FORMATS.join(", ")}`, format);
  let place: OutletPlace;
  if (transport === "pipe") {
    if (path === "/" || !rest.startsWith("/"))
      return fault("the absolute path of a pipe, such as pipe:///run/millrace.fifo", text);
    place = { transport, path };
  } else {
    const port = portOf(rest);
    if (port === undefined) return fault(`a host and a port from 0 to 65535, as in ${EXAMPLE}`, text);
    place = { transport, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
  }
  const whenFull = option("whenFull") ?? usualWhenFull({ format, framing: framingOf(place.transport) });
  if (!isOneOf(whenFull, WHEN_FULL)) return fault(`whenFull to be one of ${WHEN_FULL.join(", ")}`, whenFull);
  const named = (transport === "pipe" ? option("datasets") : path.slice(1)) ?? "";
  const names = named === "" || named === ALL_DATASETS ? datasets.map(({ name }) => name) : named.split(",");
  const spec = {
    ...place,
    datasets: names,
    format,
    columns: option("columns")?.split(",") ?? null,
    where: option("where") ?? null,
    whenFull,
  };
  return { ok: true, spec };
}

const SHOWN_CHARACTERS = 120;

function fault(expected: string, came: string, hint = ""): AddressRead & { readonly ok: false } {
  const shown = came.length > SHOWN_CHARACTERS ? `${came.slice(0, SHOWN_CHARACTERS)}…` : came;
  return { ok: false, expected, came: `${JSON.stringify(shown)}${hint}` };
}

/** From the text, as a URL leaves out the port that is usual for http. */
function portOf(rest: string): number | undefined {
  const digits = /^[^/?#]*:(\d{1,5})(?:[/?#]|$)/.exec(rest)?.[1];
  return digits === undefined || Number(digits) > 65_535 ? undefined : Number(digits);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isOneOf<T extends string>(text: string, known: readonly T[]): text is T {
  return known.some((one) => one === text);
}
