/** User code that throws, and values that are too large: one saga has the trouble, and keeps what it did. */
import { expect } from 'vitest';
import { assign, setup } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { Case } from '../case.ts';
import type { Scene } from '../scene.ts';
import { attempt, type Calls, Input, parcelSaga } from '../sagas.ts';

/** What throws until somebody has mended it. */
interface Broken {
  isMended: boolean;
}

function throwUnless({ isMended }: Broken, message: string): void {
  if (!isMended) throw new Error(message);
}

/** Of what no mapper throws. */
const SOUND = 'p-sound';

/** A mapper of its second step throws. */
function mapperSaga(broken: Broken) {
  return defineSaga({
    id: 'mapper',
    input: Input,
    activities: {} as Calls<'take' | 'giveBack' | 'use' | 'unuse'>,
  })
    .step('take', { ...attempt, compensate: { ...attempt, activity: 'giveBack' } })
    .step('use', {
      ...attempt,
      input: ({ input: { of } }) => {
        if (of !== SOUND) throwUnless(broken, 'the mapper is broken');
        return { of };
      },
      compensate: { ...attempt, activity: 'unuse' },
    })
    .build();
}

/** The condition of a way throws. */
function guardSaga(broken: Broken) {
  return defineSaga({
    id: 'guard',
    input: Input,
    activities: {} as Calls<'take' | 'giveBack' | 'use' | 'unuse'>,
  })
    .step('take', { ...attempt, compensate: { ...attempt, activity: 'giveBack' } })
    .choose('way', {
      one: {
        when: () => {
          throwUnless(broken, 'the guard is broken');
          return true;
        },
        steps: (way) =>
          way.step('use', { ...attempt, compensate: { ...attempt, activity: 'unuse' } }),
      },
    })
    .build();
}

/** What an event does throws. */
function assignSaga(broken: Broken) {
  const machine = setup({
    types: {
      context: {} as { readonly count: number },
      events: {} as { type: 'add' } | { type: 'end' },
    },
  }).createMachine({
    id: 'assigning',
    context: { count: 0 },
    initial: 'open',
    states: {
      open: {
        tags: ['waiting'],
        on: {
          add: {
            actions: assign({
              count: ({ context: { count } }) => {
                throwUnless(broken, 'the assign is broken');
                return count + 1;
              },
            }),
          },
          end: 'done',
        },
      },
      done: { type: 'final' },
    },
  });
  return durable(machine);
}

const parksAndGoesOn = (id: string, what: string, saga: typeof mapperSaga | typeof guardSaga) => ({
  title: `a ${what} that throws parks its saga, which goes on once it is mended`,
  // How often the embedded host tries such a turn before it parks the saga is its own matter.
  isRacing: true as const,
  async run(scene: Scene) {
    const broken: Broken = { isMended: false };
    const fakes = scene.bind(saga(broken));
    const others = scene.bind(parcelSaga);
    await scene.deploy();
    const { id: poisoned } = await scene.start(id);
    const { failure } = await scene.settles(poisoned, 'parked');
    expect(failure.message).toContain(`the ${what} is broken`);
    await scene.runs('parcel', 'completed');
    expect(others.standing).toHaveLength(4);
    const letters = () => scene.backstep.read.deadLetters({ limit: 10, cursor: null });
    const { items } = await letters();
    expect(items).toMatchObject([{ sagaId: poisoned, kind: 'parked' }]);
    expect(items[0]?.letter).toContain(`the ${what} is broken`);
    broken.isMended = true;
    await scene.backstep.saga(poisoned).command({ name: 'retry', by: 'ada' });
    // What is written may lag behind the order, and says `parked` until then.
    await scene.hasStatus(poisoned, 'completed');
    expect((await letters()).items).toEqual([]);
    expect(fakes.standing).toEqual(['take', 'use']);
    expect(new Set(fakes.calls.map(({ key }) => key)).size).toBe(2);
  },
});

export const POISON_CASES: readonly Case[] = [
  { ...parksAndGoesOn('mapper', 'mapper', mapperSaga), isShort: true },
  parksAndGoesOn('guard', 'guard', guardSaga),
  {
    title: 'a saga that is parked gives its place of a bounded type to the next in line',
    isRacing: true,
    async run(scene) {
      const broken: Broken = { isMended: false };
      const isInLine = Promise.withResolvers<void>();
      const answer = () => ({ receipt: 'r' });
      const take = async () => {
        await isInLine.promise;
        return answer();
      };
      const activities = { take, giveBack: answer, use: answer, unuse: answer };
      scene.bindTo(mapperSaga(broken), { concurrency: 1, activities });
      await scene.deploy();
      const sound = { input: { of: SOUND } };
      const parked = await scene.start('mapper');
      await scene.reaches(parked.id, ({ steps }) => steps.length > 0);
      const next = await scene.start('mapper', sound);
      expect((await scene.hasStatus(next.id, 'waiting')).steps).toEqual([]);
      isInLine.resolve();
      await scene.settles(parked.id, 'parked');
      await scene.settles(next.id, 'completed');
      broken.isMended = true;
      await scene.backstep.saga(parked.id).command({ name: 'retry', by: 'ada' });
      await scene.hasStatus(parked.id, 'completed');
      const last = await scene.start('mapper', sound);
      await scene.settles(last.id, 'completed');
    },
  },
  {
    title: 'an event whose assignment throws is refused to its sender, and nothing is written',
    async run(scene) {
      const broken: Broken = { isMended: false };
      scene.bindTo(assignSaga(broken), { activities: {} });
      await scene.deploy();
      const { id } = await scene.start('assigning', { input: {} });
      const { seq } = await scene.hasStatus(id, 'waiting');
      const saga = scene.backstep.saga(id);
      await expect(saga.send({ type: 'add' }, { eventId: 'e-1' })).rejects.toThrow(
        'the assign is broken',
      );
      expect((await saga.state())?.seq).toBe(seq);
      broken.isMended = true;
      await saga.send({ type: 'add' }, { eventId: 'e-1' });
      await saga.send({ type: 'end' }, { eventId: 'e-2' });
      await scene.settles(id, 'completed');
      expect((await saga.state())?.snapshot.context).toEqual({ count: 1 });
    },
  },
  {
    title: 'an answer that JSON cannot hold fails the step for good',
    async run(scene) {
      const fakes = scene.bind(parcelSaga, { always: { pack: { output: { big: 1n } } } });
      await scene.deploy();
      const { failure } = await scene.runs('parcel', 'compensated');
      expect(failure.message).toMatch(/JSON/);
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'an answer that is too long to be kept may have happened, and is undone',
    async run(scene) {
      const big = { receipt: 'x'.repeat(300_000) };
      const fakes = scene.bind(parcelSaga, { always: { pack: { output: big } } });
      await scene.deploy();
      const { failure } = await scene.runs('parcel', 'compensated');
      expect(failure.code).toBe('output-too-large');
      expect(fakes.calls.map(({ activity }) => activity)).toEqual(
        'reserve pay pack unpack refund release'.split(' '),
      );
    },
  },
  {
    title: 'an answer for which the state has no room left may have happened, and all is undone',
    async run(scene) {
      // Each may be kept by itself; the third does not go in beside the input and the others.
      const big = { output: { receipt: 'x'.repeat(260_000) } };
      const always = { reserve: big, pay: big, pack: big, ship: big };
      const fakes = scene.bind(parcelSaga, { always });
      await scene.deploy();
      const { failure } = await scene.runs('parcel', 'compensated', 'x'.repeat(300_000));
      expect(failure.code).toBe('state-too-large');
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'an input that is too large for a state is refused, and starts nothing',
    async run(scene) {
      scene.bind(parcelSaga);
      await scene.deploy();
      const input = { of: 'x'.repeat(1_100_000) };
      await expect(scene.start('parcel', { input })).rejects.toMatchObject({ code: 'too-large' });
      expect(await scene.backstep.read.countSagas({})).toBe(0);
    },
  },
];
