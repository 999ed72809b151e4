/**
 * The supervision tree, and what an operator does to one actor.
 *
 *     GET  /v1/actors                      the tree of supervisors and actors
 *     GET  /v1/actors/events               every change of a state, as server-sent events
 *     POST /v1/actors/:name/start          and stop, restart, pause, resume
 */

import { z } from "zod";
import { ACTOR_COMMANDS, type ActorCommand } from "../../runtime/system.ts";
import { COMMANDED, commandActor } from "../actor-commands.ts";
import type { ControlDeps } from "../control.ts";
import { eventStream, type Watcher } from "../event-stream.ts";
import { badParameter, echo, problem } from "../problem.ts";
import type { RequestContext, RouteSpec, Routes } from "../route.ts";
import { SYSTEM_VIEW, systemView } from "../system-view.ts";
import { runTransitionEvents } from "../transition-events.ts";

export const MAX_WATCHERS = 64;

const TREE: RouteSpec = {
  method: "get",
  path: "/v1/actors",
  tag: "actors",
  summary: "The tree of supervisors and actors",
  scope: "read",
  answers: { 200: { meaning: "The tree.", content: { "application/json": { schema: SYSTEM_VIEW } } } },
};

const EVENTS: RouteSpec = {
  method: "get",
  path: "/v1/actors/events",
  tag: "actors",
  summary: "Every change of an actor's state, as it happens",
  description:
    "Server-sent events `transition`, with their number as the id and a `Transition` as the data. The latest 256 are kept: " +
    "`Last-Event-ID`, or `after`, goes on behind a number. What is no longer kept is told by an event `gap` with " +
    '`{"after": n, "missed": m}`; `missed` is null when the number is of an earlier process, whose numbers begin at 1 ' +
    "again. Without either, the events begin with the next transition. A comment every 15 s says that the stream lives.",
  scope: "read",
  query: z.object({
    after: z
      .string()
      .describe("Number of the last transition that is known; 0 for all that are kept.")
      .optional(),
  }),
  headers: z.object({
    "Last-Event-ID": z.string().optional().describe("As `after`; a browser sends it by itself."),
  }),
  answers: {
    200: {
      meaning: "Events without an end.",
      content: { "text/event-stream": { schema: "Events `transition` and `gap`." } },
    },
  },
  problems: ["bad-parameter", "too-many"],
};

const MEANING: Readonly<Record<ActorCommand, readonly [summary: string, description: string]>> = {
  start: ["Starts an actor that is stopped", "One that runs is refused: `already-running`."],
  stop: [
    "Stops an actor until it is started again",
    "It does first what its lanes hold at this moment. What comes later waits in them until it is started again; what finds " +
      "a lane full is dropped and counted (`lane-full`). An end of the program in order stores what waits to be stored.",
  ],
  restart: ["Starts an actor again", "One that is stopped is started."],
  pause: [
    "Has an actor do nothing by itself",
    "Its data waits in its lanes; what finds one full is dropped and counted (`lane-full`). It answers messages as before. " +
      "An actor that is started again is not paused. Refused for one that does nothing by itself: `cannot-pause`.",
  ],
  resume: ["Has a paused actor go on", "One that is not paused is refused: `not-paused`."],
};

export function actorRoutes(routes: Routes, deps: ControlDeps): void {
  let watching = 0;

  routes.add(TREE, (c) => c.json(systemView(deps.status())));

  routes.add(EVENTS, (c) => {
    const after = positionOf(c, deps);
    if (after === undefined) {
      const came = echo(c.req.query("after") ?? c.req.header("last-event-id") ?? "");
      return badParameter(c, { parameter: "after", expected: "the number of a transition", came });
    }
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    if (watching >= MAX_WATCHERS) {
      const detail = `${watching} clients watch the actors, which is the most; ask /v1/actors instead`;
      return problem(c, "too-many", { detail, headers: { "retry-after": "5" } });
    }
    watching++;
    const run = (watcher: Watcher) => runTransitionEvents(deps, watcher, after);
    return eventStream(c, deps.clock, run, () => watching--);
  });

  for (const command of ACTOR_COMMANDS) routes.add(specOf(command), (c) => commandActor(c, deps, command));
}

function specOf(command: ActorCommand): RouteSpec {
  const [summary, description] = MEANING[command];
  const content = { "application/json": { schema: COMMANDED } };
  return {
    method: "post",
    path: `/v1/actors/:name/${command}`,
    tag: "actors",
    summary,
    description,
    scope: "control",
    params: z.object({ name: z.string().meta({ description: "An actor's name.", examples: ["keeper"] }) }),
    answers: { 200: { meaning: "It is done.", content }, 202: { meaning: "It is under way.", content } },
    problems: ["unknown-actor", "command-refused"],
  };
}

/** The number that a watcher has; undefined when it is none. What a browser sends by itself counts before the address. */
function positionOf(c: RequestContext, { transitions }: ControlDeps): number | undefined {
  const given = c.req.header("last-event-id") ?? c.req.query("after");
  if (given === undefined) return transitions.latest;
  return /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}
