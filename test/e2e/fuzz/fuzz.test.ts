/** The fuzz itself: that it says the same thing twice, and that it sees what is wrong. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { wholeControl } from "../../http/whole-control.ts";
import { type Answer, Connection, type Outcome } from "./connection.ts";
import { fault } from "./judge.ts";
import { type Document, type FuzzRequest, requestMaker } from "./requests.ts";

const document = (await (await wholeControl().request("/openapi.json")).json()) as Document;
const make = requestMaker(document, 1, "h:1");
const bytesOf = ({ pieces }: FuzzRequest) => Buffer.concat(pieces).toString("hex");

test("a request is decided by its seed and its number", () => {
  const again = requestMaker(document, 1, "h:1");
  const other = requestMaker(document, 2, "h:1");
  let differing = 0;
  for (let index = 0; index < 500; index++) {
    assert.equal(bytesOf(again(index)), bytesOf(make(index)));
    if (bytesOf(other(index)) !== bytesOf(make(index))) differing++;
  }
  assert.ok(differing > 450, String(differing));
});

test("every operation is asked soundly, and every trick is played", () => {
  const requests = Array.from({ length: 6000 }, (_, index) => make(index));
  const asked = new Set(
    requests
      .filter(({ trick }) => trick === "as declared")
      .map(({ target }) => `${target.method} ${target.path}`),
  );
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of Object.keys(methods)) assert.ok(asked.has(`${method} ${path}`), `${method} ${path}`);
  }
  const tricks = new Set(requests.flatMap(({ trick }) => trick.split(", ")));
  assert.ok(tricks.size > 25, [...tricks].join(", "));
  const sound = requests.filter(({ answers }) => answers > 0).length;
  assert.ok(sound > 4000, "most are to be answered");
});

const sound: FuzzRequest = {
  ...make(0),
  answers: 1,
  mayBreak: false,
  isHead: false,
  isOpenEnded: false,
  target: { method: "get", path: "/v1/store", operation: { responses: { "200": {}, "500": {}, "507": {} } } },
};
const answer = (status: number, body: string, type = "application/problem+json"): Outcome => ({
  kind: "answers",
  answers: [{ status, headers: new Map([["content-type", type]]), body: Buffer.from(body), isWhole: true }],
});
const problem = (code: string, status: number, more: object = {}) =>
  JSON.stringify({
    type: `urn:millrace:problem:${code}`,
    title: "t",
    status,
    detail: "d",
    instance: "/",
    ...more,
  });

for (const [name, outcome, expected, request] of [
  ["an answer", answer(200, "{}", "application/json"), undefined],
  ["a problem", answer(404, problem("not-found", 404)), undefined],
  ["the server busy", answer(503, problem("too-many", 503)), undefined],
  ["the disk full where it is declared", answer(507, problem("disk", 507)), undefined],
  [
    "an error inside, though every operation declares it",
    answer(500, problem("internal", 500)),
    /^status 500/,
  ],
  ["an undeclared 504", answer(504, problem("query-timed-out", 504)), /^status 504/],
  ["a page of the runtime", answer(404, "Not Found", "text/plain"), /no problem\+json but text\/plain/],
  ["an empty 400 to what is sound", answer(400, "", ""), /no problem\+json but nothing/],
  ["an empty 400 to what is none", answer(400, "", ""), undefined, { ...sound, answers: 0 }],
  ["a problem that is no JSON", answer(404, "{"), /no JSON/],
  ["a problem of another status", answer(404, problem("not-found", 400)), /says 400/],
  ["a problem of no kind", answer(404, problem("oops", 404)), /has the type/],
  [
    "a problem that tells a path of ours",
    answer(400, problem("bad-body", 400, { detail: "at x (/a/b.ts:1:2)" })),
    /tells of the program/,
  ],
  ["nothing", { kind: "silent", answers: [] }, /not answered/],
  [
    "a broken connection",
    { kind: "closed", answers: [], isBegun: false, error: "ECONNRESET" },
    /broken: ECONNRESET/,
  ],
  [
    "a broken connection where it may",
    { kind: "closed", answers: [], isBegun: false, error: null },
    undefined,
    { ...sound, mayBreak: true },
  ],
] as const satisfies readonly (readonly [string, Outcome, RegExp | undefined, FuzzRequest?])[]) {
  test(`${name} is ${expected === undefined ? "taken" : "a fault"}`, () => {
    const found = fault((request as FuzzRequest | undefined) ?? sound, outcome);
    if (expected === undefined) assert.equal(found, undefined);
    else assert.match(found ?? "", expected);
  });
}

test("answers are read as they are framed", async () => {
  const said = [
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nX: a:b\r\n\r\nto the end",
  ].join("");
  const server: Server = createServer((socket) => {
    // In pieces that have nothing to do with where answers end.
    for (let at = 0; at < said.length; at += 7) socket.write(said.slice(at, at + 7));
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  try {
    const connection = await Connection.open("127.0.0.1", port);
    const exchange = {
      pieces: [],
      pauseMs: 0,
      wanted: 4,
      isHead: false,
      isOpenEnded: false,
      patienceMs: 5000,
    };
    const { kind, answers } = await connection.exchange(exchange);
    connection.close();
    assert.equal(kind, "answers");
    const shown = answers.map(({ status, body }: Answer) => `${status} ${Buffer.from(body).toString()}`);
    assert.deepEqual(shown, ["200 abc", "200 abcde", "204 ", "404 to the end"]);
    assert.equal(answers[3]?.headers.get("x"), "a:b");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
