/**
 * Dead letters: rows that were pushed and refused.
 *
 *     GET    /v1/dead-letters          the latest, and how many there are by dataset and reason
 *     POST   /v1/dead-letters/replay   pushes them again, as their declaration is now
 *     DELETE /v1/dead-letters          removes them
 */

import { z } from "zod";
import {
  DEAD_LETTERS,
  type DeadLettersMessage,
  type DeadLettersReplies,
  type LetterChoice,
} from "../../actors/dead-letters/protocol.ts";
import type { AskResult } from "../../runtime/actor/types.ts";
import { askPatiently } from "../ask.ts";
import type { ControlDeps } from "../control.ts";
import { readJsonBody } from "../json-body.ts";
import {
  CHOICE,
  CHOICE_QUERY,
  choiceFromJson,
  choiceFromQuery,
  LIST_QUERY,
  listFromQuery,
} from "../letters-input.ts";
import { LETTERS_VIEW, lettersView } from "../letters-view.ts";
import { badParameter, unanswered } from "../problem.ts";
import { refusal } from "../refusal.ts";
import type { RequestContext, RouteSpec, Routes } from "../route.ts";
import { count } from "../schemas.ts";
import { unknownDataset } from "../unknown-dataset.ts";

const TAG = "ingest";
const MAX_BODY_BYTES = 256 * 1024;
/** Pushing many again takes its time. */
const REPLAY_MS = 600_000;
const PROBLEMS = ["bad-parameter", "unknown-dataset", "disk", "actor-unavailable", "actor-failed"] as const;

const LIST: RouteSpec = {
  method: "get",
  path: "/v1/dead-letters",
  tag: TAG,
  summary: "Rows that were refused",
  description:
    "A refused row is kept so that it can be looked at, and pushed again when its dataset's declaration has been mended. No raw " +
    "identifier is kept: those of a row are pseudonyms already, and of a row that may hold what nobody declared only the reason is kept.",
  scope: "read",
  query: LIST_QUERY,
  answers: {
    200: { meaning: "The latest first.", content: { "application/json": { schema: LETTERS_VIEW } } },
  },
  problems: PROBLEMS,
};
const REPLAY: RouteSpec = {
  method: "post",
  path: "/v1/dead-letters/replay",
  tag: TAG,
  summary: "Pushes refused rows again",
  description:
    "Rows that are good as their dataset is declared now are stored, and their letters go; the others stay, with the reason of now. " +
    "Answers when all of it is on the disk. When it is refused on the way, the problem says how many were taken before.",
  scope: "control",
  body: { schema: CHOICE, maxBytes: MAX_BODY_BYTES },
  answers: {
    200: {
      meaning: "What became of them.",
      content: {
        "application/json": {
          schema: z
            .object({
              accepted: count().describe("Stored, and no letters any more."),
              rejected: count().describe("Refused again."),
              notReplayable: count().describe("Of which only the reason was kept."),
            })
            .meta({ id: "LettersReplayed" }),
        },
      },
    },
  },
  problems: ["bad-body", ...PROBLEMS, "too-many", "lane-full", "quota", "rows-given-up"],
};
const DROP: RouteSpec = {
  method: "delete",
  path: "/v1/dead-letters",
  tag: TAG,
  summary: "Removes refused rows",
  description: "Those that are chosen; without a parameter all of them.",
  scope: "control",
  query: CHOICE_QUERY,
  answers: {
    200: {
      meaning: "So many are gone.",
      content: {
        "application/json": { schema: z.object({ dropped: count() }).meta({ id: "LettersDropped" }) },
      },
    },
  },
  problems: [...PROBLEMS, "too-many"],
};

export function deadLetterRoutes(routes: Routes, deps: ControlDeps): void {
  const params = (c: RequestContext) => new URL(c.req.url).searchParams;
  const isUnknown = ({ dataset }: LetterChoice) =>
    dataset !== undefined && !deps.datasets.some(({ name }) => name === dataset);

  routes.add(LIST, async (c) => {
    const read = listFromQuery(params(c));
    if (!read.ok) return badParameter(c, read);
    const { choice, limit, beforeId } = read;
    if (isUnknown(choice)) return unknownDataset(c, deps, choice.dataset ?? "");
    const page = beforeId === undefined ? { limit } : { limit, beforeId };
    const answer = await askLetters(deps, { kind: "letters.list", ...choice, ...page });
    if (!answer.ok) return unanswered(c, answer);
    return answer.value.ok ? c.json(lettersView(answer.value, limit)) : refusal(c, answer.value);
  });

  routes.add(REPLAY, async (c) => {
    const body = await readJsonBody(c);
    if (!body.ok) return body.response;
    const read = choiceFromJson(body.value);
    if (!read.ok) return badParameter(c, read);
    if (isUnknown(read.choice)) return unknownDataset(c, deps, read.choice.dataset ?? "");
    const answer = await askLetters(deps, { kind: "letters.replay", ...read.choice }, REPLAY_MS);
    if (!answer.ok) return unanswered(c, answer);
    const { accepted, rejected } = answer.value;
    if (!answer.value.ok) return refusal(c, answer.value, { accepted, rejected });
    return c.json({ accepted, rejected, notReplayable: answer.value.notReplayable });
  });

  routes.add(DROP, async (c) => {
    const read = choiceFromQuery(params(c));
    if (!read.ok) return badParameter(c, read);
    if (isUnknown(read.choice)) return unknownDataset(c, deps, read.choice.dataset ?? "");
    const answer = await askLetters(deps, { kind: "letters.drop", ...read.choice });
    if (!answer.ok) return unanswered(c, answer);
    return answer.value.ok ? c.json({ dropped: answer.value.dropped }) : refusal(c, answer.value);
  });
}

function askLetters<M extends DeadLettersMessage & { readonly kind: keyof DeadLettersReplies }>(
  deps: ControlDeps,
  message: M,
  deadlineMs?: number,
): Promise<AskResult<DeadLettersReplies[M["kind"]]>> {
  return askPatiently(deps, DEAD_LETTERS, message, deadlineMs);
}
