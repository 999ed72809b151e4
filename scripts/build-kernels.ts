/**
 * Compiles wasm/kernels/ to wasm/build/kernels.wasm, on Bun or on Deno, when it has to.
 *
 *   bun scripts/build-kernels.ts [--debug]        deno run -A scripts/build-kernels.ts [--debug]
 *
 * A build is skipped when the hash of sources, flags and compiler version equals the one stored beside the output; that is
 * found out before the compiler is loaded, because loading it takes longer than all the rest. Output is written beside
 * and renamed, so a reader sees the old kernels or the new ones, and two builds at once do no harm. `--debug` makes
 * kernels.debug.wasm, with names and assertions, for a debugger; nothing loads it by itself.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
const SOURCES = new URL("wasm/kernels/", ROOT);
const BUILD = new URL("wasm/build/", ROOT);

/**
 * The memory is imported and shared; the module declares 1 to 65536 pages, so it links with every shared memory up to
 * 4 GiB and the host alone decides the size. `stub` runtime: there is no heap, and nothing here may allocate.
 */
const COMMON_FLAGS = [
  "index.ts",
  ...["--runtime", "stub"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
  ...["--enable", "simd,threads,bulk-memory"],
];
const FLAGS = {
  release: [...COMMON_FLAGS, "-O3", "--converge", "--noAssert"],
  debug: [...COMMON_FLAGS, "--debug"],
} as const;

/** In a variable, so that TypeScript does not follow it: the compiler's own types redeclare `console` for everybody. */
const COMPILER: string = "assemblyscript/asc";

/** As much of the compiler's interface as is used here. */
interface Compiler {
  main(
    flags: readonly string[],
    host: {
      readFile(name: string): string | null;
      writeFile(name: string, content: string | Uint8Array): void;
      listFiles(): string[];
      readonly stderr: { write(chunk: string | Uint8Array): void };
    },
  ): Promise<{ readonly error: Error | null }>;
}

/** Where the tables that the kernels compute for themselves begin; what the compiler places must end below. */
const TABLES_START = 32768;

function sourceFiles(): Map<string, string> {
  const names = readdirSync(SOURCES).filter((name) => name.endsWith(".ts"));
  return new Map(names.sort().map((name) => [name, readFileSync(new URL(name, SOURCES), "utf8")]));
}

function compilerVersion(): string {
  const manifest = new URL("node_modules/assemblyscript/package.json", ROOT);
  try {
    return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
  } catch (cause) {
    throw new Error(
      "The AssemblyScript compiler is not installed. Run `bun install` or `deno install` first.",
      { cause },
    );
  }
}

function hashOf(sources: ReadonlyMap<string, string>, flags: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify([compilerVersion(), flags, TABLES_START, ...sources]))
    .digest("hex");
}

function isCurrent(output: URL, stamp: URL, hash: string): boolean {
  try {
    return statSync(output).size > 0 && readFileSync(stamp, "utf8") === hash;
  } catch {
    return false; // never built, or half of it was removed: build it
  }
}

function replaceFile(file: URL, content: string | Uint8Array): void {
  const beside = new URL(`${file.href}.${process.pid}.tmp`);
  writeFileSync(beside, content);
  renameSync(beside, file);
}

async function compile(
  sources: ReadonlyMap<string, string>,
  flags: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: asc } = (await import(COMPILER)) as { readonly default: Compiler };
  let output: Uint8Array<ArrayBuffer> | undefined;
  let messages = "";
  const { error } = await asc.main([...flags, "--outFile", "kernels.wasm"], {
    readFile: (name: string) => sources.get(name) ?? null,
    writeFile: (name: string, content: string | Uint8Array) => {
      if (name === "kernels.wasm" && typeof content !== "string") output = new Uint8Array(content);
    },
    listFiles: () => [],
    stderr: {
      write: (chunk: string | Uint8Array) => {
        messages += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      },
    },
  });
  if (error !== null || output === undefined) {
    throw new Error(`The kernels do not compile:\n${messages || (error?.message ?? "no output")}`);
  }
  if (messages !== "") console.error(messages);
  return output;
}

/** Static data must leave the tables alone; the module itself knows where its data end. */
function checkStaticEnd(wasm: Uint8Array<ArrayBuffer>): void {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), {
    env: { memory, abort: () => {} },
  });
  const staticEnd = (instance.exports["staticEnd"] as () => number)();
  if (staticEnd > TABLES_START) {
    throw new Error(
      `The kernels' static data end at byte ${staticEnd}; they must end at ${TABLES_START} or below.`,
    );
  }
}

async function build(kind: keyof typeof FLAGS): Promise<void> {
  const output = new URL(kind === "release" ? "kernels.wasm" : "kernels.debug.wasm", BUILD);
  const stamp = new URL(`${output.href}.sha256`);
  const sources = sourceFiles();
  const hash = hashOf(sources, FLAGS[kind]);
  if (isCurrent(output, stamp, hash)) return;

  const wasm = await compile(sources, FLAGS[kind]);
  checkStaticEnd(wasm);
  mkdirSync(BUILD, { recursive: true });
  replaceFile(output, wasm);
  replaceFile(stamp, hash);
  console.error(`kernels: built ${output.pathname.slice(ROOT.pathname.length)}, ${wasm.length} bytes`);
}

await build(process.argv.includes("--debug") ? "debug" : "release");
