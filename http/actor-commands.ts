/** What an operator asks of one actor over HTTP, and what it is told. */

import { z } from "zod";
import type { CommandRefusal, CommandResult } from "../runtime/supervisor/index.ts";
import type { ActorCommand } from "../runtime/system.ts";
import { askedBy } from "./asked-by.ts";
import type { ControlDeps } from "./control.ts";
import { echo, problem } from "./problem.ts";
import type { RequestContext } from "./route.ts";
import { actorState, actorStateOf } from "./system-view.ts";

/**
 * Time in which a refusal is known; a start or an end itself may take as long as its deadlines. Whoever asked sees in the
 * tree, or in the events, what became of it.
 */
const REFUSAL_MS = 200;
/** What may be different in a moment. */
const PASSING: ReadonlySet<CommandRefusal> = new Set(["restarting", "busy", "interrupted"]);

export const COMMANDED = z
  .object({
    actor: z.string(),
    command: z.string(),
    state: actorState().describe("As it is now."),
    tree: z.string().describe("Where to see what becomes of it."),
  })
  .meta({ id: "ActorCommanded" });

/** 200: it is done. 202: it is under way. */
export async function commandActor(
  c: RequestContext,
  deps: ControlDeps,
  command: ActorCommand,
): Promise<Response> {
  const actor = c.req.param("name") ?? "";
  const names = deps.status().actors.map(({ name }) => name);
  if (!names.includes(actor)) {
    const detail = `expected one of ${names.join(", ")}; came ${echo(actor)}`;
    return problem(c, "unknown-actor", { detail, more: { actors: names } });
  }
  const result = await settledWithin(
    deps,
    deps.command(actor, command, `${command} asked for ${askedBy(c)}`),
    REFUSAL_MS,
  );
  const state = actorStateOf(deps.status(), actor);
  if (result?.ok === false) {
    const { refused, message } = result;
    return problem(c, "command-refused", {
      detail: message,
      more: { reason: refused, actor, state },
      ...(PASSING.has(refused) ? { headers: { "retry-after": "1" } } : {}),
    });
  }
  deps.log.info("{wanted} of {actor}, as was asked for {by}", { wanted: command, actor, by: askedBy(c) });
  return c.json({ actor, command, state, tree: "/v1/actors" }, result === undefined ? 202 : 200);
}

/** The result, or undefined when it is not there in time. A rejection is the caller's: it is a bug. */
async function settledWithin(
  { clock }: ControlDeps,
  result: Promise<CommandResult>,
  ms: number,
): Promise<CommandResult | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    result.then(resolve, reject).finally(() => timer.cancel());
  });
}
