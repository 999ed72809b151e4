/**
 * A run of the fuzz against one server: some lanes send requests at the same time, each over connections of its own; beside them
 * clients that send so slowly that they never get to the end. Now and then everything that was stopped is started again.
 */

import { readFileSync } from "node:fs";
import { Connection, type Outcome } from "./connection.ts";
import { fault } from "./judge.ts";
import { type Document, type FuzzRequest, requestMaker } from "./requests.ts";

export interface FuzzOptions {
  /** Address of the server: http://127.0.0.1:8787 */
  readonly url: string;
  /** Of the server, whose memory is looked at. */
  readonly pid: number;
  readonly seed: number;
  /** Numbers of the requests that are sent. */
  readonly indices: readonly number[];
  readonly lanes: number;
  /** Ends the run when it says so: there is no use in going on. */
  readonly isGone: () => boolean;
}

export interface FuzzReport {
  readonly sent: number;
  /** What is wrong, with the number of the request that showed it; at most MAX_FAULTS. */
  readonly faults: readonly { readonly index: number; readonly text: string }[];
  /** How often each status came. */
  readonly statuses: Readonly<Record<string, number>>;
  /** MiB of the server's memory after each part of the run. */
  readonly memoryMb: readonly number[];
  /** Requests that took longest, ms. */
  readonly slowest: readonly { readonly ms: number; readonly text: string }[];
}

interface ActorTree {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly children?: readonly ActorTree[];
}

const MAX_FAULTS = 20;
const PATIENCE_MS = 60_000;
/** What is no sound request may be left without an answer: it is not waited for long. */
const SHORT_PATIENCE_MS = 50;
/** For the head of an answer that has no end. */
const HEAD_PATIENCE_MS = 1_000;
const MEMORY_SAMPLES = 40;
const MEND_EVERY = 500;
const DRIP_CLIENTS = 32;
const DRIP_MS = 700;
const PAGE_BYTES = 4096;
const MEBIBYTE = 2 ** 20;
const SLOWEST = 5;

export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { url, pid, seed, indices, lanes, isGone } = options;
  const { host, hostname, port } = new URL(url);
  const response = await fetch(`${url}/openapi.json`);
  const make = requestMaker((await response.json()) as Document, seed, host);
  const faults: { index: number; text: string }[] = [];
  const statuses: Record<string, number> = {};
  const memoryMb: number[] = [];
  const slowest: { ms: number; text: string }[] = [];
  const sampleEvery = Math.max(1, Math.floor(indices.length / MEMORY_SAMPLES));
  let next = 0;
  let sent = 0;

  const drips = startDrips(hostname, Number(port), host);
  await Promise.all(Array.from({ length: lanes }, runLane));
  drips.stop();
  return { sent, faults, statuses, memoryMb, slowest };

  async function runLane(): Promise<void> {
    let connection: Connection | undefined;
    while (next < indices.length && faults.length < MAX_FAULTS && !isGone()) {
      const index = indices[next++]!;
      const request = make(index);
      const startedMs = performance.now();
      connection = await runOne(request, connection);
      note(request, performance.now() - startedMs);
      sent++;
      if (sent % sampleEvery === 0) memoryMb.push(residentMb(pid));
      if (sent % MEND_EVERY === 0) await mend(url);
    }
    connection?.close();
  }

  /** @returns the connection, when the next request can go over it */
  async function runOne(request: FuzzRequest, kept: Connection | undefined): Promise<Connection | undefined> {
    const { index, answers, ending, pieces, pauseMs, isHead, isOpenEnded } = request;
    // What breaks a frame would break the next request's too.
    const fresh = answers === 0 || kept?.isUsable !== true;
    if (fresh) kept?.close();
    let connection: Connection;
    try {
      connection = fresh ? await Connection.open(hostname, Number(port)) : (kept as Connection);
    } catch (error) {
      faults.push({ index, text: `no connection was taken: ${String(error)}` });
      return undefined;
    }
    if (ending === "abandon") {
      connection.abandon(pieces);
      return undefined;
    }
    const outcome = await exchange(connection, request);
    for (const { status } of outcome.answers) statuses[status] = (statuses[status] ?? 0) + 1;
    // The server may end an idle connection just when the next request goes out: it goes out again.
    if (!fresh && outcome.kind === "closed" && outcome.answers.length === 0)
      return runOne(request, undefined);
    const wrong = fault(request, outcome);
    if (wrong !== undefined) faults.push({ index, text: `${describeRequest(request)}: ${wrong}` });
    const last = outcome.answers.at(-1);
    const isOver =
      outcome.kind !== "answers" || last?.isWhole !== true || last.headers.get("connection") === "close";
    if (ending === "keep" && !isOver) return connection;
    connection.close();
    return undefined;

    async function exchange(over: Connection, { mayBreak }: FuzzRequest): Promise<Outcome> {
      try {
        return await over.exchange({
          pieces,
          pauseMs,
          wanted: Math.max(1, answers),
          isHead,
          isOpenEnded,
          patienceMs:
            answers === 0 && mayBreak ? SHORT_PATIENCE_MS : isOpenEnded ? HEAD_PATIENCE_MS : PATIENCE_MS,
        });
      } catch (error) {
        faults.push({ index, text: `${describeRequest(request)}: ${String(error)}` });
        return { kind: "closed", answers: [], isBegun: false, error: null };
      }
    }
  }

  function note(request: FuzzRequest, ms: number): void {
    if (slowest.length === SLOWEST && ms <= slowest.at(-1)!.ms) return;
    slowest.push({ ms, text: describeRequest(request) });
    slowest.sort((a, b) => b.ms - a.ms);
    slowest.length = Math.min(slowest.length, SLOWEST);
  }
}

/** A request for people: what it was, what was done to it, how it begins. */
export function describeRequest({ index, target, trick, pieces }: FuzzRequest): string {
  const [first = new Uint8Array(0)] = pieces;
  const line = new TextDecoder("latin1").decode(first.subarray(0, 160)).split("\r\n")[0] ?? "";
  return `request ${index} (${target.method} ${target.path}; ${trick}): ${JSON.stringify(line)}`;
}

/** MiB that a process has in memory. */
export function residentMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return (pages * PAGE_BYTES) / MEBIBYTE;
}

/** Starts and resumes every actor that was stopped or paused, and closes all outlets. */
export async function mend(url: string): Promise<void> {
  const actors = await fetch(`${url}/v1/actors`);
  if (!actors.ok) return void (await actors.body?.cancel());
  const { tree } = (await actors.json()) as { readonly tree: ActorTree };
  for (const { name, state } of leavesOf(tree)) {
    const command =
      state === "paused" ? "resume" : ["stopped", "escalated"].includes(state) ? "start" : undefined;
    if (command !== undefined) await post(`${url}/v1/actors/${name}/${command}`, "POST");
  }
  const outlets = await fetch(`${url}/v1/outlets`);
  if (!outlets.ok) return void (await outlets.body?.cancel());
  const open = (await outlets.json()) as { readonly outlets: readonly { readonly id: string }[] };
  for (const { id } of open.outlets) await post(`${url}/v1/outlets/${id}`, "DELETE");
}

async function post(url: string, method: string): Promise<void> {
  const response = await fetch(url, { method });
  await response.body?.cancel();
}

function leavesOf(tree: ActorTree): readonly ActorTree[] {
  return tree.children === undefined ? [tree] : tree.children.flatMap(leavesOf);
}

/** Clients that say a byte now and then, and never come to an end. */
function startDrips(hostname: string, port: number, host: string): { stop(): void } {
  const text = `POST /v1/query HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
  const bytes = new TextEncoder().encode(text);
  const open: (Connection | undefined)[] = Array.from({ length: DRIP_CLIENTS });
  let at = 0;
  const timer = setInterval(() => {
    const byte = bytes.subarray(at % bytes.byteLength, (at % bytes.byteLength) + 1);
    at++;
    open.forEach((connection, index) => {
      if (connection?.isUsable === true) connection.drip(byte);
      else {
        Connection.open(hostname, port).then(
          (opened) => {
            open[index] = opened;
            // Each is somewhere else in its request.
            opened.drip(bytes.subarray(0, (index * 5) % bytes.byteLength));
          },
          () => {},
        );
      }
    });
  }, DRIP_MS);
  return {
    stop() {
      clearInterval(timer);
      for (const connection of open) connection?.close();
    },
  };
}
