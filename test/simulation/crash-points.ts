/**
 * Every place where a crash makes a difference, tried one after the other: a scripted run of one
 * saga is taken step by step, and run again for each of its steps with the process killed there,
 * before a batch is durable, right after, and between a remote's effect and its answer.
 */
import type { Flavor } from './participants.ts';
import type { SimSaga } from './sim-saga.ts';
import { type RunResult, simulate } from './simulation.ts';

/** A run without chance: which calls go wrong, and how. */
export interface Scenario {
  readonly name: string;
  readonly saga: SimSaga;
  /** How much the one order is about. */
  readonly quantity: number;
  readonly flavor: Flavor;
  readonly fault: ScriptedFault;
}

/**
 * How the given attempt of a call ends; undefined: well. `part`: the part of the order that it is
 * about, where it has parts.
 */
export type ScriptedFault = (
  step: string,
  kind: string,
  attempt: number,
  part: string,
) => string | undefined;

/** A crash at a step; `durable`: the batch in flight is on disk and nobody has heard of it. */
export interface Crash {
  readonly step: number;
  readonly kind: 'now' | 'durable';
}

export interface CrashFailure {
  readonly scenario: string;
  readonly crashes: readonly Crash[];
  readonly result: RunResult;
}

export interface Explored {
  readonly runs: number;
  readonly failures: readonly CrashFailure[];
}

export interface Exploration {
  /** Most crashes in one run. */
  readonly most: number;
  /** One point of so many is taken, the same at every time. Default 1: all. */
  readonly oneOf?: number;
  /** Which one of them, from 0. Default 0. */
  readonly first?: number;
  /** Hears after each run how many there were. */
  readonly tell?: (runs: number) => void;
}

const CALL = /^(?:call|work)\/order-1(?:\.(\w+))?\/(\w+)\/(apply|undo)\/(\d+)$/;

/** Runs the scenario without a crash and with every choice of up to `most` crashes. */
export async function exploreCrashes(
  scenario: Scenario,
  { most, oneOf = 1, first = 0, tell = () => {} }: Exploration,
): Promise<Explored> {
  const failures: CrashFailure[] = [];
  let runs = 0;

  async function explore(crashes: readonly Crash[]): Promise<void> {
    const result = await runWith(scenario, crashes);
    runs += 1;
    tell(runs);
    if (result.violations.length > 0) failures.push({ scenario: scenario.name, crashes, result });
    if (crashes.length === most) return;
    const last = crashes.at(-1)?.step ?? 0;
    const later = result.crashPoints.filter(({ step }) => step > last);
    for (const { step, isInBatch } of later.filter((_, nth) => nth % oneOf === first % oneOf)) {
      await explore([...crashes, { step, kind: 'now' }]);
      if (isInBatch) await explore([...crashes, { step, kind: 'durable' }]);
    }
  }

  await explore([]);
  return { runs, failures };
}

function runWith(
  { fault, saga, quantity, flavor }: Scenario,
  crashes: readonly Crash[],
): Promise<RunResult> {
  const byName = new Map(crashes.map(({ step, kind }) => [`crash/${step}`, kind]));
  return simulate({
    saga,
    quantity,
    flavor,
    orders: 1,
    chance: {
      kind: 'script',
      fault: (name) => {
        const call = CALL.exec(name);
        if (call === null) return byName.get(name);
        const [, part = '', step = '', kind = '', attempt = ''] = call;
        return fault(step, kind, Number(attempt), part);
      },
    },
  });
}
