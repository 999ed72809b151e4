/**
 * The page in a real Chromium, before a real server: it opens without a complaint, moves, steers, exports, asks, loses the server
 * and finds it again. Every wait is for a condition.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import type { Page } from "playwright-core";
import { measuredRow } from "../fixtures/compression-rows.ts";
import { openBrowser, openPage, whenAnswered, whenOther, whenTrue } from "./browser.ts";
import { CuttableWay } from "./cuttable-way.ts";
import { Server } from "./server.ts";
import { temporaryFolder, until } from "./support.ts";

const TIMEOUT = { timeout: 300_000 };
/** DuckDB is loaded with the first query. */
const FIRST_QUERY_MS = 60_000;
const FAST = ["--sampler.memoryIntervalMs", "200", "--sampler.processIntervalMs", "1000"];
const TOKEN = "a-token-for-the-test";

const IS_LIVE = 'document.querySelector("#live").dataset.state === "live"';
const POINTS = 'Number(document.querySelector("#memory-chart").dataset.points ?? 0)';
const GAPS = 'Number(document.querySelector("#memory-chart").dataset.gaps ?? 0)';
const PICTURE = 'document.querySelector("#memory-chart canvas").toDataURL()';
/** What is asked for of what is stored, when the page is opened. */
const STORED = ["memory", "process", "memory_1m", "process_1m"].map((name) => `/v1/export/${name}.csv`);
/** The moment that the page was loaded at: another after a reload. */
const LOADED = "performance.timeOrigin";

/** A server with a folder of its own. */
function start(t: TestContext, env: Record<string, string> = {}) {
  const folder = temporaryFolder(t);
  return { server: startIn(t, folder, "0", env), folder };
}

function startIn(t: TestContext, folder: string, port: string, env: Record<string, string> = {}) {
  return new Server(t, ["--port", port, "--data", folder, ...FAST], { env });
}

const text = (page: Page, id: string) => page.locator(`#${id}`).innerText();

test("it opens without a complaint, shows what there is, and its charts move", TIMEOUT, async (t) => {
  const { server } = start(t);
  const browser = await openBrowser(t);
  const url = await server.ready();
  const { page, complaints } = await openPage(browser, url);
  await whenTrue(page, IS_LIVE);
  await whenTrue(page, `${POINTS} > 5`);
  const before = await page.evaluate(PICTURE);
  await whenOther(page, PICTURE, before);
  const points = Number(await page.evaluate(POINTS));
  await whenTrue(page, `${POINTS} > ${points + 5}`);

  for (const rows of ["programs", "stages", "actors", "ledger", "store", "clients", "flow", "transitions"]) {
    const id = ["flow", "transitions"].includes(rows) ? rows : `${rows}-rows`;
    await whenTrue(page, `document.querySelector("#${id}").children.length > 0`);
  }
  await whenTrue(page, 'document.querySelector("#cpu-chart").dataset.points > 1');
  assert.match(await text(page, "memory-readout"), /Used\s+[\d.]+ %\s+Available\s+[\d.]+ GiB/);
  assert.match(await text(page, "clients-rows"), /sse\s+memory, process, memory_1m, process_1m\s+jsonl/);
  assert.match(await text(page, "ledger-note"), /Every row that came is accounted for/);
  await page.locator("#health", { hasText: /^ok, \d+ actors, up/ }).waitFor();
  // A pseudonym is shown by digits and a pattern of its own.
  assert.match(await page.locator("#programs-rows th").first().innerText(), /^[0-9a-f]{8}$/);
  assert.ok((await page.locator("#programs-rows th svg rect").count()) > 3);

  await page.locator("#pushed-note", { hasText: "Nothing was pushed yet" }).waitFor();
  const rows = [measuredRow, measuredRow, { ...measuredRow, network_tier: 9 }];
  const cell = (number: number, what: RegExp) =>
    page
      .locator(`#pushed-rows tr[data-key="compression_telemetry"] > :nth-child(${number})`)
      .filter({ hasText: what });
  // A rate, which falls again when nothing more comes: looked for from before they come, as it does not stay.
  const shown = Promise.all([cell(2, /^0\.\d$/), cell(3, /^2$/)].map((one) => one.waitFor()));
  const pushed = await fetch(`${url}/v1/ingest/compression_telemetry`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rows.map((row) => ({ ...row, timestamp: Date.now() }))),
  });
  assert.equal(pushed.status, 202, await pushed.text());
  await shown;
  for (const number of [4, 5]) await cell(number, /^1$/).waitFor();
  assert.equal(await text(page, "pushed-note"), "Rejected by reason: 1 bound.");
  await cell(2, /^0$/).waitFor();

  await page.locator("#memory-chart .u-over").hover();
  for (const chart of ["memory", "cpu"]) {
    await whenTrue(page, `document.querySelector("#${chart}-readout .time").dataset.at === "crosshair"`);
  }
  await page.mouse.move(0, 0);
  await page.locator('#range input[value="60"]').check({ force: true });
  await whenTrue(page, `${POINTS} > ${points}`);
  assert.deepEqual(complaints, [], server.stderr);
});

test(
  "an actor is started again by a button that asks back, and paused; what is refused is said",
  TIMEOUT,
  async (t) => {
    const { server } = start(t);
    const url = await server.ready();
    const { page, complaints } = await openPage(await openBrowser(t), url);
    await whenTrue(page, IS_LIVE);
    const row = (name: string) => page.locator(`tr[data-key="actor ${name}"]`);
    // The analyst is the one that the page asks nothing by itself: of the others it would, while they start again.
    const restart = page.getByRole("button", { name: "restart analyst" });
    // It asks back for some seconds only: that is looked for from before.
    await Promise.all([restart.filter({ hasText: "Sure?" }).waitFor(), restart.click()]);
    await restart.press("Escape");
    assert.equal(await restart.innerText(), "Restart");
    assert.deepEqual(await actorOf(url, "analyst"), { state: "running", restarts: 0 });

    await restart.dblclick();
    await row("analyst").locator(".restarts", { hasText: "1" }).waitFor();
    await row("analyst").locator(".state", { hasText: "running" }).waitFor();
    await page.locator("#transitions li", { hasText: "analyst: starting → running" }).first().waitFor();
    assert.deepEqual(await actorOf(url, "analyst"), { state: "running", restarts: 1 });

    await page.getByRole("button", { name: "pause sampler" }).click();
    await row("sampler").locator(".state", { hasText: "paused" }).waitFor();
    // Nothing comes any more, and the page says so; the server is there.
    await whenTrue(page, 'document.querySelector("#live").dataset.state === "silent"');
    await page.getByRole("button", { name: "resume sampler" }).click();
    await row("sampler").locator(".state", { hasText: "running" }).waitFor();
    await whenTrue(page, IS_LIVE);
    assert.deepEqual(complaints, [], server.stderr);

    // A setting is changed while it runs, or refused in words.
    const set = async (value: string) => {
      await page.locator("#setting-name").selectOption("sampler.memoryIntervalMs");
      await page.locator("#setting-value").fill(value);
      await page.locator("#setting-set").click();
    };
    await set("250ms");
    await page.locator("#settings-note", { hasText: "sampler.memoryIntervalMs: in effect" }).waitFor();
    await set("1ms");
    await page.locator("#settings-note.error", { hasText: "expected a duration from 100ms" }).waitFor();

    // Refused in the server's own words: another than this page has stopped it meanwhile.
    await page.route("**/v1/actors/analyst/stop", (route) =>
      route.fulfill({
        status: 409,
        contentType: "application/problem+json",
        body: JSON.stringify({ type: "urn:millrace:problem:command-refused", detail: "<b>not now</b>" }),
      }),
    );
    await page.getByRole("button", { name: "stop analyst" }).dblclick();
    await page.locator("#actors-note.error", { hasText: "analyst: <b>not now</b>" }).waitFor();
  },
);

test("an export comes down and opens, and SQL is answered or refused in words", TIMEOUT, async (t) => {
  const { server } = start(t);
  const { page, complaints } = await openPage(await openBrowser(t), await server.ready());
  await whenTrue(page, `${POINTS} > 10`);
  const read = async (format: string) => {
    await page.locator("#export-format").selectOption(format);
    const coming = page.waitForEvent("download");
    await page.locator("#export-start").click();
    const download = await coming;
    assert.match(download.suggestedFilename(), new RegExp(`^memory.*\\.${format}$`));
    const bytes = readFileSync(await download.path());
    await page.locator("#export-note a", { hasText: "memory" }).waitFor();
    return bytes;
  };
  await page.locator("#export-dataset").selectOption("memory");
  const lines = (await read("csv")).toString("utf8").trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^timestamp,total_mb,available_mb,used_percent/);
  assert.ok(lines.length > 10);
  const parquet = await read("parquet");
  const file = parquet.buffer.slice(
    parquet.byteOffset,
    parquet.byteOffset + parquet.byteLength,
  ) as ArrayBuffer;
  const compressors = { ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)) };
  const rows = await parquetReadObjects({ file, compressors });
  assert.ok(rows.length >= lines.length - 1);
  assert.ok(rows.every(({ used_percent }) => Number(used_percent) > 0));

  const sql = page.locator("#query-sql");
  await sql.fill("SELECT count(*) AS rows, '<i>x</i>' AS markup FROM memory");
  await sql.press("Control+Enter");
  await page.locator("#query-result td", { hasText: "<i>x</i>" }).waitFor({ timeout: FIRST_QUERY_MS });
  assert.ok(Number(await page.locator("#query-result td").first().innerText()) > 10);
  assert.equal(await page.locator("#query-result i").count(), 0);
  assert.deepEqual(complaints, [], server.stderr);
  await sql.fill("SELECT nothing_there FROM memory");
  await sql.press("Control+Enter");
  await page.locator("#query-note.error", { hasText: "nothing_there" }).waitFor();
  assert.equal(await page.locator("#query-result").isVisible(), false);
});

test("what is stored is asked for again when it cannot be had just then", TIMEOUT, async (t) => {
  const { server } = start(t);
  const url = await server.ready();
  const { page } = await openPage(await openBrowser(t), "about:blank");
  let asked = 0;
  await page.route("**/v1/export/memory.csv*", (route) => {
    if (++asked > 2) return route.continue();
    const problem = { type: "urn:millrace:problem:actor-unavailable", detail: "the exporter is starting" };
    return route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      headers: { "retry-after": "1" },
      body: JSON.stringify(problem),
    });
  });
  const had = page.waitForResponse((response) => response.url().includes("memory.csv?") && response.ok());
  await page.goto(url);
  await had;
  assert.ok(asked >= 3, `${asked}`);
  assert.equal(await text(page, "history-note"), "");
});

test(
  "a cut of the way is shown, heals by itself, and what came meanwhile is filled in",
  TIMEOUT,
  async (t) => {
    const { server } = start(t);
    const port = Number(new URL(await server.ready()).port);
    const way = await CuttableWay.open(port, t);
    const { page } = await openPage(await openBrowser(t), way.url);
    await whenTrue(page, `${POINTS} > 5`);
    const loaded = await page.evaluate(LOADED);
    const received = await receivedRows(port);
    await way.cut();
    await page.locator("#lost").waitFor({ state: "visible" });
    await whenTrue(page, 'document.querySelector("#live").dataset.state === "lost"');
    await whenTrue(page, 'Number(getComputedStyle(document.querySelector("#board")).opacity) < 1');
    // The server goes on sampling: two seconds' worth that the page does not get.
    await until("samples were missed", async () => (await receivedRows(port)) > received + 10);
    await way.mend();
    await whenTrue(page, IS_LIVE);
    await page.locator("#lost").waitFor({ state: "hidden" });
    await until("all that was missed is shown", () => showsAll(page, port));
    assert.equal(await page.evaluate(LOADED), loaded);
  },
);

test(
  "the server is killed, comes back, and the page goes on with a gap where nothing was",
  TIMEOUT,
  async (t) => {
    const { server: first, folder } = start(t);
    const url = await first.ready();
    const { page } = await openPage(await openBrowser(t), url);
    await whenTrue(page, `${POINTS} > 10`);
    const loaded = await page.evaluate(LOADED);
    await first.kill("SIGKILL");
    await page.locator("#lost").waitFor({ state: "visible" });
    const points = Number(await page.evaluate(POINTS));
    const again = startIn(t, folder, new URL(url).port);
    await again.ready();
    await whenTrue(page, IS_LIVE);
    await page.locator("#lost").waitFor({ state: "hidden" });
    await whenTrue(page, `${POINTS} > ${points + 10} && ${GAPS} >= 1`);
    // Not the charts alone.
    await page.locator("#health", { hasText: /^ok/ }).waitFor();
    await whenTrue(page, 'document.querySelector("#clients-rows").children.length === 1');
    await page.locator("#transitions li", { hasText: "running" }).first().waitFor();
    assert.equal(await page.evaluate(LOADED), loaded);
    await again.kill("SIGKILL");
  },
);

test("who does not look costs nothing, and sees everything on coming back", TIMEOUT, async (t) => {
  const { server } = start(t);
  const url = await server.ready();
  const port = Number(new URL(url).port);
  const opened = await openPage(await openBrowser(t), "about:blank");
  const { page, complaints } = opened;
  await page.addInitScript(
    'Object.defineProperty(Document.prototype, "hidden", { get: () => window.isAway === true })',
  );
  await page.goto(url);
  await whenTrue(page, `${POINTS} > 5`);
  // What is asked in several steps is at its end.
  await whenAnswered(opened, [...STORED, "/v1/ledger", "/v1/dead-letters"]);
  const look = (away: boolean) =>
    page.evaluate(`window.isAway = ${away}; document.dispatchEvent(new Event("visibilitychange"))`);
  await look(true);
  await until("its stream is closed", async () => (await clientsOf(url)) === 0);
  let asked = 0;
  page.on("request", () => asked++);
  const received = await receivedRows(port);
  await until("time has passed", async () => (await receivedRows(port)) > received + 15);
  assert.equal(asked, 0);
  await look(false);
  await until("all that was missed is shown", () => showsAll(page, port));
  assert.equal(await clientsOf(url), 1);
  assert.deepEqual(complaints, [], server.stderr);
});

test("everything is reached and done by keyboard, and the focus is seen", TIMEOUT, async (t) => {
  const { server } = start(t);
  const url = await server.ready();
  const { page, complaints } = await openPage(await openBrowser(t), url);
  await whenTrue(page, `${POINTS} > 5`);
  await page.locator('tr[data-key="actor sampler"]').waitFor();
  // Only what can be used has the focus.
  await page.locator("#export-start:enabled").waitFor();
  const seen = new Map<string, FocusView>();
  for (let step = 0; step < 150; step++) {
    await page.keyboard.press("Tab");
    const focus = (await page.evaluate(FOCUS)) as FocusView | null;
    if (focus === null || seen.has(focus.name)) break;
    seen.set(focus.name, focus);
  }
  const names = [...seen.keys()];
  assert.equal(names[0], "Skip to the content");
  for (const name of [
    "Pipeline",
    "theme",
    "range",
    "memory-chart",
    "programs-by",
    "windows-of",
    "restart recorder",
    "pause sampler",
    "stop keeper",
    "export-start",
    "query-sql",
    "query-run",
    "API reference",
  ]) {
    assert.ok(names.includes(name), `${name} is not among ${names.join(", ")}`);
  }
  for (const { name, isOutlined, isInView } of seen.values()) {
    assert.ok(isOutlined, `${name} does not show that it has the focus`);
    assert.ok(isInView, `${name} has the focus where nobody sees it`);
  }

  await page.locator("#memory-chart").focus();
  await page.keyboard.press("ArrowLeft");
  await whenTrue(page, 'document.querySelector("#memory-readout .time").dataset.at === "crosshair"');
  await page.keyboard.press("Escape");
  await whenTrue(page, 'document.querySelector("#memory-readout .time").dataset.at === "latest"');
  await page.getByRole("button", { name: "restart analyst" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.locator('tr[data-key="actor analyst"] .restarts', { hasText: "1" }).waitFor();
  // What is brought up to date under it does not take the focus away.
  assert.match(String(await page.evaluate("document.activeElement.ariaLabel")), /restart analyst/);
  assert.deepEqual(complaints, [], server.stderr);
});

test("at 360 pixels nothing is wider than the window, and both themes can be read", TIMEOUT, async (t) => {
  const { server } = start(t);
  const url = await server.ready();
  const browser = await openBrowser(t);
  const papers: unknown[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme };
    const { page, complaints } = await openPage(browser, url, phone);
    await whenTrue(page, `${POINTS} > 5`);
    await page.locator("#store-rows tr").first().waitFor();
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
    // Nor are the figures of what is pushed wider than their card, and each says what it is.
    await page.locator('#pushed-rows tr[data-key="compression_telemetry"]').waitFor();
    const scrollable = 'document.querySelector("#pushed .scroll")';
    assert.equal(await page.evaluate(`${scrollable}.scrollWidth - ${scrollable}.clientWidth`), 0);
    const titles =
      'getComputedStyle(document.querySelector("#pushed-rows td:nth-child(4)"), "::after").content';
    assert.equal(await page.evaluate(titles), '"rejected"');
    assert.equal(await page.evaluate("innerWidth"), 360);
    for (const kind of KINDS_OF_TEXT) await page.locator(kind).first().waitFor({ state: "attached" });
    for (const [what, ratio] of (await page.evaluate(CONTRASTS)) as [string, number][]) {
      assert.ok(ratio >= 4.5, `${what} has a contrast of ${ratio} in the ${colorScheme} theme`);
    }
    papers.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
    if (colorScheme === "dark") {
      const theme = page.locator("#theme");
      await theme.click();
      assert.equal(await theme.innerText(), "Theme: light");
      assert.equal(await page.evaluate("getComputedStyle(document.body).backgroundColor"), papers[0]);
      await page.reload();
      assert.equal(await page.evaluate("getComputedStyle(document.body).backgroundColor"), papers[0]);
    }
    assert.deepEqual(complaints, [], server.stderr);
    await page.context().close();
  }
  assert.notEqual(papers[0], papers[1]);
});

test(
  "where a token is needed it asks for one, takes the right one alone, and forgets it",
  TIMEOUT,
  async (t) => {
    const { server } = start(t, { MILLRACE_HTTP_TOKEN: TOKEN });
    const { page, complaints } = await openPage(await openBrowser(t), await server.ready());
    await page.locator("#sign-in").waitFor({ state: "visible" });
    assert.equal(await page.locator("#board").isVisible(), false);
    assert.deepEqual(complaints, [], server.stderr);
    assert.equal(await page.evaluate("document.activeElement.id"), "token");
    await page.keyboard.type("not-the-right-token");
    await page.keyboard.press("Enter");
    await page.locator("#sign-in-note.error", { hasText: "token" }).waitFor();
    await page.locator("#token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await whenTrue(page, `${POINTS} > 5`);
    assert.equal(await page.locator("#sign-in").isVisible(), false);
    assert.ok(!(await page.content()).includes(TOKEN));
    await page.locator("#sign-out").click();
    await page.locator("#sign-in").waitFor({ state: "visible" });
  },
);

interface FocusView {
  readonly name: string;
  readonly isOutlined: boolean;
  readonly isInView: boolean;
}

/** What has the focus: its name, whether that is seen, and where. Null: nothing of the page. */
const FOCUS = `(() => {
  const node = document.activeElement;
  if (node === null || node === document.body) return null;
  const shown = node.type === "radio" ? node.nextElementSibling : node;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const { top, bottom, left, right } = shown.getBoundingClientRect();
  const name = node.type === "radio" ? node.closest("fieldset").id
    : node.ariaLabel && node.dataset.command ? node.ariaLabel : node.id || node.textContent.trim();
  return {
    name: name === "" ? node.getAttribute("aria-labelledby") : name,
    isOutlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1,
    isInView: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
  };
})()`;

const KINDS_OF_TEXT = [
  ...["h2", ".note", ".fresh", "thead th", ".zero", ".good", "nav a", "footer a", "button.main"],
  ...["#actors-rows button", ".pill", ".stage small"],
];

/** How the kinds of text there are stand out from what is behind them (WCAG 2.2, 1.4.3). */
const CONTRASTS = `(() => {
  const parts = (colour) => {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (parts(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "white";
  };
  return ${JSON.stringify(KINDS_OF_TEXT)}
    .map((selector) => {
      const node = document.querySelector(selector);
      const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
      return [selector, Math.round(((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)) * 100) / 100];
    });
})()`;

interface TreeNode {
  readonly name: string;
  readonly state: string;
  readonly restarts: number;
  readonly children?: readonly TreeNode[];
}

async function actorOf(url: string, name: string) {
  const { tree } = (await (await fetch(`${url}/v1/actors`)).json()) as { tree: TreeNode };
  const all = (node: TreeNode): readonly TreeNode[] => [node, ...(node.children ?? []).flatMap(all)];
  const found = all(tree).find((node) => node.name === name && node.children === undefined);
  return { state: found?.state, restarts: found?.restarts };
}

async function receivedRows(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/ledger`);
  const { datasets } = (await response.json()) as { datasets: Record<string, { received: number }> };
  return datasets["memory"]?.received ?? 0;
}

/** Whether as many samples are shown as there are, but for those on their way. */
async function showsAll(page: Page, port: number): Promise<boolean> {
  const received = await receivedRows(port);
  return Number(await page.evaluate(`${POINTS} - ${GAPS}`)) >= received - 4;
}

async function clientsOf(url: string): Promise<number> {
  return ((await (await fetch(`${url}/v1/streams`)).json()) as { clients: unknown[] }).clients.length;
}
