/**
 * Every place where a crash makes a difference, tried one after the other: a scripted run of one
 * order is taken step by step, and run again for each of its steps with the process killed there,
 * before a batch is durable, right after, and between a remote's effect and its answer.
 */
import type { Flavor } from './participants.ts';
import { type RunResult, simulate } from './simulation.ts';

/** A run without chance: which calls go wrong, and how. */
export interface Scenario {
  readonly name: string;
  readonly flavor: Flavor;
  /** How the given attempt of a call ends; undefined: well. */
  readonly fault: (step: string, kind: string, attempt: number) => string | undefined;
}

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

const CALL = /^(?:call|work)\/order-1\/(\w+)\/(apply|undo)\/(\d+)$/;

/** Runs the scenario without a crash and with every choice of up to `most` crashes. */
export async function exploreCrashes(scenario: Scenario, most: number): Promise<Explored> {
  const failures: CrashFailure[] = [];
  let runs = 0;

  async function explore(crashes: readonly Crash[]): Promise<void> {
    const result = await runWith(scenario, crashes);
    runs += 1;
    if (result.violations.length > 0) failures.push({ scenario: scenario.name, crashes, result });
    if (crashes.length === most) return;
    const last = crashes.at(-1)?.step ?? 0;
    for (const { step, isInBatch } of result.crashPoints) {
      if (step <= last) continue;
      await explore([...crashes, { step, kind: 'now' }]);
      if (isInBatch) await explore([...crashes, { step, kind: 'durable' }]);
    }
  }

  await explore([]);
  return { runs, failures };
}

function runWith({ flavor, fault }: Scenario, crashes: readonly Crash[]): Promise<RunResult> {
  const byName = new Map(crashes.map(({ step, kind }) => [`crash/${step}`, kind]));
  return simulate({
    orders: 1,
    flavor,
    chance: {
      kind: 'script',
      fault: (name) => {
        const [, step = '', kind = '', attempt = ''] = CALL.exec(name) ?? [];
        return step === '' ? byName.get(name) : fault(step, kind, Number(attempt));
      },
    },
  });
}

const STEPS = ['reserveInventory', 'processPayment', 'sendConfirmation', 'updateOrder'] as const;
const FLAVORS = ['transactional', 'remote'] as const;

/** The order saga's scenarios, for both ways of implementing its participants. */
export const SCENARIOS: readonly Scenario[] = FLAVORS.flatMap((flavor) => {
  const scenario = (name: string, fault: Scenario['fault']): Scenario => ({
    name: `${flavor}: ${name}`,
    flavor,
    fault,
  });
  return [
    scenario('all goes well', () => undefined),
    ...STEPS.flatMap((wanted) => [
      scenario(`${wanted} is declined`, (step, kind) =>
        step === wanted && kind === 'apply' ? 'permanent' : undefined,
      ),
      scenario(`${wanted} is busy once, then loses an answer`, (step, kind, attempt) => {
        if (step !== wanted || kind !== 'apply') return undefined;
        return attempt === 1 ? 'transient' : attempt === 2 ? 'lost' : undefined;
      }),
      scenario(`${wanted} loses every answer`, (step, kind) =>
        step === wanted && kind === 'apply' ? 'lost' : undefined,
      ),
      scenario(`${wanted} cannot be compensated`, (step, kind) => {
        if (step === 'updateOrder' && kind === 'apply') return 'permanent';
        return step === wanted && kind === 'undo' ? 'permanent' : undefined;
      }),
    ]),
    scenario('the charge is made and never answered', (step, kind) =>
      step === 'processPayment' && kind === 'apply' ? 'hang-applied' : undefined,
    ),
    scenario('the first charge arrives late and the others are declined', (step, kind, attempt) => {
      if (step !== 'processPayment' || kind !== 'apply') return undefined;
      return attempt === 1 ? 'late' : 'permanent';
    }),
    scenario('the payment provider is down from its second request on', (step, kind, attempt) =>
      step === 'processPayment' && kind === 'apply' && attempt > 1 ? 'transient' : undefined,
    ),
    scenario('every request of a charge arrives twice', (step) =>
      step === 'processPayment' ? 'twice' : undefined,
    ),
  ];
});
