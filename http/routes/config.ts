/** GET /v1/config: the settings as they are. PATCH /v1/config: changes some, all or none of them. */

import { z } from "zod";
import { askedBy } from "../asked-by.ts";
import type { ConfigChanged, ControlDeps } from "../control.ts";
import { fieldFault, readJsonBody } from "../json-body.ts";
import { badParameter, problem } from "../problem.ts";
import type { RequestContext, RouteSpec, Routes } from "../route.ts";

const MAX_BYTES = 2 ** 16;
const VALUE = z.union([z.string(), z.number(), z.boolean()]);

const SETTING = z
  .object({
    name: z.string().describe("Dotted: `sampler.memoryIntervalMs`."),
    type: z.string(),
    meaning: z.string(),
    expected: z.string(),
    value: VALUE.nullable().describe("As people write it: `10s`, `64MiB`. Null: not given, or a secret."),
    default: VALUE.nullable(),
    source: z.string().describe("Where the value comes from."),
    secret: z.boolean(),
    change: z
      .enum(["live", "restarts", "fixed"])
      .describe(
        "`live`: a change takes effect at once. `restarts`: actors are started again with it. `fixed`: it counts when the process starts.",
      ),
    actors: z.array(z.string()).describe("Actors that it is for."),
    writable: z.boolean().describe("False: it guards the access, and is set by hand."),
  })
  .meta({ id: "Setting" });

const SET = "an object of values by the settings' dotted names; null for the default";
const VALUE_SAID = "a text, a number, a truth value or null";
const PERSIST = "true or false";
const CHANGE = z.strictObject({
  set: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()], VALUE_SAID), SET).meta({
    description: "Values by dotted name, as people write them or as JSON; null for the default.",
    examples: [{ "log.level": "info" }],
  }),
  persist: z
    .boolean(PERSIST)
    .optional()
    .describe("Also writes them to the settings' file, where a `fixed` one waits for the next start."),
});

const CHANGED = z
  .object({
    changed: z.array(
      z.object({
        name: z.string(),
        effect: z
          .enum(["live", "restarted", "when-started", "next-start", "unchanged"])
          .describe("`when-started`: an actor that it is for is down, and takes it when it starts."),
        overriddenBy: z
          .string()
          .nullable()
          .describe("What counts before the settings' file at the next start, if it gives this setting."),
      }),
    ),
    file: z.string().nullable().describe("The file that was written; null: none was."),
  })
  .meta({ id: "ConfigChanged" });

const READ: RouteSpec = {
  method: "get",
  path: "/v1/config",
  tag: "config",
  summary: "Every setting as it is",
  scope: "read",
  answers: {
    200: {
      meaning: "In the order of their declaration.",
      content: {
        "application/json": { schema: z.object({ settings: z.array(SETTING) }).meta({ id: "Config" }) },
      },
    },
  },
};

const PATCH: RouteSpec = {
  method: "patch",
  path: "/v1/config",
  tag: "config",
  summary: "Changes settings while the program runs",
  description:
    "All of them or none: one that cannot be used, or an actor that does not take its own, and nothing is changed. " +
    "They are judged by the rules of a start. `bad-setting` lists what is wrong in `problems`.",
  scope: "control",
  body: { schema: CHANGE, maxBytes: MAX_BYTES },
  answers: {
    200: { meaning: "What was changed, and how.", content: { "application/json": { schema: CHANGED } } },
  },
  problems: ["bad-body", "bad-parameter", "bad-setting", "setting-fixed", "change-refused"],
};

export function configRoutes(routes: Routes, deps: ControlDeps): void {
  routes.add(READ, (c) => c.json({ settings: deps.config.settings() }));

  routes.add(PATCH, async (c) => {
    const body = await readJsonBody(c, deps.clock);
    if (!body.ok) return body.response;
    const wish = CHANGE.safeParse(body.value);
    if (!wish.success) {
      return badParameter(c, fieldFault(wish.error, body.value, Object.keys(CHANGE.shape)));
    }
    const { set, persist = false } = wish.data;
    const changed = await deps.config.change({ set, persist });
    if (!changed.ok) return refused(c, changed);
    deps.log.info("settings were changed, as was asked for {asked}", { asked: askedBy(c) });
    return c.json({ changed: changed.changed, file: changed.file });
  });
}

function refused(c: RequestContext, why: ConfigChanged & { readonly ok: false }): Response {
  switch (why.reason) {
    case "bad-setting": {
      const { problems } = why;
      const first = problems
        .slice(0, 1)
        .map(
          ({ setting, expected, came, remedy }) =>
            `${setting}: expected ${expected}; came ${came}; ${remedy}`,
        );
      return problem(c, "bad-setting", { detail: first.join(""), more: { problems } });
    }
    case "fixed":
      return problem(c, "setting-fixed", { detail: why.message });
    case "file":
      return problem(c, "change-refused", { detail: why.message, more: { reason: why.reason } });
    case "actor":
      return problem(c, "change-refused", {
        detail: why.message,
        more: { reason: why.reason },
        headers: { "retry-after": "2" },
      });
  }
}
