/** Steps, their attempts and their compensations. */
import { expect } from 'vitest';
import type { FakeActivities } from '../../../src/testing/fake-activities.ts';
import type { Case } from '../case.ts';
import { branchesSaga, choiceSaga, hastySaga, loopSaga, parcelSaga, pivotSaga } from '../sagas.ts';

const called = (fakes: Pick<FakeActivities, 'calls'>): readonly string[] =>
  fakes.calls.map(({ activity }) => activity);

const PARCEL = ['reserve', 'pay', 'pack', 'ship'] as const;
const UNDO = { reserve: 'release', pay: 'refund', pack: 'unpack', ship: 'recall' } as const;

const failsForGood = (step: (typeof PARCEL)[number]): Case => ({
  title: `a step that fails for good (${step}) has what was done before undone in reverse`,
  async run(scene) {
    const fakes = scene.bind(parcelSaga, { always: { [step]: 'permanent' } });
    await scene.deploy();
    const { failure } = await scene.runs('parcel', 'compensated');
    expect(failure).toMatchObject({ code: 'refused', retryable: false });
    const done = PARCEL.slice(0, PARCEL.indexOf(step));
    expect(called(fakes)).toEqual([...done, step, ...done.map((each) => UNDO[each]).toReversed()]);
    expect(fakes.standing).toEqual([]);
  },
});

const inDoubt = (
  says: 'happened' | 'never' | 'unknown',
  status: 'completed' | 'compensated',
): Case => ({
  title: `a step in doubt is asked about, and ${says} makes the saga ${status}`,
  async run(scene) {
    const fakes = scene.bind(parcelSaga, {
      always: {
        pay: says === 'happened' ? 'applied-then-lost' : 'lost',
        ...(says === 'unknown' ? { findPayment: { output: { kind: 'unknown' } } } : {}),
      },
    });
    await scene.deploy();
    const { id } = await scene.runs('parcel', status);
    expect(called(fakes).filter((each) => each === 'pay')).toHaveLength(3);
    expect(called(fakes)).toContain('findPayment');
    expect(called(fakes).includes('refund')).toBe(says === 'unknown');
    const pay = (await scene.backstep.saga(id).state())?.steps.find(({ name }) => name === 'pay');
    expect(pay?.status).toBe(
      { happened: 'completed', never: 'failed', unknown: 'compensated' }[says],
    );
  },
});

const afterFailedUndoing = (
  command: 'retry' | 'skip' | 'accept-partial',
  status: 'compensated' | 'compensation_failed',
): Case => ({
  title: `a compensation that fails for good waits for a person, and ${command} ends it`,
  isShort: true,
  async run(scene) {
    const fakes = scene.bind(parcelSaga, {
      script: { refund: ['permanent'] },
      always: { pack: 'permanent' },
    });
    await scene.deploy();
    const { id, deadLetter } = await scene.runs('parcel', 'compensation_failed');
    expect(deadLetter.outstanding).toContain('pay');
    const saga = scene.backstep.saga(id);
    const legal = scene.backstep.legalCommands((await saga.state()) ?? expect.fail());
    expect(legal).toEqual(expect.arrayContaining([command]));
    await saga.command({ name: command, by: 'ada', reason: 'told so' });
    const over = await scene.reaches(
      id,
      (state) => state.resolution !== null || state.status === 'compensated',
    );
    expect(over.status).toBe(status);
    expect(fakes.standing).toEqual(command === 'retry' ? [] : expect.arrayContaining(['pay']));
  },
});

const takesOneWay = (of: 'far' | 'near', way: readonly string[]): Case => ({
  title: `a choice takes one way (${of}) and undoes only that`,
  async run(scene) {
    const fakes = scene.bind(choiceSaga, { always: { tell: 'permanent' } });
    await scene.deploy();
    await scene.runs('choice', 'compensated', of);
    expect(called(fakes)).toEqual(way);
  },
});

export const STEP_CASES: readonly Case[] = [
  {
    title: 'a saga runs its steps in order, once each, and completes',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      await scene.deploy();
      await scene.runs('parcel', 'completed');
      expect(called(fakes)).toEqual(PARCEL);
      expect(fakes.calls.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
    },
  },
  ...PARCEL.map(failsForGood),
  {
    title: 'a step that fails for now is repeated with the same key',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(parcelSaga, { script: { pack: ['fail', 'fail'] } });
      await scene.deploy();
      await scene.runs('parcel', 'completed');
      const packs = fakes.calls.filter(({ activity }) => activity === 'pack');
      expect(packs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      expect(new Set(packs.map(({ key }) => key)).size).toBe(1);
    },
  },
  {
    title: 'a step whose attempts are used up counts as failed, and is not undone',
    async run(scene) {
      const fakes = scene.bind(parcelSaga, { always: { pack: 'fail' } });
      await scene.deploy();
      await scene.runs('parcel', 'compensated');
      expect(called(fakes)).toEqual('reserve pay pack pack pack refund release'.split(' '));
    },
  },
  inDoubt('happened', 'completed'),
  inDoubt('never', 'compensated'),
  inDoubt('unknown', 'compensated'),
  afterFailedUndoing('retry', 'compensated'),
  afterFailedUndoing('skip', 'compensation_failed'),
  afterFailedUndoing('accept-partial', 'compensation_failed'),
  {
    title: 'a compensation that fails for now is repeated with the same key',
    async run(scene) {
      const fakes = scene.bind(parcelSaga, {
        script: { refund: ['fail', 'lost'] },
        always: { ship: 'permanent' },
      });
      await scene.deploy();
      await scene.runs('parcel', 'compensated');
      const refunds = fakes.calls.filter(({ activity }) => activity === 'refund');
      expect(refunds).toHaveLength(3);
      expect(new Set(refunds.map(({ key }) => key)).size).toBe(1);
    },
  },
  {
    title: 'an attempt that takes too long is given up, and repeated with the same key',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(hastySaga(), { script: { call: ['applied-then-hang'] } });
      await scene.deploy();
      await scene.runs('hasty', 'completed');
      expect(new Set(fakes.calls.map(({ key }) => key)).size).toBe(1);
      expect(fakes.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect(fakes.standing).toEqual(['call']);
    },
  },
  {
    title: 'a step whose every attempt took too long may have happened, and is undone',
    async run(scene) {
      const fakes = scene.bind(hastySaga(), { always: { call: 'applied-then-hang' } });
      await scene.deploy();
      await scene.runs('hasty', 'compensated');
      expect(called(fakes)).toEqual(['call', 'call', 'call', 'uncall']);
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'an attempt that gives no sign of life for its heartbeat is given up',
    async run(scene) {
      const saga = hastySaga({ timeout: '10s', heartbeat: '150ms' });
      const fakes = scene.bind(saga, { script: { call: ['hang'] } });
      await scene.deploy();
      await scene.runs('hasty', 'completed');
      expect(fakes.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    },
  },
  {
    title: 'a step that is not repeatable is never repeated while it may have happened',
    async run(scene) {
      const saga = hastySaga({ repeatable: false });
      const fakes = scene.bind(saga, { always: { call: 'applied-then-lost' } });
      await scene.deploy();
      await scene.runs('hasty', 'compensated');
      expect(called(fakes)).toEqual(['call', 'uncall']);
    },
  },
  {
    title: 'a late answer is written down, moves nothing, and is shown to the compensation',
    about: 'lateAnswers',
    isRacing: true,
    async run(scene) {
      const undone = Promise.withResolvers<unknown>();
      const seen: unknown[] = [];
      scene.bindTo(hastySaga({ repeatable: false }), {
        activities: {
          call: (_, { signal }) =>
            new Promise((resolve) => {
              signal.addEventListener('abort', () => resolve({ receipt: 'late' }));
            }),
          uncall: async (_, { late }) => {
            seen.push(late);
            // The first attempt may have come before the late answer did.
            if (late === null) throw new Error('again');
            undone.resolve(late.output);
            return { receipt: 'undone' };
          },
        },
      });
      await scene.deploy();
      const { id } = await scene.start('hasty');
      expect(await undone.promise).toEqual({ receipt: 'late' });
      await scene.settles(id, 'compensated');
      const notes = await scene.backstep.read.notes(id, 10);
      expect(notes.map(({ cause }) => cause)).toContain('result');
    },
  },
  {
    title: 'a step after the pivot is never undone: a person has it tried again',
    async run(scene) {
      const fakes = scene.bind(pivotSaga, { script: { deliver: ['permanent'] } });
      await scene.deploy();
      const { id } = await scene.runs('pivot', 'failed');
      await scene.backstep.saga(id).command({ name: 'retry', by: 'ada' });
      await scene.hasStatus(id, 'completed');
      expect(called(fakes)).toEqual(['hold', 'decide', 'deliver', 'deliver']);
    },
  },
  {
    title: 'a pivot that is refused has what was done before undone',
    async run(scene) {
      const fakes = scene.bind(pivotSaga, { always: { decide: 'permanent' } });
      await scene.deploy();
      await scene.runs('pivot', 'compensated');
      expect(called(fakes)).toEqual(['hold', 'decide', 'unhold']);
    },
  },
  takesOneWay('far', ['fly', 'tell', 'unfly']),
  takesOneWay('near', ['drive', 'tell', 'undrive']),
  {
    title: 'the rounds of a loop have a key each, and are undone from the last to the first',
    async run(scene) {
      const fakes = scene.bind(loopSaga, { always: { close: 'permanent' } });
      await scene.deploy();
      await scene.runs('loop', 'compensated', 'ab');
      expect(called(fakes)).toEqual(['send', 'send', 'close', 'unsend', 'unsend']);
      const [first, second, , undoneFirst, undoneSecond] = fakes.calls;
      expect(first?.key).not.toBe(second?.key);
      expect([undoneFirst?.forwardKey, undoneSecond?.forwardKey]).toEqual([
        second?.key,
        first?.key,
      ]);
    },
  },
  {
    title: 'branches run at once, and both are done before what comes after',
    isShort: true,
    isRacing: true,
    async run(scene) {
      const fakes = scene.bind(branchesSaga);
      await scene.deploy();
      await scene.runs('branches', 'completed');
      expect(called(fakes).slice(0, 2).toSorted()).toEqual(['bookA', 'bookB']);
      expect(called(fakes).slice(2)).toEqual(['confirm']);
    },
  },
  {
    title: 'a branch that is refused has the other one undone',
    isRacing: true,
    async run(scene) {
      const fakes = scene.bind(branchesSaga, { always: { bookB: 'permanent' } });
      await scene.deploy();
      await scene.runs('branches', 'compensated');
      expect(called(fakes)).not.toContain('confirm');
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'branches that are both refused end the saga once',
    isRacing: true,
    async run(scene) {
      const fakes = scene.bind(branchesSaga, {
        always: { bookA: 'permanent', bookB: 'permanent' },
      });
      await scene.deploy();
      await scene.runs('branches', 'compensated');
      expect(fakes.standing).toEqual([]);
    },
  },
];
