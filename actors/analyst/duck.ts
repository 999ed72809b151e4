/**
 * DuckDB as WebAssembly, shut in: it can neither open files nor load extensions, its memory has an end, and it can be stopped in
 * the middle of whatever it is at. For a thread of its own (duck-worker.ts): every call here lasts as long as DuckDB takes.
 *
 * - Files: the runtime that DuckDB is given opens none. Its own settings forbid them too, and give the clearer error.
 * - Extensions: loading one waits for the network for ever (duckdb/duckdb-wasm#2252), so that is switched off before anything else.
 * - Memory: a WebAssembly.Memory with a maximum. DuckDB's own limit lies below it; what it does not count meets the maximum.
 * - Stopping: a running query comes up for air after about 100 ms, but an operator that yields no row may not for hours (a cross
 *   join whose condition never holds). DuckDB asks for the time at every operator while it is profiling, so it is stopped there, by
 *   an error thrown through it. That breaks the instance, as a trap does: `isBroken`, and it must be made anew.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dropInnerExports } from "./duck-binary.ts";

const MODULE = "@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs";
const BINARY = "@duckdb/duckdb-wasm/dist/duckdb-eh.wasm";
const PAGE_BYTES = 65536;
const FIRST_PAGES = 256;
/** Beside what DuckDB counts: the code's own data, results on their way out, vectors. */
const UNCOUNTED_SHARE = 0.5;
/** A stop is waited for so long before it is forced: most queries come up for air before, and then nothing breaks. */
const PATIENCE_MS = 200;
/** What DuckDB calls while it works: the clock, large copies, and more memory. */
const HEARTBEATS = ["emscripten_get_now", "_emscripten_memcpy_js", "emscripten_resize_heap"];

type Functions = Readonly<Record<string, unknown>>;
type Imports = Readonly<Record<string, Functions>>;

/** The part of DuckDB's own interface that is used. Bytes are Arrow IPC messages, null: not there yet. */
interface Bindings {
  instantiate(): Promise<unknown>;
  instantiateImpl(overrides: object): Promise<unknown>;
  instantiateWasm(imports: Imports, success: (instance: unknown, module: unknown) => void): object;
  open(config: object): void;
  connect(): { readonly _conn: number; close(): void };
  tokenize(text: string): { readonly offsets: readonly number[]; readonly types: readonly number[] };
  createPrepared(connection: number, text: string): number;
  closePrepared(connection: number, statement: number): void;
  startPendingQuery(connection: number, text: string, stream: boolean): Uint8Array | null;
  pollPendingQuery(connection: number): Uint8Array | null;
  cancelPendingQuery(connection: number): boolean;
  fetchQueryResults(connection: number): Uint8Array | null;
  insertArrowFromIPCStream(connection: number, bytes: Uint8Array, options: object): void;
}

interface DuckModule {
  readonly DEFAULT_RUNTIME: object;
  readonly VoidLogger: new () => object;
  createDuckDB(bundles: object, logger: object, runtime: object): Promise<Bindings>;
}

export interface DuckOptions {
  /** What DuckDB may use, as it counts. */
  readonly memoryBytes: number;
  /** Asked often while a call runs: whether it is to end. */
  readonly isStopped: () => boolean;
  /** How long a step may go on after that before it is ended by force. Default 200 ms. */
  readonly patienceMs?: number;
}

/** What the heartbeats find. */
interface Heart {
  readonly isStopped: () => boolean;
  readonly patienceMs: number;
  /** An error was thrown through DuckDB. */
  isForced: boolean;
}

/** A call was ended because it was to stop. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** DuckDB refuses, or cannot go on; the message is its own. */
export class DuckError extends Error {
  override readonly name = "DuckError";
}

export class Duck {
  readonly #bindings: Bindings;
  readonly #heart: Heart;
  #connection: { readonly _conn: number; close(): void } | undefined;
  #isBroken = false;

  /** Takes about a second, most of it to compile 24 MB of code, and 150 to 190 MB. */
  static async start({ memoryBytes, isStopped, patienceMs = PATIENCE_MS }: DuckOptions): Promise<Duck> {
    const heart: Heart = { isStopped, patienceMs, isForced: false };
    return new Duck(await instantiate(memoryBytes, heart), heart);
  }

  private constructor(bindings: Bindings, heart: Heart) {
    this.#bindings = bindings;
    this.#heart = heart;
  }

  /** It trapped, or was stopped by force: nothing can be asked of it any more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Begins an empty database; the one before is gone with all that was in it. */
  open(): void {
    this.#call(() => {
      this.#connection?.close();
      this.#bindings.open({ path: ":memory:", maximumThreads: 1 });
      this.#connection = this.#bindings.connect();
    });
  }

  /** Runs statements of ours, in one go: each call costs some milliseconds. */
  execute(...statements: readonly string[]): void {
    for (const _ of this.query(statements.join(";\n"))) void _;
  }

  /**
   * Runs one statement to its end and gives its result: the schema's message first, then those of the batches, all of which are
   * there when the first is. @throws Stopped, DuckError
   */
  *query(text: string): Generator<Uint8Array, void, void> {
    yield this.#call(() => this.#schemaOf(text));
    for (;;) {
      const batch = this.#call(() => this.#bindings.fetchQueryResults(this.#id));
      if (batch === null) continue;
      if (batch.byteLength === 0) return;
      yield batch;
    }
  }

  /** Throws when the text is not exactly one statement that DuckDB understands. Runs nothing of it. */
  check(text: string): void {
    this.#call(() => this.#bindings.closePrepared(this.#id, this.#bindings.createPrepared(this.#id, text)));
  }

  /** Where the text's tokens begin, in bytes of UTF-8. Comments are none. */
  tokenOffsets(text: string): readonly number[] {
    return this.#call(() => this.#bindings.tokenize(text).offsets);
  }

  /** Appends the rows of an Arrow IPC stream to a table, column by column in its order. */
  insert(schema: string, table: string, stream: Uint8Array): void {
    const options = { schema, name: table, create: false };
    this.#call(() => this.#bindings.insertArrowFromIPCStream(this.#id, stream, options));
  }

  get #id(): number {
    if (this.#connection === undefined) throw new Error("a database is opened before it is asked");
    return this.#connection._conn;
  }

  #schemaOf(text: string): Uint8Array {
    // Not as a stream: DuckDB would then work on in `fetchQueryResults`, which does not come up for air.
    let schema = this.#bindings.startPendingQuery(this.#id, text, false);
    while (schema === null) {
      if (this.#heart.isStopped()) {
        this.#bindings.cancelPendingQuery(this.#id);
        throw new Stopped("stopped between two steps");
      }
      schema = this.#bindings.pollPendingQuery(this.#id);
    }
    return schema;
  }

  #call<T>(call: () => T): T {
    if (this.#isBroken) throw new Error("DuckDB is broken, and must be made anew");
    if (this.#heart.isStopped()) throw new Stopped("stopped before it began");
    try {
      return call();
    } catch (error) {
      this.#isBroken = this.#heart.isForced || isTrap(error);
      // Whatever came of the error on its way through DuckDB.
      if (this.#heart.isForced) throw new Stopped("stopped by force");
      throw error instanceof Error && !(error instanceof Stopped) ? new DuckError(error.message) : error;
    } finally {
      if (this.#heart.isForced) this.#isBroken = true;
    }
  }
}

/** What a WebAssembly instance does not survive. DuckDB's refusals are plain errors. */
function isTrap(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  if (error instanceof Stopped) return false;
  return (
    error instanceof WebAssembly.RuntimeError ||
    error instanceof RangeError ||
    error instanceof TypeError ||
    error.constructor !== Error ||
    /^(INTERNAL|FATAL) Error/.test(error.message)
  );
}

async function instantiate(memoryBytes: number, heart: Heart): Promise<Bindings> {
  const require = createRequire(import.meta.url);
  const duck = require(MODULE) as DuckModule;
  const binary = require.resolve(BINARY);
  const bundle = { mainModule: binary };
  const runtime = { ...duck.DEFAULT_RUNTIME, testPlatformFeature: () => true };
  const bindings = await duck.createDuckDB({ mvp: bundle, eh: bundle }, new duck.VoidLogger(), runtime);
  const maximum = Math.ceil((memoryBytes * (1 + UNCOUNTED_SHARE)) / PAGE_BYTES) + FIRST_PAGES;
  const wasmMemory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum });
  const silence = () => {};
  const failed = Promise.withResolvers<never>();
  const instantiateImpl = bindings.instantiateImpl;
  bindings.instantiateImpl = (overrides) =>
    instantiateImpl.call(bindings, { ...overrides, wasmMemory, print: silence, printErr: silence });
  bindings.instantiateWasm = (imports, success) => {
    (globalThis as { DUCKDB_RUNTIME?: object }).DUCKDB_RUNTIME = runtime;
    const watched = { ...imports, env: withHeartbeats(imports["env"]!, heart) };
    void instanceOf(binary, watched)
      .then(({ instance, module }) => success(instance, module))
      .catch(failed.reject);
    return [];
  };
  // DuckDB's own loader waits for ever for an instance that does not come.
  await Promise.race([bindings.instantiate(), failed.promise]);
  return bindings;
}

async function instanceOf(
  binary: string,
  imports: object,
): Promise<{ readonly instance: unknown; readonly module: unknown }> {
  const bytes = readFileSync(binary);
  dropInnerExports(bytes);
  const made: unknown = await WebAssembly.instantiate(bytes, imports as never);
  // Compiled: 34 MB that need not wait for the garbage collector.
  bytes.buffer.transfer(0);
  return made as { readonly instance: unknown; readonly module: unknown };
}

/** The functions that DuckDB calls, those of them that it calls often with a look at whether it is to stop. */
function withHeartbeats(env: Functions, heart: Heart): Functions {
  let stopSeenMs: number | undefined;
  const look = () => {
    if (!heart.isStopped()) {
      stopSeenMs = undefined;
      return;
    }
    stopSeenMs ??= performance.now();
    if (performance.now() - stopSeenMs < heart.patienceMs) return;
    heart.isForced = true;
    throw new Stopped("stopped at a heartbeat");
  };
  const watched = new Map<string | symbol, unknown>(
    HEARTBEATS.map((name) => {
      const call = env[name] as (...values: readonly unknown[]) => unknown;
      return [
        name,
        (...values: readonly unknown[]) => {
          look();
          return call(...values);
        },
      ];
    }),
  );
  return new Proxy(env, { get: (target, name) => watched.get(name) ?? target[name as string] });
}
