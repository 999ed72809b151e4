/** Which dead letters are meant: in an address's parameters, or in a JSON body. */

import { z } from "zod";
import { type LetterChoice, MAX_IDS, MAX_LISTED } from "../actors/dead-letters/protocol.ts";
import { REJECTION_REASONS, type RejectionReason } from "../datasets/rejection.ts";
import { came, type Fault, fault } from "./fault.ts";
import { fieldFault } from "./json-body.ts";

const DEFAULT_LIMIT = 100;
const REASONS = `one of ${REJECTION_REASONS.join(", ")}`;
const IDS = `whole numbers from 1 on, at most ${MAX_IDS}`;
const LIMIT = `a whole number from 0 to ${MAX_LISTED}`;
const BEFORE = "a whole number from 1 on";
const ID = /^[1-9]\d{0,14}$/;

const SAID = {
  dataset: { description: "Only those of this dataset. Default: all.", examples: ["optimization"] },
  reason: { description: "Only those that were refused for this. Default: all." },
} as const;

const idsParameter = z
  .string()
  .optional()
  .meta({ description: "Only these, by id, with commas between them. Default: all.", examples: ["1,2"] });

/** In an address: which are removed. */
export const CHOICE_QUERY = z.object({
  dataset: z.string().optional().meta(SAID.dataset),
  reason: z.enum(REJECTION_REASONS).optional().meta(SAID.reason),
  ids: idsParameter,
});

/** In an address: which are listed. */
export const LIST_QUERY = CHOICE_QUERY.extend({
  limit: z
    .int()
    .min(0)
    .max(MAX_LISTED)
    .optional()
    .meta({
      description: `Letters at the most, to ${MAX_LISTED}; 0: only how many there are. Default: ${DEFAULT_LIMIT}.`,
      examples: [10],
    }),
  before: z
    .int()
    .min(1)
    .optional()
    .meta({
      description: "Only those of a lower id: the `next` of the page before. Default: all.",
      examples: [1000],
    }),
});

/** In a body: which are pushed again. */
export const CHOICE = z
  .strictObject({
    dataset: z.string("the name of a dataset").optional().meta(SAID.dataset),
    reason: z.enum(REJECTION_REASONS, REASONS).optional().meta(SAID.reason),
    ids: z
      .array(z.int(IDS).min(1, IDS), IDS)
      .max(MAX_IDS, IDS)
      .optional()
      .meta({ description: "Only these. Default: all.", examples: [[1, 2]] }),
  })
  .meta({ id: "LetterChoice", examples: [{ dataset: "optimization", reason: "bound" }] });

export type ChoiceRead = { readonly ok: true; readonly choice: LetterChoice } | Fault;

export type ListRead =
  | { readonly ok: true; readonly choice: LetterChoice; readonly limit: number; readonly beforeId?: number }
  | Fault;

export function choiceFromQuery(query: URLSearchParams): ChoiceRead {
  const reason = query.get("reason");
  const ids = query.get("ids");
  const listed = ids?.split(",").map((id) => id.trim()) ?? [];
  if (reason !== null && !isReason(reason)) return fault("reason", REASONS, came(reason));
  if (listed.length > MAX_IDS || listed.some((id) => !ID.test(id))) return fault("ids", IDS, came(ids));
  return choiceOf({
    dataset: query.get("dataset") ?? undefined,
    reason: reason ?? undefined,
    ids: ids === null ? undefined : listed.map(Number),
  });
}

export function listFromQuery(query: URLSearchParams): ListRead {
  const read = choiceFromQuery(query);
  if (!read.ok) return read;
  const limit = query.get("limit") ?? String(DEFAULT_LIMIT);
  if (!/^\d{1,6}$/.test(limit) || Number(limit) > MAX_LISTED) return fault("limit", LIMIT, came(limit));
  const before = query.get("before");
  if (before !== null && !ID.test(before)) return fault("before", BEFORE, came(before));
  return { ...read, limit: Number(limit), ...(before === null ? {} : { beforeId: Number(before) }) };
}

export function choiceFromJson(body: unknown): ChoiceRead {
  const read = CHOICE.safeParse(body);
  return read.success ? choiceOf(read.data) : fieldFault(read.error, body, Object.keys(CHOICE.shape));
}

function choiceOf(given: {
  readonly dataset?: string | undefined;
  readonly reason?: RejectionReason | undefined;
  readonly ids?: readonly number[] | undefined;
}): ChoiceRead {
  const { dataset, reason, ids } = given;
  return {
    ok: true,
    choice: {
      ...(dataset === undefined ? {} : { dataset }),
      ...(reason === undefined ? {} : { reason }),
      ...(ids === undefined ? {} : { ids }),
    },
  };
}

function isReason(text: string): text is RejectionReason {
  return (REJECTION_REASONS as readonly string[]).includes(text);
}
