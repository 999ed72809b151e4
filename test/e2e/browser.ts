/** A real Chromium for the page: CHROMIUM says where it is, else /usr/bin/chromium. Everything that goes wrong in it is kept. */

import nodeProcess from "node:process";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterwards } from "./support.ts";

const EXECUTABLE = nodeProcess.env["CHROMIUM"] ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const WAIT_MS = 60_000;

interface Cleanup {
  after(fn: () => void | Promise<void>): void;
}

export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of the console, errors of scripts, requests that failed or were answered with an error. */
  readonly complaints: readonly string[];
  /** Paths of what was asked for and came whole. */
  readonly answered: ReadonlySet<string>;
}

/** A browser that is closed after the test. */
export async function openBrowser(t: Cleanup): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS, timeout: WAIT_MS });
  afterwards(t, () => browser.close());
  return browser;
}

/** A page in a profile of its own, at `url`. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()))
      complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`script: ${error.stack ?? error.message}`));
  page.on("requestfailed", (request) => {
    const { errorText = "" } = request.failure() ?? {};
    // The page ended it itself: a stream that it needs no more.
    if (errorText !== "net::ERR_ABORTED") complaints.push(`failed: ${request.url()} ${errorText}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
  });
  const answered = new Set<string>();
  page.on("requestfinished", (request) => answered.add(new URL(request.url()).pathname));
  await page.goto(url);
  return { page, complaints, answered };
}

/**
 * Resolves once an expression is true in the page; it is looked at with every frame. (Playwright's own waitForFunction needs
 * `unsafe-eval`, which the page's policy refuses.) @param expression JavaScript
 */
export async function whenTrue(page: Page, expression: string): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  while (
    !(await page.evaluate(`new Promise((resolve) => requestAnimationFrame(() => resolve(${expression})))`))
  ) {
    if (performance.now() > endMs) throw new Error(`waited ${WAIT_MS} ms in vain until ${expression}`);
  }
}

/** Resolves once an expression has another value than the one given, with it. */
export async function whenOther(page: Page, expression: string, than: unknown): Promise<unknown> {
  await whenTrue(page, `JSON.stringify(${expression}) !== ${JSON.stringify(JSON.stringify(than))}`);
  return page.evaluate(expression);
}

/** Resolves once what is asked for under all of these paths has come whole. */
export async function whenAnswered({ page, answered }: OpenPage, paths: readonly string[]): Promise<void> {
  while (!paths.every((path) => answered.has(path))) await page.waitForEvent("requestfinished");
}
