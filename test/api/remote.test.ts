/** The client of a running Millrace, over a real socket, against an exporter that the test makes up. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ExporterMessage, ExportJob } from "../../actors/exporter/protocol.ts";
import { connectStore } from "../../api/remote.ts";
import { startHttp } from "../../http/serve.ts";
import type { AskResult, Message } from "../../runtime/actor/types.ts";
import { aJob, aReport } from "../http/jobs.ts";
import { good, settle, statusOf } from "../http/support.ts";

type Answer = (message: Message) => AskResult<unknown> | Promise<AskResult<unknown>>;

interface Remote {
  readonly url: string;
  readonly asked: readonly Message[];
  readonly folder: string;
}

const TOKEN = "correct-horse-battery-staple";
const STATS = {
  dataset: "memory",
  format: "csv",
  compression: "none",
  profile: "pseudonymous",
  rows: 3,
  bytes: 10,
  seconds: 0.5,
  rowsPerSecond: 6,
  suppressedRows: 0,
  copiedRows: 0,
} as const;
const FILE = new TextEncoder().encode("0123456789");

async function remote(answer: Answer, use: (remote: Remote) => Promise<void>, token?: string): Promise<void> {
  const asked: Message[] = [];
  const http = await startHttp({
    settings: { http: { host: "127.0.0.1", port: 0, ...(token === undefined ? {} : { token }) } },
    system: {
      async ask<T>(_to: string, message: Message) {
        asked.push(message);
        return (await answer(message)) as AskResult<T>;
      },
      status: () => statusOf({}),
      command: async () => ({ ok: true }),
    },
    ledger: () => [],
  });
  const folder = mkdtempSync(join(tmpdir(), "millrace-remote-"));
  try {
    await use({ url: http.url, asked, folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await http.close();
  }
}

/** An exporter whose job is in these states, one after the other, and has this file. */
function exporter(states: readonly ExportJob[], file = FILE): Answer {
  let next = 0;
  return (message) => {
    const asked = message as ExporterMessage;
    if (asked.kind === "export.read") {
      const bytes = file.slice(asked.offset, asked.offset + 4);
      return good({ ok: true, bytes, fileBytes: file.byteLength });
    }
    return good({ ok: true, job: states[Math.min(next++, states.length - 1)] });
  };
}

const done = (more: Partial<ExportJob> = {}) => aJob({ state: "done", stats: STATS, seenRows: 10, ...more });
const kinds = (asked: readonly Message[]) => asked.map(({ kind }) => kind);

test("an export is ordered, watched, and put in its place; the job is removed", async () => {
  const states = [aJob(), aJob({ seenRows: 4 }), done()];
  await remote(exporter(states), async ({ url, asked, folder }) => {
    const output = join(folder, "out.csv");
    const seen: number[] = [];
    const client = connectStore({ url });
    const exported = await client.exportRange({
      dataset: "memory",
      format: "csv",
      from: Date.UTC(2026, 0, 1),
      to: "2026-01-02T00:00:00Z",
      columns: ["available_mb"],
      output,
      onProgress: ({ seenRows }) => seen.push(seenRows),
    });
    assert.deepEqual(exported, { ok: true, path: output, stats: STATS });
    assert.equal(readFileSync(output, "utf8"), "0123456789");
    assert.equal(statSync(output).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ["out.csv"]);
    assert.deepEqual(seen, [4]);
    assert.deepEqual(asked[0], {
      kind: "export.start",
      order: {
        dataset: "memory",
        format: "csv",
        columns: ["available_mb"],
        fromMs: Date.UTC(2026, 0, 1),
        toMs: Date.UTC(2026, 0, 2),
      },
    });
    await settle();
    await client.close();
  });
});

test("a span without bounds is one", async () => {
  await remote(exporter([done()]), async ({ url, asked, folder }) => {
    const client = connectStore({ url });
    await client.exportRange({ dataset: "memory", format: "csv", output: join(folder, "o") });
    const { order } = asked[0] as { readonly order?: { fromMs: number; toMs: number } } & Message;
    assert.deepEqual([order?.fromMs, order?.toMs], [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });
});

test("an anonymous export has its report beside it", async () => {
  const privacy = aReport();
  await remote(exporter([done({ privacy })]), async ({ url, folder }) => {
    const output = join(folder, "out.csv");
    const client = connectStore({ url });
    const exported = await client.exportRecent({
      dataset: "memory",
      format: "csv",
      profile: "anonymous",
      hours: 1,
      output,
    });
    assert.ok(exported.ok);
    assert.deepEqual(exported.privacy, privacy);
    assert.deepEqual(readdirSync(folder).sort(), ["out.csv", "out.csv.privacy.html", "out.csv.privacy.json"]);
    assert.deepEqual(JSON.parse(readFileSync(`${output}.privacy.json`, "utf8")), privacy);
  });
});

for (const [reason, message] of [
  ["below-policy", "k = 5 needs more rows"],
  ["unknown-column", "expected columns of memory"],
  ["bad-filter", "at character 3"],
  ["bad-option", "no zstd"],
  ["too-many", "8 run"],
] as const) {
  test(`what the exporter refuses as ${reason} is refused as that, and leaves nothing`, async () => {
    const refuse: Answer = () => good({ ok: false, reason, message });
    await remote(refuse, async ({ url, folder }) => {
      const client = connectStore({ url });
      const output = join(folder, "out.csv");
      assert.deepEqual(await client.exportRange({ dataset: "memory", format: "csv", output }), {
        ok: false,
        reason,
        message,
      });
      assert.deepEqual(readdirSync(folder), []);
    });
  });
}

test("a job that fails on its way is refused in its own words, and leaves nothing", async () => {
  const failure = { ok: false, reason: "damaged", message: "the log is damaged at byte 7" } as const;
  await remote(exporter([aJob(), aJob({ state: "failed", failure })]), async ({ url, folder }) => {
    const client = connectStore({ url });
    const exported = await client.exportRange({
      dataset: "memory",
      format: "csv",
      output: join(folder, "o"),
    });
    assert.deepEqual(exported, failure);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test("a file that is there is left alone, and nobody is asked, but with force it is replaced", async () => {
  await remote(exporter([done()]), async ({ url, asked, folder }) => {
    const output = join(folder, "out.csv");
    writeFileSync(output, "mine");
    const client = connectStore({ url });
    const options = { dataset: "memory", format: "csv", output } as const;
    const refused = await client.exportRange(options);
    assert.ok(!refused.ok);
    assert.equal(refused.reason, "exists");
    assert.deepEqual(asked, []);
    assert.equal(readFileSync(output, "utf8"), "mine");
    assert.ok((await client.exportRange({ ...options, force: true })).ok);
    assert.equal(readFileSync(output, "utf8"), "0123456789");
  });
});

test("a file that comes shorter than it was said to be is not taken for whole", async () => {
  const answer = exporter([done()]);
  const cut: Answer = (message) =>
    message.kind === "export.read"
      ? good({
          ok: true,
          bytes: (message as { offset?: number }).offset === 0 ? FILE : FILE.slice(0, 0),
          fileBytes: 20,
        })
      : answer(message);
  await remote(cut, async ({ url, folder }) => {
    const exported = await connectStore({ url }).exportRange({
      dataset: "memory",
      format: "csv",
      output: join(folder, "o"),
    });
    assert.ok(!exported.ok);
    assert.equal(exported.reason, "unreachable");
    assert.deepEqual(readdirSync(folder), []);
  });
});

test("a cancelled export is cancelled at the server too, and leaves nothing", async () => {
  let cancelled: () => void = () => {};
  const seen = new Promise<void>((resolve) => {
    cancelled = resolve;
  });
  const answer = exporter([aJob()]);
  const watching: Answer = (message) => {
    if (message.kind === "export.cancel") cancelled();
    return answer(message);
  };
  await remote(watching, async ({ url, folder }) => {
    const abort = new AbortController();
    const client = connectStore({ url });
    const exporting = client.exportRange({
      dataset: "memory",
      format: "csv",
      output: join(folder, "o"),
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    const exported = await exporting;
    assert.ok(!exported.ok);
    assert.equal(exported.reason, "cancelled");
    await seen;
    assert.deepEqual(readdirSync(folder), []);
  });
});

test("what onProgress throws ends the export and is thrown", async () => {
  await remote(exporter([aJob()]), async ({ url, folder }) => {
    const onProgress = () => {
      throw new Error("enough");
    };
    const output = join(folder, "o");
    await assert.rejects(
      connectStore({ url }).exportRange({ dataset: "memory", format: "csv", output, onProgress }),
      /enough/,
    );
    assert.ok(!existsSync(output));
    assert.deepEqual(readdirSync(folder), []);
  });
});

test("the token is sent; without it, or with another, it is denied and not repeated", async () => {
  const stats: Answer = () =>
    good({ ok: true, stats: { datasets: [], totalBytes: 1, bytesPerMinute: null, segments: 0 } });
  await remote(
    stats,
    async ({ url }) => {
      assert.deepEqual(await connectStore({ url, token: TOKEN }).stats(), {
        ok: true,
        stats: { datasets: [], totalBytes: 1, bytesPerMinute: null, segments: 0 },
      });
      for (const token of [undefined, "not-the-token-at-all"]) {
        const refused = await connectStore({ url, ...(token === undefined ? {} : { token }) }).stats();
        assert.ok(!refused.ok);
        assert.equal(refused.reason, "denied");
        assert.match(refused.message, /MILLRACE_HTTP_TOKEN/);
        assert.ok(!refused.message.includes("not-the-token"));
      }
    },
    TOKEN,
  );
});

test("where nobody listens, or something else does, that is said", async () => {
  const other = createServer((_request, response) => response.writeHead(404).end("<html>"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { readonly port: number };
  const url = `http://127.0.0.1:${port}`;
  const wrong = await connectStore({ url }).stats();
  assert.ok(!wrong.ok);
  assert.deepEqual(
    [wrong.reason, wrong.message],
    ["unreachable", `${url} answered 404, and not as Millrace does`],
  );
  await new Promise((resolve) => other.close(resolve));
  const nobody = await connectStore({ url }).stats();
  assert.ok(!nobody.ok);
  assert.equal(nobody.reason, "unreachable");
  assert.match(nobody.message, /nobody answers at/);
  for (const bad of ["", "127.0.0.1:8787", "ftp://127.0.0.1"]) {
    assert.throws(() => connectStore({ url: bad }), TypeError);
  }
});

test("a client that was closed asks nobody", async () => {
  await remote(exporter([done()]), async ({ url, asked, folder }) => {
    const client = connectStore({ url });
    await client.close();
    await client.close();
    const output = join(folder, "o");
    for (const answer of [
      await client.exportRange({ dataset: "memory", format: "csv", output }),
      await client.stats(),
      await client.query("select 1"),
      await client.compact(),
    ]) {
      assert.ok(!answer.ok);
      assert.equal(answer.reason, "closed");
    }
    assert.deepEqual(kinds(asked), []);
  });
});

test("a query's refusals are refused in its words, and its bytes come as they are", async () => {
  const refused = { ok: false, reason: "timed-out", message: "it took longer than 1 s" } as const;
  await remote(
    () => good(refused),
    async ({ url }) => {
      assert.deepEqual(await connectStore({ url }).query("select 1"), refused);
    },
  );
  const answer: Answer = ({ kind }) =>
    kind === "query.open"
      ? good({ ok: true, id: 1, contentType: "text/csv" })
      : good({ ok: true, bytes: FILE, done: true });
  await remote(answer, async ({ url, asked }) => {
    const options = { params: ["a", 1, null], maxRows: 5, timeoutMs: 1000 } as const;
    const got = await connectStore({ url }).queryBytes("select ?", "csv", options);
    assert.ok(got.ok);
    assert.equal(got.contentType, "text/csv");
    let text = "";
    for await (const part of got.bytes) text += new TextDecoder().decode(part);
    assert.equal(text, "0123456789");
    assert.deepEqual(asked[0], { kind: "query.open", sql: "select ?", format: "csv", ...options });
  });
});
