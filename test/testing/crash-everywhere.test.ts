/** Crashing everywhere: sound sagas come through, whatever dies when; a defect is found. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { loadSagas } from '../../src/cli/saga-modules.ts';
import { activity } from '../../src/core/activity.ts';
import { durable, type SagaDefinition } from '../../src/core/definition.ts';
import { crashEverywhere, type CrashWorld } from '../../src/testing/crash-everywhere.ts';
import { tripSaga } from '../runtime/trip-saga.ts';
import { WORLDS } from './crash-worlds.ts';

const MACHINES = fileURLToPath(new URL('../../machines', import.meta.url));

const machines = await loadSagas([MACHINES]);
if (machines.kind === 'mistake') throw new Error(machines.message);

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

describe.each(machines.definitions)('the $id saga', (saga: SagaDefinition) => {
  const { base = {}, fails = saga.activities } = WORLDS[saga.id] ?? {};

  test('comes through one crash anywhere when all goes well', async () => {
    const { ends, runs } = await crashEverywhere(saga, base, { ...quietly, maxCrashes: 1 });
    expect(runs).toBeGreaterThan(5);
    expect(Object.keys(ends)).not.toContain('parked');
  });

  test.each(fails)('comes through one crash anywhere when %s is refused', async (name) => {
    const world: CrashWorld = { ...base, always: { ...base.always, [name]: 'permanent' } };
    const { runs } = await crashEverywhere(saga, world, { ...quietly, maxCrashes: 1 });
    expect(runs).toBeGreaterThan(4);
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
