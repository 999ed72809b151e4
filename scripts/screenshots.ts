/**
 * Makes the pictures of the page that the documentation shows: `bun scripts/screenshots.ts`. Starts a server of its own in a folder
 * that it removes, gives it clients and MINUTES to have something to show, and takes docs/images/dashboard-*.png.
 *
 * Needs Chromium, as the tests of the page do (test/e2e/browser.ts).
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import nodeProcess from "node:process";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { openBrowser, openPage, whenTrue } from "../test/e2e/browser.ts";
import { Server } from "../test/e2e/server.ts";

const MINUTES = Number(nodeProcess.argv[2] ?? 4);
const SAMPLING = ["--sampler.processIntervalMs", "2s"];
const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));
const DESK = { width: 1360, height: 1180 };
const PHONE = { width: 360, height: 780 };

const endings: (() => unknown)[] = [];
const cleanup = { after: (end: () => unknown) => void endings.unshift(end) };

const folder = mkdtempSync(join(tmpdir(), "millrace-pictures-"));
cleanup.after(() => rmSync(folder, { recursive: true, force: true }));
try {
  const server = new Server(cleanup, ["--port", "0", "--data", folder, ...SAMPLING]);
  const url = await server.ready();
  await addClients(url);
  const browser = await openBrowser(cleanup);
  await new Promise((resolve) => setTimeout(resolve, MINUTES * 60_000));
  await takePictures(browser, url);
} finally {
  for (const end of endings) await end();
}

async function takePictures(browser: Browser, url: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await openReady(browser, url, { viewport: DESK, colorScheme });
    await page.screenshot({ path: `${IMAGES}dashboard-${colorScheme}.png` });
    if (colorScheme === "light") {
      await page.locator("#query-run").click();
      await page.locator("#query-result td").first().waitFor({ timeout: 60_000 });
      // What lies below the first screen.
      const top = Number(await page.evaluate('document.querySelector("#actors").offsetTop')) - 12;
      const height = Number(await page.evaluate("document.documentElement.scrollHeight")) - top;
      // The head stays on top of what is scrolled to.
      await page.evaluate("scrollTo(0, 0)");
      const clip = { x: 0, y: top, width: DESK.width, height };
      await page.screenshot({ path: `${IMAGES}dashboard-below.png`, fullPage: true, clip });
    }
    await page.context().close();
  }
  const phone = { viewport: PHONE, isMobile: true, deviceScaleFactor: 2, colorScheme: "dark" as const };
  const page = await openReady(browser, url, phone);
  await page.screenshot({ path: `${IMAGES}dashboard-phone.png` });
}

/** A page that shows everything there is to show. */
async function openReady(browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> {
  const { page } = await openPage(browser, url, { ...options, timezoneId: "UTC" });
  for (const rows of ["programs", "windows", "stages", "actors", "ledger", "store", "clients", "outlets"]) {
    await whenTrue(page, `document.querySelector("#${rows}-rows").children.length > 0`);
  }
  await whenTrue(page, `document.querySelector("#memory-chart").dataset.points > ${MINUTES * 50}`);
  // The rate of what comes in is known after the second look.
  await whenTrue(page, '/[0-9]/.test(document.querySelector("#flow .rate").textContent)');
  return page;
}

/** Somebody to be seen among the streams' clients. */
async function addClients(url: string): Promise<void> {
  const gone = new AbortController();
  cleanup.after(() => gone.abort());
  for (const path of [
    "process?format=msgpack&framing=raw",
    "memory?format=arrow&framing=raw&whenFull=disconnect",
  ]) {
    const response = await fetch(`${url}/v1/streams/${path}`, { signal: gone.signal });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    void drain(response.body);
  }
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/streams/memory_1m`);
  cleanup.after(() => socket.close());
  const outlet = { transport: "tcp", port: 0, datasets: ["memory"], format: "jsonl" };
  const opened = await fetch(`${url}/v1/outlets`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(outlet),
  });
  if (!opened.ok) throw new Error(`an outlet: ${opened.status} ${await opened.text()}`);
}

async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  try {
    for await (const _ of body ?? []);
  } catch {
    // It was ended from here.
  }
}
