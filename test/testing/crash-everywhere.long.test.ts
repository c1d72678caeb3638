/** Sound sagas of every form killed everywhere, while something goes wrong as well. */
import { describe, expect, test } from 'vitest';
import type { Contract } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { crashEverywhere, type CrashWorld } from '../../src/testing/crash-everywhere.ts';
import { DEMO_SAGAS } from '../fixtures/demo-sagas.ts';
import { fittingSaga, instalmentsSaga, legsSaga, parcelsSaga } from '../simulation/block-sagas.ts';
import { groupSaga, guildSaga } from '../simulation/family-sagas.ts';
import { WORLDS } from './crash-worlds.ts';

const quietly = { print: () => {} };

describe.each(DEMO_SAGAS)('the $id saga', (saga: SagaDefinition) => {
  const { base = {}, fails = saga.activities } = WORLDS[saga.id] ?? {};

  test.each(fails)('comes through one crash anywhere when %s is refused', async (name) => {
    const world: CrashWorld = { ...base, always: { ...base.always, [name]: 'permanent' } };
    const { runs } = await crashEverywhere(saga, world, { ...quietly, maxCrashes: 1 });
    expect(runs).toBeGreaterThan(4);
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

  test.each([
    ['all goes well', { input }],
    ['a later round is busy until the deadline', busy],
    ['a later round is refused', { ...busy, always: { [step]: 'permanent' } }],
    [
      'a later round is done and never answered',
      { ...busy, always: { [step]: 'applied-then-lost' } },
    ],
  ] as const)('comes through one crash anywhere when %s', async (name, world) => {
    const options = { ...quietly, maxCrashes: 1 } as const;
    const { ends, runs } = await crashEverywhere<Contract>(saga, world, options);
    expect(runs).toBeGreaterThan(10);
    expect(Object.keys(ends)).toEqual([name === 'all goes well' ? 'completed' : 'compensated']);
  });
});

describe('blocks within blocks', () => {
  const input = { orderId: 'order-1', quantity: 2 };

  test.each(['quote', 'gloss', 'check', 'deliver', 'invoice'])(
    'come through one crash anywhere when %s loses an answer, then is refused',
    async (step) => {
      const world: CrashWorld = {
        input,
        script: { [step]: ['applied-then-lost'] },
        always: { [step]: step === 'invoice' ? 'done' : 'permanent' },
      };
      const { ends } = await crashEverywhere(fittingSaga, world, { ...quietly, maxCrashes: 1 });
      const end = step === 'deliver' ? 'failed' : step === 'invoice' ? 'completed' : 'compensated';
      expect(Object.keys(ends)).toEqual([end]);
    },
  );
});

describe('a family of three', () => {
  const input = { orderId: 'order-1', quantity: 1 };
  const declined = { always: { settle: 'permanent' } } as const;
  /** Says that a pivot in doubt never happened, which is so where it is declined. */
  const denies = { group: 'compensate', team: 'compensate', job: 'compensate' } as const;
  const shipless = { job: { always: { ship: 'permanent' } } } as const;
  const jobless = { job: { always: { commit: 'permanent', discard: 'permanent' } } } as const;

  test.each<readonly [string, CrashWorld, readonly string[]]>([
    ['all goes well', {}, ['completed']],
    [
      'the root is declined once its children are through',
      { ...declined, person: denies },
      ['compensated'],
    ],
    [
      'a child is declined',
      { children: { team: { always: { seal: 'permanent' } } }, person: denies },
      ['compensated'],
    ],
    [
      "a child's child loses an answer and is declined",
      {
        children: {
          job: { script: { prepare: ['applied-then-lost'] }, always: { commit: 'permanent' } },
        },
        person: denies,
      },
      ['compensated'],
    ],
    [
      'a child cannot be taken back, or a person lets the root stand',
      { always: { ...declined.always, takeBackTeam: 'permanent' }, person: { group: 'skip' } },
      ['compensation_failed', 'failed'],
    ],
    [
      'a person skips what failed past the pivot of a child',
      { children: shipless, person: { job: 'skip' } },
      ['completed'],
    ],
    [
      'a person gives that up and the root is declined',
      { ...declined, children: shipless, person: { ...denies, job: 'accept-partial' } },
      ['compensated'],
    ],
    [
      'a person terminates a child past its pivot, and gives it up in its parent',
      { children: shipless, person: { job: 'terminate', team: 'skip' } },
      ['compensation_failed'],
    ],
    [
      'a person gives up what a child could not compensate, or lets its pivot stand',
      { children: jobless, person: { job: 'skip' } },
      ['compensation_failed', 'completed'],
    ],
  ])('comes through one crash anywhere when %s', async (_, world, wanted) => {
    const options = { ...quietly, maxCrashes: 1 } as const;
    const { ends } = await crashEverywhere<Contract>(groupSaga, { input, ...world }, options);
    expect(Object.keys(ends).toSorted()).toEqual(wanted);
  });
});

test('a child that does not handle a failure holds nobody up for ever, whatever dies when', async () => {
  const input = { orderId: 'order-1', quantity: 1 };
  const children = { brittle: { always: { fire: 'fail' } } } as const;
  const person = { brittle: 'terminate', guild: 'skip' } as const;
  const world: CrashWorld = { input, children, person };
  const { ends } = await crashEverywhere(guildSaga, world, { ...quietly, maxCrashes: 1 });
  expect(Object.keys(ends)).toEqual(['compensated']);
});
