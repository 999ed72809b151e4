/**
 * The intake: takes what other programs push, checks each row against its dataset's declaration, and writes the good ones to the lane: of a
 * request all of them or none. It answers when they are on the disk, and not before, unless it was asked to.
 *
 *     body-reader → decoder → request-taker (checks, claims) → lane → … → acknowledgements → answer
 *
 * A request that has a key is taken once, however often it is sent: known-requests.ts. What an intake that died had claimed is seen by nobody; what
 * it had published is in the lane, and the next one begins when all of that is recorded.
 */

import type { Dataset } from "../../datasets/define.ts";
import { datasetNamed } from "../../datasets/index.ts";
import { BodyFault } from "../../ingest/decoder.ts";
import type { ActorContext, Behaviour, Message, Reply } from "../../runtime/actor/types.ts";
import { alignUp } from "../../runtime/arena.ts";
import { refuse } from "../refused.ts";
import { kernelsOf } from "../resources.ts";
import { type Answerable, Answers, givenUp } from "./answers.ts";
import { BodyReader } from "./body-reader.ts";
import { catchUp } from "./catch-up.ts";
import { IntakeLetters, type RequestLetters } from "./intake-letters.ts";
import { KnownRequests } from "./known-requests.ts";
import {
  type IntakeMessage,
  MAX_PUSH_ROWS,
  MAX_UNPACKED_BYTES,
  type PushBody,
  type PushRefused,
  type PushRows,
  type ReplayRows,
  type RequestKey,
} from "./protocol.ts";
import { wipedTableBytes } from "./push-table.ts";
import { PushedDataset } from "./pushed-dataset.ts";
import { ReplayedDataset, type ReplayTaken } from "./replay.ts";
import type { Taken } from "./request-taker.ts";
import { letterScratchBytes, readerBytes, replayTableBytes } from "./scratch.ts";

export interface IntakeConfig {
  /** Its keys are what identifiers in dead letters become pseudonyms by. */
  readonly dataFolder: string;
  /** Whether there is an actor that keeps dead letters. */
  readonly deadLetters: boolean;
  /** Datasets that rows may be pushed into. */
  readonly datasets: readonly string[];
  /** By dataset, where there is a quota. */
  readonly rowsPerSecond?: Readonly<Record<string, number>>;
  /** What a body may unpack to; default MAX_UNPACKED_BYTES. */
  readonly unpackedBytes?: number;
}

const NO_LETTERS: RequestLetters = { reject() {}, send() {}, forget() {} };

export default function intake(context: ActorContext<IntakeConfig>): Promise<Behaviour> {
  return intakeOf(
    context,
    context.config.datasets.map((name) => datasetNamed(name) as Dataset),
  );
}

/** The intake of these datasets, whatever its configuration says. */
export async function intakeOf(
  context: ActorContext<IntakeConfig>,
  datasets: readonly Dataset[],
): Promise<Behaviour> {
  const plain = context as ActorContext<never>;
  const { dataFolder, deadLetters, rowsPerSecond = {}, unpackedBytes = MAX_UNPACKED_BYTES } = context.config;
  let at = context.scratch + readerBytes(unpackedBytes);
  const reader = new BodyReader(kernelsOf(plain), context.scratch, unpackedBytes);
  const known = new KnownRequests();
  const letters = deadLetters ? new IntakeLetters(plain, dataFolder, at, datasets) : undefined;
  at += alignUp(letterScratchBytes(datasets), 64);
  const replayAt = at;
  at += replayTableBytes(datasets);
  const pushed = new Map<string, PushedDataset>();
  const replayed = new Map<string, ReplayedDataset>();
  for (const dataset of datasets) {
    const { name } = dataset;
    const options = {
      rowsPerSecond: rowsPerSecond[name] ?? Number.POSITIVE_INFINITY,
      ...{ letters: letters?.of(dataset) ?? NO_LETTERS, tableAt: at, known },
    };
    const into = new PushedDataset(plain, dataset, options);
    pushed.set(name, into);
    replayed.set(name, new ReplayedDataset(plain, { ...into.parts, tableAt: replayAt }));
    at += wipedTableBytes(dataset);
  }
  known.learn(await catchUp(plain, pushed.values()));
  const answers = new Answers(plain, known);

  /** What there is to say before anything of a request is looked at. */
  async function refusal(name: string, request: RequestKey | null): Promise<PushRefused | undefined> {
    const into = pushed.get(name);
    if (into === undefined) {
      const names = [...pushed.keys()].join(", ");
      return refuse("unknown-dataset", `rows cannot be pushed into ${name}; they can into ${names}`);
    }
    if (request === null) return undefined;
    const { key, body } = request;
    if ((known.bodyOf(key) ?? body) !== body) return keyReused();
    return (await answers.makeSure(into.parts.store, key)) ? undefined : givenUp();
  }

  async function takeBody(message: PushBody, reply: Reply): Promise<void> {
    const { dataset, format, request, acknowledge } = message;
    reader.begin(message);
    let taken: Taken | PushRefused;
    try {
      const refused = (await refusal(dataset, request)) ?? pushed.get(dataset)!.overQuota();
      if (refused !== undefined) return reply(refused);
      const { taker } = pushed.get(dataset)!;
      const body = reader.read(message);
      if (body === "too-large") return reply(tooLarge(unpackedBytes));
      taken = taker.take(() => (body instanceof BodyFault ? body : taker.decoder(format, body)), request);
    } finally {
      reader.end();
    }
    answer(dataset, taken, { request, acknowledge }, reply);
  }

  async function takeRows({ dataset, rows }: PushRows, reply: Reply): Promise<void> {
    const refused =
      (await refusal(dataset, null)) ?? tooManyRows(rows.length) ?? pushed.get(dataset)!.overQuota();
    if (refused !== undefined) return reply(refused);
    const { taker } = pushed.get(dataset)!;
    const taken = taker.take(() => taker.objects(rows), null);
    answer(dataset, taken, { request: null, acknowledge: "disk" }, reply);
  }

  /** Dead letters come again when somebody says so, and to no quota's account. */
  async function takeLetters(message: ReplayRows, reply: Reply): Promise<void> {
    const { dataset, request } = message;
    const refused = await refusal(dataset, request);
    if (refused !== undefined) return reply(refused);
    answer(dataset, replayed.get(dataset)!.take(message), { request, acknowledge: "disk" }, reply);
  }

  function answer(
    dataset: string,
    taken: Taken | ReplayTaken | PushRefused,
    how: Pick<Answerable, "request" | "acknowledge">,
    reply: Reply,
  ): void {
    const { store } = pushed.get(dataset)!.parts;
    if (taken.ok) answers.give({ ...taken, ...how, store }, reply);
    else reply(taken);
  }

  return {
    receive(message: Message, reply: Reply) {
      const asked = message as IntakeMessage;
      if (asked.kind === "intake.body") return takeBody(asked, reply);
      if (asked.kind === "intake.push") return takeRows(asked, reply);
      if (asked.kind === "intake.replay") return takeLetters(asked, reply);
      return reply.fail(`the intake knows no message ${String(message.kind)}`);
    },
    stop() {
      answers.end();
      letters?.end();
    },
  };
}

function keyReused(): PushRefused {
  return refuse(
    "key-reused",
    "another body came under this key before: send this one under a key of its own",
  );
}

function tooLarge(unpackedBytes: number): PushRefused {
  return refuse(
    "too-large",
    `a body may unpack to ${unpackedBytes} bytes; this one has more: send it in parts`,
  );
}

function tooManyRows(rows: number): PushRefused | undefined {
  if (rows <= MAX_PUSH_ROWS) return undefined;
  const message = `at most ${MAX_PUSH_ROWS} rows can be pushed at once; came ${rows}: send them in parts`;
  return refuse("too-large", message);
}
