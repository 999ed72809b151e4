/**
 * A /proc written into a temporary folder, and a way to make single files of it fail. Faults are put into the port and not
 * into file modes, because tests may run as root, who is refused nothing.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileAccess } from "../../../../actors/sampler/host/file-access.ts";
import { nodeFiles } from "../../../../actors/sampler/host/file-access.ts";

export interface FakeProcess {
  readonly comm?: string | Uint8Array;
  readonly flags?: number;
  readonly userTicks?: number;
  readonly systemTicks?: number;
  readonly startTicks?: number;
  readonly residentPages?: number;
  readonly sharedPages?: number;
  readonly readBytes?: number;
  readonly writeBytes?: number;
  readonly privateCleanKb?: number;
  readonly privateDirtyKb?: number;
  readonly privateHugeKb?: number;
}

/** A stat record as the kernel writes it: the name's bytes raw, 52 fields. */
export function statRecord(pid: number, process: FakeProcess): Uint8Array {
  const { comm = "program", flags = 4194304, userTicks = 0, systemTicks = 0, startTicks = 1000 } = process;
  const name = typeof comm === "string" ? new TextEncoder().encode(comm) : comm;
  const head = new TextEncoder().encode(`${pid} (`);
  const tail = new TextEncoder().encode(
    `) S 1 ${pid} ${pid} 0 -1 ${flags} 103 7 0 9 ${userTicks} ${systemTicks} 55 66 20 -5 1 0 ${startTicks} 3133440 390 ` +
      `18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 1 1 1 1 1 1 0\n`,
  );
  const record = new Uint8Array(head.length + name.length + tail.length);
  record.set(head);
  record.set(name, head.length);
  record.set(tail, head.length + name.length);
  return record;
}

export class FakeProc implements FileAccess {
  readonly root = mkdtempSync(join(tmpdir(), "fake-proc-"));
  /** Paths relative to the root that fail, with the code they fail with. */
  readonly faults = new Map<string, number>();
  /** Relative paths in the order they were read; tests clear it. */
  readonly reads: string[] = [];
  /** Called before each read with the relative path: moves clocks, ends processes. */
  onRead: (path: string) => void = () => {};

  /** Writes, or overwrites, one process. */
  put(pid: number, process: FakeProcess = {}): void {
    const folder = join(this.root, String(pid));
    mkdirSync(folder, { recursive: true });
    const { residentPages = 100, sharedPages = 40, readBytes = 0, writeBytes = 0 } = process;
    const { privateCleanKb = 0, privateDirtyKb = 100, privateHugeKb = 0 } = process;
    writeFileSync(join(folder, "stat"), statRecord(pid, process));
    writeFileSync(join(folder, "statm"), `765 ${residentPages} ${sharedPages} 5 0 123 0\n`);
    writeFileSync(
      join(folder, "io"),
      `rchar: 7993\nwchar: 1017\nsyscr: 16\nsyscw: 3\nread_bytes: ${readBytes}\nwrite_bytes: ${writeBytes}\ncancelled_write_bytes: 77\n`,
    );
    writeFileSync(
      join(folder, "smaps_rollup"),
      `55e0be3e0000-7ffdc162d000 ---p 00000000 00:00 0                          [rollup]\n` +
        `Rss:                1672 kB\nPss:                 461 kB\nShared_Clean:       1428 kB\nShared_Dirty:          5 kB\n` +
        `Private_Clean:    ${privateCleanKb} kB\nPrivate_Dirty:    ${privateDirtyKb} kB\nReferenced:         1672 kB\n` +
        `Shared_Hugetlb:        9 kB\nPrivate_Hugetlb:    ${privateHugeKb} kB\nLocked:                0 kB\n`,
    );
  }

  end(pid: number): void {
    rmSync(join(this.root, String(pid)), { recursive: true });
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(join(this.root, path, ".."), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  read(path: string, buffer: Uint8Array): number {
    const relative = path.slice(this.root.length + 1);
    this.reads.push(relative);
    this.onRead(relative);
    return this.faults.get(relative) ?? nodeFiles.read(path, buffer);
  }

  list(path: string): readonly string[] {
    return nodeFiles.list(path);
  }

  /** The files of one kind read since `reads` was cleared, by pid in reading order. */
  pidsRead(file: string): number[] {
    return this.reads.filter((path) => path.endsWith(`/${file}`)).map((path) => Number.parseInt(path, 10));
  }
}

/** Runs `body` with a fresh fake and removes it afterwards. */
export function withFakeProc(body: (proc: FakeProc) => void): void {
  const proc = new FakeProc();
  try {
    body(proc);
  } finally {
    proc.remove();
  }
}
