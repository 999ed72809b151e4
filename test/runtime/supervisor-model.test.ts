/**
 * Random lives of supervisors: children that start and stop quickly, slowly, never or not, while failures and an operator
 * come at random moments. What must hold whatever happens is checked at every start of a child and after every command.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ChildPolicy, ChildState, Strategy } from "../../runtime/supervisor/index.ts";
import { type Behaviour, build, type House, settled, THREW } from "./supervisor-support.ts";

type Command =
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "fail" | "die"; readonly mask: number }
  | { readonly do: "restart" | "startChild" | "stopChild" | "ended"; readonly child: number }
  | { readonly do: "start" | "stop" | "kill" };

interface Life {
  readonly strategy: Strategy;
  readonly restarts: number;
  readonly policies: readonly ChildPolicy["restart"][];
  readonly starts: readonly (readonly Behaviour[])[];
  readonly stops: readonly (readonly Behaviour[])[];
  readonly commands: readonly Command[];
}

const NAMES = "abcde";
/** Which state may follow which. */
const NEXT: Record<ChildState, readonly ChildState[]> = {
  stopped: ["starting", "backingOff", "escalated"],
  starting: ["running", "failed", "stopping", "stopped"],
  running: ["failed", "stopping", "stopped"],
  failed: ["stopping", "stopped", "backingOff", "escalated"],
  backingOff: ["starting", "stopped"],
  stopping: ["stopped"],
  escalated: ["stopped"],
};

const behaviours = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Behaviour>(0, 5, 15) },
    { weight: 1, arbitrary: fc.constantFrom<Behaviour>("hang", "reject", "throw", 60) },
  ),
  { maxLength: 6 },
);
const passing = fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(0, 1, 5, 20, 100, 300) });
const failing = fc.record({ do: fc.constantFrom("fail" as const, "die" as const), mask: fc.nat(31) });
const whole = fc.record({ do: fc.constantFrom("start" as const, "stop" as const, "kill" as const) });
const restarting = fc.record({ do: fc.constant("restart" as const), child: fc.nat(4) });
const operating = fc.record({
  do: fc.constantFrom("restart" as const, "startChild" as const, "stopChild" as const, "ended" as const),
  child: fc.nat(4),
});

function lives(
  command: fc.Arbitrary<Command>,
  restart: fc.Arbitrary<ChildPolicy["restart"]>,
): fc.Arbitrary<Life> {
  return fc.integer({ min: 1, max: 5 }).chain((count) =>
    fc.record({
      strategy: fc.constantFrom("one-for-one" as const, "one-for-all" as const, "rest-for-one" as const),
      restarts: fc.constantFrom(0, 1, 3, 100),
      policies: fc.array(restart, { minLength: count, maxLength: count }),
      starts: fc.array(behaviours, { minLength: count, maxLength: count }),
      stops: fc.array(behaviours, { minLength: count, maxLength: count }),
      commands: fc.array(command, { maxLength: 30 }),
    }),
  );
}

/** Lives one life, then lets all be well for a long time, and checks what must be so then; `atStart` is called at each start. */
async function live(life: Life, atStart: (house: House, index: number) => void): Promise<void> {
  const names = NAMES.slice(0, life.policies.length);
  const problems: string[] = [];
  const pending = new Set<Promise<unknown>>();
  const house = build(
    names,
    { strategy: life.strategy, intensity: { restarts: life.restarts, withinMs: 2000 } },
    Object.fromEntries([...names].map((name, index) => [name, { restart: life.policies[index]! }])),
  );
  const { supervisor, fake, pass } = house;
  const watch = (promise: Promise<unknown>): void => {
    pending.add(promise);
    promise.then(
      () => pending.delete(promise),
      (error: unknown) => {
        pending.delete(promise);
        // The one thing that may reject: start() of what is neither stopped nor escalated.
        if (!/can be started when/.test(String(error))) problems.push(String(error));
      },
    );
  };
  [...names].forEach((name, index) => {
    fake(name).startPlan = [...life.starts[index]!];
    fake(name).stopPlan = [...life.stops[index]!];
    fake(name).beforeStart = () => {
      // A throw in here would be taken for the child's refusal.
      try {
        atStart(house, index);
      } catch (error) {
        problems.push(String(error));
      }
    };
  });
  const verify = (): void => {
    assert.deepEqual(problems, []);
    for (const name of names) assert.equal(fake(name).overlaps, 0, `two incarnations of ${name}`);
    if (supervisor.state === "stopped" || supervisor.state === "escalated") {
      for (const name of names) assert.equal(fake(name).live, false, `${name} lives on`);
      for (const { state } of supervisor.children()) assert.ok(state === "stopped" || state === "escalated");
    }
  };

  watch(supervisor.start());
  for (const command of life.commands) {
    await carryOut(house, names, command, watch);
    verify();
  }

  for (const name of names) {
    fake(name).startPlan = [];
    fake(name).stopPlan = [];
  }
  await pass(20_000);
  verify();
  assert.equal(pending.size, 0, "every promise settles");
  assert.ok(["running", "stopped", "escalated"].includes(supervisor.state), supervisor.state);
  if (supervisor.state === "running") {
    for (const { name, state } of supervisor.children()) {
      assert.ok(state === "running" || state === "stopped", `${name} rests as ${state}`);
      assert.equal(fake(name).live, state === "running");
      // Only what was stopped by name, or ended for good, may be down.
      if (state === "stopped") {
        const mayRest = life.commands.some((command) => command.do === "stopChild" || command.do === "ended");
        assert.ok(mayRest || life.policies[names.indexOf(name)] === "temporary", `${name} was left down`);
      }
    }
  }
  const stopped = supervisor.stop();
  await pass(0);
  await stopped;
  verify();
  checkEvents(house);
}

async function carryOut(
  { supervisor, fake, pass, die }: House,
  names: string,
  command: Command,
  watch: (promise: Promise<unknown>) => void,
): Promise<void> {
  switch (command.do) {
    case "pass":
      return pass(command.ms);
    case "fail":
    case "die": {
      const fallen = [...names].filter((_, index) => (command.mask >> index) & 1);
      if (command.do === "die") die(...fallen);
      else supervisor.failed(fallen, THREW);
      return;
    }
    case "restart":
    case "startChild":
    case "stopChild": {
      const name = names[command.child % names.length]!;
      watch(supervisor[command.do](name, "on demand"));
      return;
    }
    case "ended": {
      const name = names[command.child % names.length]!;
      fake(name).live = false;
      supervisor.ended(name);
      return;
    }
    case "start":
      watch(supervisor.start());
      return settled();
    case "stop":
      watch(supervisor.stop());
      return;
    case "kill":
      supervisor.kill();
      return;
  }
}

/** Each child's events join into one line of states, each step of it allowed; time and restarts never go back. */
function checkEvents({ events }: House): void {
  const last = new Map<string, ChildState>();
  let atMs = 0;
  for (const event of events) {
    assert.equal(event.from, last.get(event.child) ?? "stopped");
    assert.ok(NEXT[event.from].includes(event.to), `${event.child}: ${event.from} to ${event.to}`);
    assert.ok(event.atMs >= atMs);
    last.set(event.child, event.to);
    atMs = event.atMs;
  }
}

test("whatever happens: one incarnation at most, nothing lives after a stop, all comes to rest", async () => {
  const policies = fc.constantFrom("permanent" as const, "transient" as const, "temporary" as const);
  const command = fc.oneof<fc.MaybeWeightedArbitrary<Command>[]>(
    { weight: 6, arbitrary: passing },
    { weight: 4, arbitrary: failing },
    { weight: 4, arbitrary: operating },
    { weight: 1, arbitrary: whole },
  );
  await fc.assert(
    fc.asyncProperty(lives(command, policies), (life) => live(life, () => {})),
    { seed: 20_260_103, numRuns: 300 },
  );
});

test("siblings that share a fate: those before run and those after are down whenever a child starts", async () => {
  const command = fc.oneof<fc.MaybeWeightedArbitrary<Command>[]>(
    { weight: 6, arbitrary: passing },
    { weight: 4, arbitrary: failing },
    { weight: 2, arbitrary: restarting },
    { weight: 1, arbitrary: whole },
  );
  await fc.assert(
    fc.asyncProperty(lives(command, fc.constantFrom("permanent", "transient")), (life) =>
      live(life, ({ supervisor, states, fake }, index) => {
        if (life.strategy === "one-for-one" && supervisor.state !== "starting") return;
        Object.entries(states()).forEach(([name, state], other) => {
          if (other < index) assert.equal(state, "running", `${name} when ${NAMES[index]} starts`);
          if (other > index)
            assert.equal(fake(name).live, false, `${name} lives when ${NAMES[index]} starts`);
        });
      }),
    ),
    { seed: 20_260_104, numRuns: 300 },
  );
});
