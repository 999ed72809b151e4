/**
 * GET /, a page for people, and GET /page/…, the files that it is made of. They are listed here, and nothing else is sent. Each is
 * read once, and goes by a mark of its content, so that a browser asks again and is told that it has it.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { z } from "zod";
import { PAGE_POLICY } from "../guard/headers.ts";
import { echo, problem } from "../problem.ts";
import type { RequestContext, RouteSpec, Routes } from "../route.ts";

/** What lies in http/page/. */
const OWN_FILES = [
  "actors.js",
  "api.js",
  "armed.js",
  "chart.js",
  "colours.js",
  "connection.js",
  "dom.js",
  "exports.js",
  "fields.css",
  "fresh.js",
  "header.js",
  "history.js",
  "host.js",
  "ledger.js",
  "live.js",
  "mark.svg",
  "narrow.css",
  "page.css",
  "parts.css",
  "pipeline.js",
  "poll.js",
  "programs.js",
  "pseudonym.js",
  "pushed.js",
  "query.js",
  "samples.js",
  "scrollers.js",
  "series.js",
  "session.js",
  "settings.js",
  "sparkline.js",
  "start.js",
  "store.js",
  "streams.js",
  "tables.css",
  "text.js",
  "theme.css",
  "theme.js",
  "windows.js",
] as const;
/** What is sent as it lies in a package. */
const PACKAGE_FILES = {
  "uplot.css": "uplot/dist/uPlot.min.css",
  "uplot.js": "uplot/dist/uPlot.esm.js",
} as const;
/** Every name behind /page/. */
export const PAGE_FILES: readonly string[] = [...OWN_FILES, ...Object.keys(PACKAGE_FILES)].sort();

const DOCUMENT = "page.html";
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

const PAGE: RouteSpec = {
  method: "get",
  path: "/",
  tag: "page",
  summary: "A page for people",
  description:
    "Shows what runs and what comes, live. It holds no data: it asks for it, as whoever looks at it.",
  scope: "open",
  answers: {
    200: { meaning: "The page.", content: { "text/html": { schema: "HTML" } } },
    304: { meaning: "It is the one that `If-None-Match` names." },
  },
};
const FILE: RouteSpec = {
  method: "get",
  path: "/page/:file",
  tag: "page",
  summary: "A file of the page",
  scope: "open",
  params: z.object({ file: z.enum(PAGE_FILES).describe("The file's name.") }),
  answers: {
    200: {
      meaning: "The file.",
      content: {
        "text/javascript": { schema: "A module" },
        "text/css": { schema: "A style sheet" },
        "image/svg+xml": { schema: "A picture" },
      },
    },
    304: { meaning: "It is the one that `If-None-Match` names." },
  },
  problems: ["not-found"],
};

interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mark: string;
}

export function pageRoutes(routes: Routes): void {
  const files = new Map<string, PageFile>();
  const fileNamed = (name: string): PageFile => {
    let file = files.get(name);
    if (file === undefined) {
      file = readPageFile(name);
      files.set(name, file);
    }
    return file;
  };

  routes.add(PAGE, (c) => answer(c, DOCUMENT, fileNamed(DOCUMENT)));

  routes.add(FILE, (c) => {
    const name = c.req.param("file") ?? "";
    if (PAGE_FILES.includes(name)) return answer(c, name, fileNamed(name));
    return problem(c, "not-found", { detail: `expected a file of the page at /; came ${echo(name)}` });
  });
}

function answer(c: RequestContext, name: string, { bytes, mark }: PageFile): Response {
  // With a mark it may be kept (guard/headers.ts): an update is there with the next look.
  const headers = { etag: mark, "content-security-policy": PAGE_POLICY };
  if (hasMark(c.req.header("if-none-match"), mark)) return c.body(null, 304, headers);
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "";
  return c.body(bytes, 200, { ...headers, "content-type": type });
}

/** A proxy on the way may have weakened the mark, which for a GET means the same. */
function hasMark(given: string | undefined, mark: string): boolean {
  const marks = given?.split(",").map((one) => one.trim().replace(/^W\//, "")) ?? [];
  return marks.includes(mark) || marks.includes("*");
}

function readPageFile(name: string): PageFile {
  const inPackage = PACKAGE_FILES[name as keyof typeof PACKAGE_FILES];
  const path =
    inPackage === undefined
      ? new URL(`../page/${name}`, import.meta.url)
      : createRequire(import.meta.url).resolve(inPackage);
  const bytes = new Uint8Array(readFileSync(path));
  const digest = createHash("sha256").update(bytes).digest("base64url");
  return { bytes, mark: `"${digest.slice(0, 22)}"` };
}
