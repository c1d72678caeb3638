/** Crashing everywhere: sound sagas come through, whatever dies when; a defect is found. */
import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { activity, type Contract } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { durable } from '../../src/core/define/durable.ts';
import { crashEverywhere, type CrashWorld } from '../../src/testing/crash-everywhere.ts';
import { DEMO_SAGAS } from '../fixtures/demo-sagas.ts';
import { tripSaga } from '../runtime/trip-saga.ts';
import { fittingSaga, instalmentsSaga, legsSaga, parcelsSaga } from '../simulation/block-sagas.ts';
import { groupSaga } from '../simulation/family-sagas.ts';
import {
  forgetsWhatIsOwed,
  inPresentRound,
  owesWhatFailed,
  unheld,
} from '../simulation/redrawn.ts';
import { WORLDS } from './crash-worlds.ts';

const quietly = { print: () => {} };

describe('a sound saga', () => {
  test('ends well for every choice of up to two crashes, and the count is printed', async () => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const report = await crashEverywhere(tripSaga, { input: { trip: 't' } }, { print });
    expect(report.points).toBe(10);
    expect(report.runs).toBeGreaterThan(90);
    expect(report.ends).toEqual({ completed: report.runs });
    expect(lines).toEqual([
      `trip: 10 crash points, ${report.runs} runs with up to 2 crashes: ${report.runs} completed`,
    ]);
  });

  test('is compensated, or given up on and listed, when calls go wrong as well', async () => {
    const input = { trip: 't' };
    const lost: CrashWorld = { input, always: { charge: 'applied-then-lost' } };
    const { ends } = await crashEverywhere(tripSaga, lost, { ...quietly, maxCrashes: 1 });
    expect(Object.keys(ends)).toEqual(['compensated']);
    const stuck: CrashWorld = { input, always: { charge: 'permanent', release: 'permanent' } };
    const given = await crashEverywhere(tripSaga, stuck, { ...quietly, maxCrashes: 1 });
    expect(Object.keys(given.ends)).toEqual(['compensation_failed']);
  });

  test('that is too large for the bound on runs is refused, not half tried', async () => {
    const world = { input: { trip: 't' } };
    await expect(crashEverywhere(tripSaga, world, { ...quietly, maxRuns: 5 })).rejects.toThrow(
      'saga "trip" has more than 5 runs; raise maxRuns',
    );
  });
});

describe.each(DEMO_SAGAS)('the $id saga', (saga: SagaDefinition) => {
  const { base = {} } = WORLDS[saga.id] ?? {};

  test('comes through one crash anywhere when all goes well', async () => {
    const { ends, runs } = await crashEverywhere(saga, base, { ...quietly, maxCrashes: 1 });
    expect(runs).toBeGreaterThan(5);
    expect(Object.keys(ends)).not.toContain('parked');
  });
});

describe.each([
  ['one step a round', instalmentsSaga, 'charge'],
  ['two steps a round', parcelsSaga, 'ship'],
  ['three steps a round', legsSaga, 'insure'],
] as const)('a loop of %s', (_, saga, step) => {
  const input = { orderId: 'order-1', quantity: 3 };
  /** The second round waits for its next attempt when the deadline passes. */
  const busy: CrashWorld = { input, script: { [step]: ['done'] }, always: { [step]: 'fail' } };

  test('is found out where it undoes a round with what the present one has brought', async () => {
    const defective = inPresentRound(saga);
    await expect(crashEverywhere(defective, busy, quietly)).rejects.toThrow(
      /without a crash: "\w+" compensates run \d of step "\w+" of round \d, with the input/,
    );
  });
});

describe('blocks within blocks', () => {
  const input = { orderId: 'order-1', quantity: 2 };

  test('are found out where they undo what failed for certain', async () => {
    const world: CrashWorld = { input, always: { gloss: 'permanent' } };
    await expect(crashEverywhere(owesWhatFailed(fittingSaga), world, quietly)).rejects.toThrow(
      'compensates step "gloss", which failed for certain',
    );
  });
});

describe('a family of three', () => {
  const input = { orderId: 'order-1', quantity: 1 };
  const declined = { always: { settle: 'permanent' } } as const;

  test('comes through one crash anywhere when all goes well', async () => {
    const options = { ...quietly, maxCrashes: 1 } as const;
    const { ends } = await crashEverywhere<Contract>(groupSaga, { input }, options);
    expect(Object.keys(ends)).toEqual(['completed']);
  });

  test('is found out where the root forgets a child that was through', async () => {
    const forgetful = unheld(forgetsWhatIsOwed(groupSaga));
    const late: CrashWorld = { input, ...declined };
    await expect(crashEverywhere(forgetful, late, quietly)).rejects.toThrow(/compensated and/);
  });
});

describe('a defective saga', () => {
  const kit = setup({
    actors: { hold: activity<null, null>(), charge: activity<null, null>() },
  });
  const forgetsDoubt = durable(
    kit.createMachine({
      id: 'forgets-doubt',
      initial: 'charging',
      states: {
        // Never started twice: after a crash nobody knows, and this drawing takes it for refused.
        charging: {
          meta: { step: 'charge', repeatable: false },
          invoke: { id: 'charge', src: 'charge', input: null, onDone: 'done', onError: 'undone' },
        },
        done: { type: 'final' },
        undone: { type: 'final', tags: ['compensated'] },
      },
    }),
  );

  test('is shown with the point at which it was killed', async () => {
    await expect(crashEverywhere(forgetsDoubt, {}, quietly)).rejects.toThrow(
      /^saga "forgets-doubt", killed at point 2 \(after a commit\): .*it would end compensated .*"charge" may have happened/,
    );
    const { ends } = await crashEverywhere(forgetsDoubt, {}, { ...quietly, maxCrashes: 0 });
    expect(ends).toEqual({ completed: 1 });
  });
});
