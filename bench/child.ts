/** A fixture as a process of its own, on the runtime that runs the bench. */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

/** It is asked by lines and answers by lines of JSON. */
export class Child {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #closed: Promise<void>;
  readonly #said: string[] = [];
  #waiting: ((line: string) => void) | undefined;

  constructor(fixture: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url));
    const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];
    this.#child = spawn(process.execPath, [...runtime, path, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#closed = new Promise((resolve) => this.#child.on("close", () => resolve()));
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#lines.on("line", (line) => {
      if (this.#waiting === undefined) this.#said.push(line);
      else this.#waiting(line);
      this.#waiting = undefined;
    });
  }

  line<T>(): Promise<T> {
    const said = this.#said.shift();
    if (said !== undefined) return Promise.resolve(JSON.parse(said) as T);
    return new Promise((resolve, reject) => {
      this.#waiting = (line) => resolve(JSON.parse(line) as T);
      void this.#closed.then(() => reject(new Error("a process of the bench ended before it answered")));
    });
  }

  ask<T>(command: string): Promise<T> {
    const answer = this.line<T>();
    this.#child.stdin?.write(`${command}\n`);
    return answer;
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#closed;
  }
}
