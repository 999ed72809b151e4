/**
 * One batch, until it is answered or given up. Every attempt is the same bytes under the same random key, so that the server takes its
 * rows once, however many attempts reach it.
 */

import { answerText, unlessAborted } from "./answer-text.ts";
import type { ClientTimer } from "./clock.ts";
import type { BatchResult, CheckedOptions, Rejection } from "./options.ts";
import { mayRetry, retryAfterMs, retryDelayMs } from "./retry.ts";
import type { Batch } from "./row-buffer.ts";

export type Delivered =
  | { readonly ok: true; readonly result: BatchResult }
  | { readonly ok: false; readonly message: string };

interface Attempt {
  /** Undefined: the answer came, and is this. */
  readonly retryAfterMs?: number;
  readonly answered?: Omit<BatchResult, "attempts">;
  /** Why it came to nothing. */
  readonly message?: string;
}

/** Between two attempts, when the client is being closed. */
const HURRIED_MS = 500;
/** Characters of an answer's explanation that go on. */
const MESSAGE_CHARACTERS = 300;

export class Delivery {
  readonly #options: CheckedOptions;
  readonly #batch: Batch;
  readonly #abort = new AbortController();
  readonly #key = randomKey();
  #wake: (() => void) | undefined;
  #isHurried = false;
  #attempts = 0;

  constructor(options: CheckedOptions, batch: Batch) {
    this.#options = options;
    this.#batch = batch;
  }

  /** Rejects with what `random` or `clock` throw alone. @param onRetry called before each attempt but the first */
  async run(onRetry: () => void): Promise<Delivered> {
    const { clock, maxRetryMs, random } = this.#options;
    const beganMs = clock.monotonicMs();
    const body = await packed(this.#batch.body, this.#options.gzip);
    for (;;) {
      if (this.#abort.signal.aborted) return { ok: false, message: "it was given up before it was sent" };
      if (this.#attempts++ > 0) onRetry();
      const attempt = await this.#send(body);
      if (attempt.answered !== undefined)
        return { ok: true, result: { ...attempt.answered, attempts: this.#attempts } };
      const { message = "", retryAfterMs: afterMs } = attempt;
      if (afterMs === undefined || this.#abort.signal.aborted) return { ok: false, message };
      const usualMs = retryDelayMs(this.#attempts, afterMs, random());
      const delayMs = this.#isHurried ? Math.min(usualMs, HURRIED_MS) : usualMs;
      if (clock.monotonicMs() + delayMs - beganMs > maxRetryMs)
        return { ok: false, message: `${message}; given up after ${this.#attempts} attempts` };
      await this.#wait(delayMs);
      if (this.#abort.signal.aborted) return { ok: false, message };
    }
  }

  /** Ends a wait between two attempts, and makes those to come short: there is not much time. */
  hurry(): void {
    this.#isHurried = true;
    this.#wake?.();
  }

  /** There is no more time. */
  giveUp(): void {
    this.#abort.abort();
    this.#wake?.();
  }

  async #send(body: Uint8Array<ArrayBuffer>): Promise<Attempt> {
    const { clock, fetch, address, headers, requestTimeoutMs } = this.#options;
    const stop = new AbortController();
    const end = () => stop.abort();
    this.#abort.signal.addEventListener("abort", end);
    const timer: ClientTimer = clock.after(requestTimeoutMs, end);
    const { signal } = stop;
    try {
      const answered = fetch(address, {
        method: "POST",
        headers: {
          ...headers,
          "idempotency-key": this.#key,
          ...(body === this.#batch.body ? {} : { "content-encoding": "gzip" }),
        },
        body,
        signal,
        // An answer from elsewhere is none of ours, and a token is not for elsewhere.
        redirect: "error",
      });
      return await unlessAborted(
        answered.then((response) => this.#read(response, signal)),
        signal,
      );
    } catch (error) {
      return {
        retryAfterMs: 0,
        message: signal.aborted ? "no answer in time" : `no answer: ${textOf(error)}`,
      };
    } finally {
      timer.cancel();
      this.#abort.signal.removeEventListener("abort", end);
    }
  }

  async #read(response: Response, signal: AbortSignal): Promise<Attempt> {
    const { status } = response;
    const answer = objectIn(await answerText(response, signal));
    if (mayRetry(status)) {
      const afterMs = retryAfterMs(response.headers.get("retry-after"), this.#options.clock.nowMs());
      return { retryAfterMs: afterMs, message: explained(status, answer) };
    }
    // All rows refused is an answer too, and comes as a problem.
    if (status !== 422 && !response.ok) return { message: explained(status, answer) };
    if (answer === undefined && response.ok) return { retryAfterMs: 0, message: "the answer is cut off" };
    const { accepted, rejected, rejections = [], reasons = {} } = answer ?? {};
    const { rows } = this.#batch;
    if (
      !Number.isInteger(accepted) ||
      !Number.isInteger(rejected) ||
      Number(accepted) + Number(rejected) !== rows
    )
      return { message: response.ok ? "the answer is none of Millrace" : explained(status, answer) };
    return {
      answered: {
        rows,
        accepted: Number(accepted),
        rejected: Number(rejected),
        rejections: rejections as readonly Rejection[],
        reasons: reasons as Readonly<Record<string, number>>,
      },
    };
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, () => this.#wake?.());
      this.#wake = () => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

type Answer = Readonly<Record<string, unknown>>;

function explained(status: number, answer: Answer | undefined): string {
  const detail = answer?.["detail"];
  return typeof detail === "string" ? `${status}: ${detail.slice(0, MESSAGE_CHARACTERS)}` : String(status);
}

/** Undefined: it is no JSON. A proxy may have answered, with anything. */
function objectIn(text: string): Answer | undefined {
  try {
    return (JSON.parse(text) ?? {}) as Answer;
  } catch {
    return undefined;
  }
}

/** What is packed twice need not be the same bytes: they are kept over all attempts. */
async function packed(body: Uint8Array<ArrayBuffer>, gzip: boolean): Promise<Uint8Array<ArrayBuffer>> {
  if (!gzip || typeof CompressionStream === "undefined") return body;
  try {
    const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Uint8Array(await new Response(stream as never).arrayBuffer());
  } catch {
    return body;
  }
}

/** 128 bits, in hex. `randomUUID` is not to be had on pages without TLS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function textOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).slice(0, MESSAGE_CHARACTERS);
}
