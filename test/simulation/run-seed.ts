/**
 * One seed's run: from an empty data folder, through as many lives of the process as its faults make of it, to an orderly end; and
 * then the check of what is in the log. Everything is drawn from the seed, so that the same seed is the same run.
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { LedgerRow } from "../../actors/ledger.ts";
import { decodeCheckpoint } from "../../actors/windower/checkpoint.ts";
import { rulesFor } from "../../actors/windower/rules.ts";
import type { Dataset } from "../../datasets/define.ts";
import {
  checkFigures,
  checkLedger,
  checkNumbers,
  checkRevisions,
  checkRows,
  checkWindows,
  type MadeRow,
  type StoredBatch,
} from "./check.ts";
import { type CheckpointFacts, ExpectedWindows } from "./expected.ts";
import { ACTORS, OneProcess } from "./one-process.ts";
import { Draw } from "./random.ts";
import { Requests } from "./requests.ts";
import { type MadeRows, RowMaker } from "./row-maker.ts";
import { drawRules, type Scenario, type SimulatedRules, scenarioOf } from "./scenario.ts";
import type { Space } from "./space.ts";
import { readStored, rowsOf } from "./stored.ts";
import { Trace } from "./trace.ts";

/** An hour before a change of the clocks in half of the world's time zones, which must not matter. */
const START_MS = Date.UTC(2026, 2, 29, 0);
const HOUR_MS = 3_600_000;
const MOST_TURNS = 20_000;
const MOST_LIVES = 500;

export class SeedRun {
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly #dataFolder: string;
  readonly #space: Space;
  readonly #drive: Draw;
  readonly #order: Draw;
  readonly #faults: Draw;
  readonly #rows: RowMaker;
  readonly #made = new Map<number, MadeRow>();
  readonly #acknowledged = new Set<number>();
  readonly #requests: Requests;
  /** What the checkpoints of each windows dataset said, as they were written. */
  readonly #facts = new Map<string, CheckpointFacts[]>();
  #rules: SimulatedRules;
  #lives = 0;
  #pushes = 0;
  #wallMs = START_MS;
  #process: OneProcess | undefined;
  #ledger: readonly LedgerRow[] = [];

  /** @param print what happens, line by line */
  constructor(seed: number, space: Space, print?: (line: string) => void) {
    this.scenario = scenarioOf(seed);
    this.#rules = rulesOf(this.scenario);
    this.#space = space;
    this.#drive = new Draw(seed, 1);
    this.#order = new Draw(seed, 2);
    this.#faults = new Draw(seed, 3);
    this.#rows = new RowMaker(this.scenario, new Draw(seed, 4));
    this.trace = new Trace(() => this.#now(), print);
    this.#requests = new Requests(new Draw(seed, 5), this.trace, this.#acknowledged);
    this.#dataFolder = makeFolder(seed);
  }

  /** Rows that were acknowledged, those that were sent again and were there already, and lives that it took. */
  get figures(): { readonly acknowledged: number; readonly repeated: number; readonly lives: number } {
    return { acknowledged: this.#acknowledged.size, repeated: this.#requests.repeated, lives: this.#lives };
  }

  /** @throws what is not as it must be */
  async run(): Promise<void> {
    try {
      for (;;) {
        if (++this.#lives > MOST_LIVES) throw new Error("the process does not stay up");
        const process = this.#begin();
        this.#process = process;
        const isOver = (await process.start()) && (await this.#live(process));
        await process.bury();
        if (isOver) break;
        this.#wallMs = process.clock.nowMs() + this.#drive.of([100, 5000, HOUR_MS]);
      }
      await this.#check();
    } finally {
      rmSync(this.#dataFolder, { recursive: true, force: true });
    }
  }

  #begin(): OneProcess {
    return new OneProcess({
      scenario: this.scenario,
      space: this.#space,
      dataFolder: this.#dataFolder,
      rules: this.#rules,
      trace: this.trace,
      startMs: this.#wallMs,
      seed: this.scenario.seed + this.#lives,
      order: this.#order,
      faults: this.#faults,
      onCheckpoint: (path, bytes) => this.#noteCheckpoint(path, bytes),
    });
  }

  /** @returns false when the process came to its end before all was done */
  async #live(process: OneProcess): Promise<boolean> {
    for (let turn = 0; this.#pushes < this.scenario.pushes; turn++) {
      if (turn > MOST_TURNS) throw new Error("rows do not get through");
      await this.#turn(process);
      if (process.faults.isDead) return false;
    }
    process.faults.isOn = false;
    process.slow.clear();
    await this.#letAllRun(process);
    await this.#requests.complete(process, () => this.#letAllRun(process));
    await this.#closeWindows(process);
    await process.stop();
    this.#ledger = process.ledger();
    return true;
  }

  async #turn(process: OneProcess): Promise<void> {
    const draw = this.#drive;
    const { scenario } = this;
    for (let steps = draw.int(0, 12); steps > 0 && !process.faults.isDead; steps--) {
      if (!(await process.step())) break;
    }
    if (process.faults.isDead) return;
    process.clock.advance(draw.of([0, 5, 50, 300, 800]));
    if (draw.chance(0.4)) this.#push(process, this.#rows.make(process.clock.nowMs()));
    if (draw.chance(0.15)) this.#requests.again(process);
    if (draw.chance(scenario.slow)) process.slow.add(draw.of(ACTORS));
    else if (draw.chance(0.1)) process.slow.clear();
    if (draw.chance(scenario.jump)) {
      const hours = draw.of([-5, -2, 2, 5]);
      this.trace.note(`the wall clock jumps by ${hours} h`);
      process.clock.jumpWall(hours * HOUR_MS);
    }
    if (draw.chance(scenario.idle)) await this.#pass(process, draw.of([1, 2]) * scenario.idleMs);
    if (draw.chance(scenario.operator)) this.#operate(process);
    if (draw.chance(scenario.change)) {
      this.#rules = drawRules(draw);
      this.trace.note(`the windower gets other rules: ${JSON.stringify(this.#rules)}`);
      process.changeRules(this.#rules);
    }
  }

  /** Nothing comes for a while. */
  async #pass(process: OneProcess, ms: number): Promise<void> {
    this.trace.note(`nothing comes for ${ms} ms`);
    for (let passed = 0; passed < ms && !process.faults.isDead; passed += 1000) {
      process.clock.advance(1000);
      for (let step = 0; step < 50 && !process.faults.isDead; step++) if (!(await process.step())) break;
    }
  }

  #push(process: OneProcess, made: MadeRows): void {
    this.#pushes++;
    made.rows.forEach((row, index) => {
      this.#made.set(made.numbers[index]!, row);
    });
    this.#requests.make(process, made);
  }

  #operate(process: OneProcess): void {
    const actor = this.#drive.of(ACTORS);
    const command = this.#drive.of(["pause", "resume", "stop", "start", "restart"] as const);
    this.trace.note(`the operator says: ${command} ${actor}`);
    void process.system.command(actor, command, "the operator says so");
  }

  /** Whatever an operator has stopped or paused goes on, and all lanes run dry. */
  async #letAllRun(process: OneProcess): Promise<void> {
    for (let turn = 0; ; turn++) {
      if (turn > MOST_TURNS) throw new Error(`the lanes do not run dry: ${JSON.stringify(process.lanes())}`);
      if (turn % 100 === 0) process.letRun();
      const worked = await process.step();
      if (worked) continue;
      if (process.isUp && process.isDrained) return;
      process.clock.advance(50);
    }
  }

  /** Makes all windows come out: by rows that are so late that no other can be waited for, or by silence. */
  async #closeWindows(process: OneProcess): Promise<void> {
    const { aheadMs, idleMs, family } = this.scenario;
    const isBySilence = this.#drive.chance(0.3);
    this.trace.note(isBySilence ? "nothing comes any more" : "the last rows");
    process.clock.jumpWall(2 * aheadMs + HOUR_MS);
    if (isBySilence) await this.#pass(process, idleMs + 3000);
    else {
      for (const { name } of family.sources)
        this.#push(process, this.#rows.last(name, process.clock.nowMs()));
    }
    // Who waits for room in a lane does so by time: it is over when time makes nothing move any more.
    let before = "";
    for (let turn = 0; turn < 3; turn++) {
      process.clock.advance(1000);
      await this.#letAllRun(process);
      const now = JSON.stringify(process.lanes());
      if (now !== before) turn = 0;
      before = now;
    }
  }

  #noteCheckpoint(path: string, bytes: Uint8Array): void {
    const found = decodeCheckpoint(bytes, () => new DataView(bytes.buffer).getUint32(0, true));
    if (typeof found === "string") throw new Error(`a checkpoint was written that is none: ${found}`);
    const dataset = basename(path, ".checkpoint");
    const { nextRow, made, rules, floorMs, advanceMs, skips } = found.head;
    const advance = advanceMs === null ? "" : `, to ${new Date(advanceMs).toISOString()}`;
    this.trace.note(`checkpoint of ${dataset} at row ${nextRow}, ${made} made${advance}`);
    const known = this.#facts.get(dataset);
    const facts = { nextRow, rules, floorMs, advanceMs, skips };
    if (known === undefined) this.#facts.set(dataset, [facts]);
    else known.push(facts);
  }

  async #check(): Promise<void> {
    const { scenario } = this;
    const { family } = scenario;
    const stored: StoredBatch[] = [];
    const expected = family.derived.map((derived) => this.#expected(derived));
    const ends = new Map<string, number>();
    for (const { dataset, batch } of readStored(this.#dataFolder, family, this.#space)) {
      const { firstSequence, writtenMs } = batch;
      stored.push({ dataset, firstSequence, writtenMs, rows: rowsOf(batch) });
      ends.set(dataset, firstSequence + batch.rows);
      for (const windows of expected) if (windows.source.name === dataset) await windows.add(batch);
    }
    const mayGiveUp = scenario.rates.poison.length > 0;
    this.#requests.check(mayGiveUp);
    checkRows(family.sources, stored, this.#made, this.#acknowledged);
    checkLedger(this.#ledger, stored);
    if (!mayGiveUp) checkNumbers(stored);
    for (const windows of expected) {
      const { derived, source } = windows;
      const end = ends.get(source.name) ?? 0;
      await windows.end(end);
      checkWindows(derived, stored, windows.rows, mayGiveUp);
      checkRevisions(derived, stored);
      if (mayGiveUp || scenario.maxGroups < 100) continue;
      const facts = this.#facts.get(derived.name) ?? [];
      const isByRows = facts.every(({ advanceMs, nextRow }) => advanceMs === null || nextRow === end);
      const isByOneRule = new Set(facts.map(({ rules }) => JSON.stringify(rules))).size < 2;
      const areAllOut = facts.some(({ advanceMs }) => advanceMs !== null);
      if (isByRows && isByOneRule) checkFigures(derived, stored, scenario, areAllOut);
    }
  }

  #expected(derived: Dataset): ExpectedWindows {
    const { scenario } = this;
    const source = scenario.family.sources.find(({ name }) => name === derived.derived!.from)!;
    const rules = rulesFor(derived.derived!.by, rulesOf(scenario));
    const first = { nextRow: 0, rules, floorMs: null, advanceMs: null, skips: [] };
    const facts = this.#facts.get(derived.name) ?? [];
    return new ExpectedWindows(this.#space, source, derived, [first, ...facts]);
  }

  #now(): string {
    const nowMs = this.#process?.clock.nowMs() ?? this.#wallMs;
    return `${this.#lives}.${String(this.trace.steps).padStart(5, "0")} ${new Date(nowMs).toISOString()}`;
  }
}

function rulesOf({ disorderMs, latenessMs, aheadMs, maxGroups, whenFull }: Scenario): SimulatedRules {
  return { disorderMs, latenessMs, aheadMs, maxGroups, whenFull };
}

/** In memory where there is such a thing. Pseudonyms are those of the seed. */
function makeFolder(seed: number): string {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "millrace-simulation-"));
  mkdirSync(join(folder, "keys"), { mode: 0o700 });
  writeFileSync(join(folder, "keys", "pseudonym.key"), new Uint8Array(32).fill(seed & 255), { mode: 0o600 });
  return folder;
}
