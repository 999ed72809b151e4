/** GET /openapi.json, what the routes are, for programs; GET /docs, the same for people. */

import { z } from "zod";
import type { ControlDeps } from "../control.ts";
import { sessionCookieName } from "../guard/session-cookie.ts";
import { openApi } from "../openapi.ts";
import type { OpenApi } from "../openapi-types.ts";
import { pagePolicy } from "../page-policy.ts";
import { renderReference } from "../reference/reference-page.ts";
import type { RouteSpec, Routes } from "../route.ts";

const DOCUMENT: RouteSpec = {
  method: "get",
  path: "/openapi.json",
  tag: "page",
  summary: "This description, as OpenAPI 3.1",
  scope: "open",
  answers: {
    200: {
      meaning: "The document.",
      content: {
        "application/json": {
          schema: z
            .object({
              openapi: z.string(),
              info: z.record(z.string(), z.unknown()),
              paths: z.record(z.string(), z.unknown()),
            })
            .catchall(z.unknown())
            .meta({ id: "OpenApi" }),
        },
      },
    },
  },
};
const PAGE: RouteSpec = {
  method: "get",
  path: "/docs",
  tag: "page",
  summary: "This description, as a page",
  scope: "open",
  answers: { 200: { meaning: "A page without scripts.", content: { "text/html": { schema: "The page" } } } },
};

export function referenceRoutes(routes: Routes, deps: ControlDeps): void {
  const { settings } = deps;
  let made: { readonly document: OpenApi; readonly text: string } | undefined;
  const cookieName = () => sessionCookieName({ port: settings.port(), isSecure: settings.isSecure });
  // Made with the first request: all routes are declared then, and the port is known.
  function document() {
    if (made === undefined) {
      const found = openApi(routes.specs, { version: settings.version, sessionCookie: cookieName() });
      made = { document: found, text: `${JSON.stringify(found, null, 2)}\n` };
    }
    return made;
  }

  routes.add(DOCUMENT, (c) => c.body(document().text, 200, { "content-type": "application/json" }));

  routes.add(PAGE, (c) => {
    const page = renderReference(document().document, {
      origin: new URL(c.req.url).origin,
      needsToken: settings.tokens.length > 0,
    });
    return c.html(page, 200, { "content-security-policy": pagePolicy(page, ["img-src data:"]) });
  });
}
