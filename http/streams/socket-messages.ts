/**
 * What a client says over a WebSocket, and what it is told, all of it JSON but the rows in binary formats.
 *
 *     → {"op":"subscribe","ref":"x","datasets":["memory"],"format":"jsonl","where":"used_percent > 50","since":"-15m"}
 *     ← {"op":"subscribed","ref":"x","subscriptions":{"memory":7},"positions":{"memory":1234}}
 *     ← {"op":"rows","subscription":7,"dataset":"memory","first":1234,"next":1235,"rows":1}⏎ and behind it the records
 *     → {"op":"filter","ref":"x","where":null}           ← {"op":"filtered","ref":"x","subscriptions":{…},"positions":{…}}
 *     → {"op":"unsubscribe","ref":"x"}                   ← {"op":"unsubscribed","ref":"x"}
 *     → {"op":"ping"}                                    ← {"op":"pong"}
 *     ← {"op":"notice","ref":"x","notice":"dropped",…}   ← {"op":"ended","ref":"x","reason":"full"}
 *     ← {"op":"refused","ref":"x","reason":"bad-filter","message":"…"}   ← {"op":"beat"} when there is nothing to say
 */

import { z } from "zod";
import type { Positions } from "../../actors/broadcaster/positions.ts";
import type { EndReason, SubscribeRefusal } from "../../actors/feed/subscription.ts";
import type { Notice } from "../../datasets/records/format.ts";
import { came } from "../fault.ts";
import { fieldFault } from "../json-body.ts";

const MAX_REF_CHARACTERS = 64;
const ref = z
  .string("a name of the client's own")
  .min(1, "at least one character")
  .max(MAX_REF_CHARACTERS, `at most ${MAX_REF_CHARACTERS} characters`);
const columns = z.array(z.string("the name of a column"), "a list of columns").nullable().optional();
const where = z.string("a filter as text").nullable().optional();

const MESSAGES = {
  subscribe: z.strictObject({
    op: z.literal("subscribe"),
    ref,
    datasets: z.array(z.string("the name of a dataset"), "a list of datasets"),
    format: z.string("the name of a format").optional(),
    columns,
    where,
    since: z.union([z.string(), z.number()], "a time").optional(),
    positions: z
      .record(
        z.string(),
        z.int("the number of a row").min(0, "the number of a row"),
        "numbers of rows by dataset",
      )
      .optional(),
    whenFull: z.string("a rule").optional(),
  }),
  unsubscribe: z.strictObject({ op: z.literal("unsubscribe"), ref }),
  filter: z.strictObject({ op: z.literal("filter"), ref, columns, where }),
  ping: z.strictObject({ op: z.literal("ping") }),
} as const;

type Op = keyof typeof MESSAGES;
export type SubscribeMessage = z.output<(typeof MESSAGES)["subscribe"]>;
export type FilterMessage = z.output<(typeof MESSAGES)["filter"]>;
export type ClientMessage =
  | SubscribeMessage
  | FilterMessage
  | z.output<(typeof MESSAGES)["unsubscribe"]>
  | z.output<(typeof MESSAGES)["ping"]>;

export type SocketRefusal =
  | SubscribeRefusal
  /** It cannot be read, or says what nobody here understands. */
  | "bad-message"
  /** What it says cannot be used. */
  | "bad-parameter"
  | "unknown-ref"
  | "ref-taken"
  /** What was asked of this subscription before is not done. */
  | "busy"
  /** This socket has its one subscription. */
  | "one-subscription";

export type ServerMessage =
  | {
      readonly op: "subscribed" | "filtered";
      readonly ref: string;
      readonly subscriptions: Readonly<Record<string, number>>;
      readonly positions: Positions;
    }
  | { readonly op: "unsubscribed"; readonly ref: string }
  | { readonly op: "pong" }
  | { readonly op: "beat" }
  | ({ readonly op: "notice"; readonly ref: string } & Notice)
  | { readonly op: "ended"; readonly ref: string; readonly reason: EndReason }
  | RefusedMessage;

export interface RefusedMessage {
  readonly op: "refused";
  /** Null: what came has none that could be read. */
  readonly ref: string | null;
  readonly reason: SocketRefusal;
  readonly message: string;
}

export type MessageRead = { readonly ok: true; readonly message: ClientMessage } | RefusedMessage;

export function refused(ref: string | null, reason: SocketRefusal, message: string): RefusedMessage {
  return { op: "refused", ref, reason, message };
}

/** Reads what came. */
export function readMessage(data: string | Uint8Array): MessageRead {
  if (typeof data !== "string") return refused(null, "bad-message", "expected text; came bytes");
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return refused(null, "bad-message", "expected JSON; came something else");
  }
  const { op, ref } = (value ?? {}) as { readonly op?: unknown; readonly ref?: unknown };
  const ownRef = typeof ref === "string" && ref.length <= MAX_REF_CHARACTERS ? ref : null;
  if (!isOp(op)) {
    return refused(
      ownRef,
      "bad-message",
      `op: expected one of ${Object.keys(MESSAGES).join(", ")}; came ${came(op)}`,
    );
  }
  const schema: z.ZodObject = MESSAGES[op];
  const read = schema.safeParse(value);
  if (read.success) return { ok: true, message: read.data as ClientMessage };
  const { parameter, expected, came: what } = fieldFault(read.error, value, Object.keys(schema.shape));
  return refused(ownRef, "bad-message", `${parameter}: expected ${expected}; came ${what}`);
}

function isOp(op: unknown): op is Op {
  return typeof op === "string" && Object.hasOwn(MESSAGES, op);
}
