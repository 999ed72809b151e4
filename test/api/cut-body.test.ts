/** Fails when a request that is given up while its answer comes goes on, because a runtime has forgotten the fetch's signal. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { HttpChannel } from "../../api/http-channel.ts";

test("an answer that comes is cut by its signal, also where the runtime has forgotten it", async (t) => {
  const gone = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    response.on("close", () => gone.resolve());
    response.write("some");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const { fetch } = globalThis;
  t.after(() => {
    globalThis.fetch = fetch;
  });
  // As Deno does once it has collected garbage.
  globalThis.fetch = ((url: string, { signal: _, ...init }: RequestInit) => fetch(url, init)) as typeof fetch;
  const channel = new HttpChannel({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const cut = new AbortController();
  const answered = await channel.ask("/", { signal: cut.signal });
  assert.ok(answered.ok);
  const reader = answered.response.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "some");
  const next = reader.read();
  cut.abort(new Error("given up"));
  await assert.rejects(next, /given up/);
  await gone.promise;
});

test("one that is read to its end is whole, and nothing of it stays with the signal", async (t) => {
  const server = createServer((_, response) => response.end(JSON.stringify({ text: "x".repeat(100_000) })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const channel = new HttpChannel({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const { signal } = new AbortController();
  let listeners = 0;
  const count = (by: number, name: "addEventListener" | "removeEventListener") => {
    const own = signal[name].bind(signal) as (...of: unknown[]) => void;
    Object.assign(signal, {
      [name]: (...of: unknown[]) => {
        listeners += by;
        own(...of);
      },
    });
  };
  count(1, "addEventListener");
  count(-1, "removeEventListener");
  const asked = await channel.askJson<{ text: string }>("/", { signal });
  assert.ok(asked.ok);
  assert.equal(asked.value.text.length, 100_000);
  assert.ok(listeners <= 0, `${listeners} listeners stay`);
});
