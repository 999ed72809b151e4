/**
 * Takes the items of a source one at a time: the next one is asked for when the one before has been taken. A source that keeps
 * nobody waiting gives way to the event loop after TURN_MS.
 *
 * It is written with callbacks in place of `await`, as a source that is silent for hours must be left at once when it is told to stop,
 * and a race for each item costs more than all the rest.
 */

import { setImmediate } from "node:timers";
import type { Clock } from "../../runtime/clock.ts";

/** How long items are taken in one go, before timers and signals have their turn. */
const TURN_MS = 10;
/** The clock is asked every so many items. */
const LOOK_EVERY = 256;

export type Source<In> = AsyncIterable<In> | Iterable<In>;

export interface PullOptions<In> {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Called before each item is asked for. Undefined: go on; a promise: when it has resolved, ask again. */
  ready(): Promise<void> | undefined;
  /** Takes an item. The next one waits for the promise. */
  take(item: In): Promise<void> | undefined;
  /** The source threw when it was told that no more is wanted, and nobody waits for it any more. */
  failedToReturn(error: unknown): void;
}

export interface Pull {
  /** How it ended: the source had no more, or `stop`. Rejects with what the source threw, or `ready` or `take` did. */
  readonly ended: Promise<"end" | "stopped">;
  /** Whether an item was asked for that has not come. */
  readonly isAsking: boolean;
  /** Asks for no more. An item that was asked for and has not come is lost. */
  stop(): void;
  /** Ends it like something that the engine threw. */
  fail(error: unknown): void;
}

/** @throws TypeError for what is no source */
export function expectSource(source: Source<unknown>): void {
  const given = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (given?.[Symbol.asyncIterator] === undefined && given?.[Symbol.iterator] === undefined) {
    throw new TypeError(
      `ingestStream: expected an async iterable, or an iterable; came ${given === null ? "null" : `a ${typeof given}`}`,
    );
  }
}

/** Begins to take what the source has. */
export function pull<In>(source: Source<In>, options: PullOptions<In>): Pull {
  return new Puller(source, options);
}

class Puller<In> implements Pull {
  readonly ended: Promise<"end" | "stopped">;
  isAsking = false;
  readonly #options: PullOptions<In>;
  readonly #iterator: AsyncIterator<In> | Iterator<In>;
  readonly #isAsync: boolean;
  #isStopped = false;
  #isOver = false;
  #resolve: (how: "end" | "stopped") => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #untilLook = LOOK_EVERY;
  #turnSinceMs: number;

  constructor(source: Source<In>, options: PullOptions<In>) {
    this.#options = options;
    this.#turnSinceMs = options.clock.monotonicMs();
    const isAsync = (source as Partial<AsyncIterable<In>>)[Symbol.asyncIterator] !== undefined;
    this.#isAsync = isAsync;
    this.#iterator = isAsync
      ? (source as AsyncIterable<In>)[Symbol.asyncIterator]()
      : (source as Iterable<In>)[Symbol.iterator]();
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Not at once: whoever made this has to know it first.
    queueMicrotask(this.#go);
  }

  fail(error: unknown): void {
    this.#fail(error);
  }

  stop(): void {
    this.#isStopped = true;
    // Otherwise it is within `ready` or `take`, which are not left half done, or within a source that calls this as it makes an item.
    if (this.isAsking && this.#isAsync) this.#leave();
  }

  readonly #came = (step: IteratorResult<In>): void => {
    if (this.#isOver) return;
    this.isAsking = false;
    try {
      expectStep(step);
      if (step.done === true) {
        this.#end("end");
        return;
      }
      const wait = this.#options.take(step.value);
      if (wait === undefined) this.#next();
      else wait.then(this.#go, this.#fail);
    } catch (error) {
      this.#fail(error);
    }
  };

  /** What the source threw: it is over, and not to be asked to return. */
  readonly #threw = (error: unknown): void => {
    this.isAsking = false;
    this.#isOver = true;
    this.#reject(error);
  };

  /** What the engine threw. */
  readonly #fail = (error: unknown): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#return().catch(this.#options.failedToReturn);
    this.#reject(error);
  };

  readonly #go = (): void => {
    try {
      this.#next();
    } catch (error) {
      this.#fail(error);
    }
  };

  /** Asks for the next item, and on, as long as nothing has to be waited for. */
  #next(): void {
    const { ready, take } = this.#options;
    while (!this.#isOver) {
      if (this.#isStopped) {
        this.#leave();
        return;
      }
      const wait = this.#isTurnOver() ? this.#turn() : ready();
      if (wait !== undefined) {
        wait.then(this.#go, this.#fail);
        return;
      }
      const step = this.#ask();
      if (step === undefined) return;
      if (step.done === true) {
        this.#end("end");
        return;
      }
      const taking = take(step.value);
      if (taking !== undefined) {
        taking.then(this.#go, this.#fail);
        return;
      }
    }
  }

  /** @returns what came at once; undefined when it has to be waited for, or the source threw */
  #ask(): IteratorResult<In> | undefined {
    this.isAsking = true;
    try {
      const step = this.#iterator.next();
      if (this.#isAsync) {
        Promise.resolve(step).then(this.#came, this.#threw);
        return undefined;
      }
      this.isAsking = false;
      expectStep(step);
      return step;
    } catch (error) {
      this.#threw(error);
      return undefined;
    }
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const returned = this.#return();
    if (this.isAsking) {
      // A generator that is asked for an item returns when that has come, which may be never.
      returned.catch(this.#options.failedToReturn);
      this.#resolve("stopped");
    } else {
      returned.then(() => this.#resolve("stopped"), this.#reject);
    }
  }

  /** Tells the source that no more is wanted. */
  async #return(): Promise<void> {
    await this.#iterator.return?.();
  }

  #end(how: "end" | "stopped"): void {
    this.#isOver = true;
    this.#resolve(how);
  }

  #isTurnOver(): boolean {
    if (--this.#untilLook > 0) return false;
    this.#untilLook = LOOK_EVERY;
    return this.#options.clock.monotonicMs() - this.#turnSinceMs >= TURN_MS;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#turnSinceMs = this.#options.clock.monotonicMs();
        resolve();
      }),
    );
  }
}

/** @throws TypeError for what no iterator gives */
function expectStep<In>(step: unknown): asserts step is IteratorResult<In> {
  if (typeof step === "object" && step !== null) return;
  const came = step === null ? "null" : typeof step;
  throw new TypeError(`ingestStream: expected an object of the source's next(); came ${came}`);
}
