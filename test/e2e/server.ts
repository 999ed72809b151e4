/** Millrace as a process of its own, with all it says, and a client for its streams. */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cutBody } from "../../api/cut-body.ts";
import { afterwards, until } from "./support.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export class Server {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  #ended: Ended | undefined;

  /** Starts `main.ts` on the runtime that runs the test. It is killed after the test, if it still runs. */
  constructor(
    t: { after(fn: () => void | Promise<void>): void },
    args: readonly string[],
    options: ServerOptions = {},
  ) {
    const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A"];
    this.child = spawn(process.execPath, [...runtime, MAIN, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...cleanEnvironment(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    // `close`, not `exit`: by then everything it said has been read.
    this.ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (code, signal) => {
        this.#ended = { code, signal };
        resolve(this.#ended);
      });
    });
    afterwards(t, async () => {
      if (this.#ended === undefined) this.child.kill("SIGKILL");
      await this.ended;
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Resolves with its address when all its actors run. */
  async ready(): Promise<string> {
    const line = / ready at (https?:\/\/\S+)/;
    await until(
      "the server is ready",
      () => {
        if (this.#ended !== undefined)
          throw new Error(`the server ended before it was ready: ${this.stderr}`);
        return line.test(this.stderr);
      },
      60_000,
    );
    return line.exec(this.stderr)?.[1] ?? "";
  }

  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<Ended> {
    // On Deno, a child that was sent a signal by `child.kill` is said to have died of it, whatever it did.
    process.kill(this.pid, signal);
    return this.ended;
  }
}

export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Everything that a stream has said so far. */
export class EventStream {
  text = "";
  /** Whether the server has ended it. */
  isOver = false;
  readonly #abort = new AbortController();
  readonly #events: StreamEvent[] = [];
  /** So far the text is events. */
  #parsed = 0;

  static async open(url: string, t: { after(fn: () => void | Promise<void>): void }): Promise<EventStream> {
    const stream = new EventStream();
    const { signal } = stream.#abort;
    const response = cutBody(await fetch(url, { signal }), signal);
    if (!response.ok || response.body === null) throw new Error(`${url}: ${response.status}`);
    afterwards(t, () => stream.close());
    void stream.#read(response.body);
    return stream;
  }

  /** Those that have come whole: an event is one when the empty line behind it is there. */
  events(): readonly StreamEvent[] {
    for (let end = this.#blockEnd(); end >= 0; end = this.#blockEnd()) {
      const block = this.text.slice(this.#parsed, end);
      this.#parsed = end + 2;
      const of = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      const [event, id, data] = [of("event"), of("id"), of("data")];
      if (event !== undefined && id !== undefined && data !== undefined)
        this.#events.push({ event, id, data });
    }
    return this.#events;
  }

  #blockEnd(): number {
    return this.text.indexOf("\n\n", this.#parsed);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) this.text += decoder.decode(chunk, { stream: true });
    } catch {
      // Closed from here, or cut by the end of the server: what was said was read.
    }
    this.isOver = true;
  }
}

/** Without settings of whoever runs the tests. */
export function cleanEnvironment(): Record<string, string> {
  const all = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("MILLRACE_"),
  );
  return Object.fromEntries(all);
}
