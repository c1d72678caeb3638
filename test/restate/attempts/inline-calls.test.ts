/** What a call of a saga does that makes attempts itself, and that none is lost or made twice. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { AttemptTask } from '../../../src/host/outside/activity-runner.ts';
import { SERVICES } from '../../../src/restate/names.ts';
import type { Commands } from '../../../src/restate/sends.ts';
import { TurnWork } from '../../../src/restate/turn-work.ts';
import { JOURNAL_WORDS } from '../../../src/restate/words.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { SagaAlone } from '../saga-alone.ts';
import {
  born,
  type Call,
  hasty,
  NOW_MS,
  once,
  parcel,
  placeOf,
  sentOf,
  start,
} from './inline-place.ts';

/** A saga that sends so many letters, one after the other. */
function lettersSaga(): SagaDefinition {
  return defineSaga({
    id: 'letters',
    input: z.object({ count: z.int() }),
    activities: {} as { send(input: { readonly round: number }): unknown },
  })
    .repeat('letters', {
      atMost: 100,
      while: ({ input: { count }, round }) => round <= count,
      steps: (letters) =>
        letters.step('send', { kind: 'read-only', input: ({ round }) => ({ round }) }),
    })
    .build() as unknown as SagaDefinition;
}

function taskOf(implementation: () => Promise<unknown>): AttemptTask {
  const effect = { activity: 'other', token: 1, src: 'other', input: null, timeout: null };
  const of = { run: 1_000, sagaId: 's2', type: 'other', trace: null, keepsThrown: false };
  return { ...of, implementation, effect: effect as AttemptTask['effect'] };
}

const journalOf = ({ sent }: SagaAlone) =>
  sent
    .filter(({ method }) => method === 'append')
    .flatMap(({ parameter }) => JOURNAL_WORDS.parse(parameter).turns);
const linesTold = ({ sent }: SagaAlone): readonly (readonly number[])[] =>
  sent
    .filter(({ method }) => method === 'append')
    .map(({ parameter }) => JOURNAL_WORDS.parse(parameter).turns.map(({ saga }) => saga.seq));
const statusOf = (saga: SagaAlone): string => journalOf(saga).at(-1)?.saga.status ?? 'none';
const apart = ({ sent }: SagaAlone): number =>
  sent.filter(({ service }) => service === SERVICES.attempt).length;

describe('a call that makes attempts', () => {
  it('goes on from turn to turn until the saga rests: two calls for four steps', async () => {
    const keys: string[] = [];
    const call: Call = (_, { key }) => keys.push(key);
    const saga = new SagaAlone(placeOf(parcel, { call }));
    await saga.call('start', start('parcel'));
    expect(saga.calls).toEqual(['start', 'attempt']);
    expect(new Set(keys).size).toBe(4);
    expect(journalOf(saga).map((turn) => turn.saga.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(statusOf(saga)).toBe('completed');
    expect(apart(saga)).toBe(0);
  });

  it('hands over after so many attempts, and after so much time in them', async () => {
    const many = new SagaAlone(placeOf(lettersSaga()));
    await many.call('start', start('letters', { count: 45 }));
    expect(statusOf(many)).toBe('completed');
    expect(many.calls).toEqual(['start', 'attempt', 'attempt', 'attempt']);
    const clock = new VirtualClock();
    const call: Call = () => clock.advance(100);
    const slow = new SagaAlone(placeOf(lettersSaga(), { call, clock }));
    await slow.call('start', start('letters', { count: 7 }));
    expect(statusOf(slow)).toBe('completed');
    expect(slow.calls).toEqual(['start', 'attempt', 'attempt', 'attempt']);
  });

  it('tells of its turns together, and at once of those before an attempt that takes long', async () => {
    const quick = new SagaAlone(placeOf(parcel));
    await quick.call('start', start('parcel'));
    expect(linesTold(quick)).toEqual([[1], [2, 3, 4, 5]]);
    const clock = new VirtualClock();
    const later: Call = async () => {
      await Promise.resolve();
      clock.advance(60);
    };
    const slow = new SagaAlone(placeOf(parcel, { call: later, clock, only: 'pack' }));
    await slow.call('start', start('parcel'));
    expect(linesTold(slow)).toEqual([[1], [2, 3], [4, 5]]);
  });

  it('holds no line back for long, however long the way to Restate is', () => {
    const at = placeOf(parcel);
    const { keep, held } = TurnWork.begin(at, 's1', parcel, born, NOW_MS).commands('here');
    const after = (ms: number): Commands => {
      const work = TurnWork.open(at, 's1', keep, NOW_MS + ms);
      const outcome = { kind: 'done', output: { receipt: 'r' } } as const;
      work.takeAlone({ kind: 'result', activity: 'reserve', token: 1, outcome });
      return work.commands('here', held);
    };
    expect(after(999)).toMatchObject({ sends: [], held: [{}, {}], here: {} });
    expect(sentOf(after(1_000))).toEqual(['journal/append']);
  });

  it('ends where an attempt is to be tried again later: the saga is woken for it', async () => {
    const call: Call = () => {
      throw new Error('not now');
    };
    const saga = new SagaAlone(placeOf(hasty, { call }));
    await saga.call('start', start('hasty'));
    expect(saga.calls).toEqual(['start', 'attempt']);
    expect(saga.sent.at(-1)).toMatchObject({ method: 'wake' });
  });

  it('gives an attempt up at its time-out, aborts it, and does not hear it any more', async () => {
    const clock = new VirtualClock();
    const aborted = Promise.withResolvers<void>();
    const call: Call = async (_, { signal }) => {
      signal.addEventListener('abort', () => aborted.resolve());
      queueMicrotask(() => clock.advance(150));
      await aborted.promise;
      return { receipt: 'late' };
    };
    const saga = new SagaAlone(placeOf(once, { call, clock, only: 'call' }));
    await saga.call('start', start('hasty'));
    await aborted.promise;
    expect(journalOf(saga).map(({ journal }) => journal.cause)).toEqual([
      'start',
      'timer',
      'result',
    ]);
    expect(statusOf(saga)).toBe('compensated');
  });

  it.each(['has no place for it', 'is about to stop'])(
    'leaves an attempt to a call of its own, uncounted, where its worker %s',
    async (why) => {
      const place = placeOf(parcel, { places: 1 });
      const { desk } = place.inline ?? expect.fail();
      const saga = new SagaAlone(place);
      await saga.only('start', start('parcel'));
      const busy = Promise.withResolvers<unknown>();
      if (why.includes('stop')) await desk.drain(0);
      else void desk.perform(taskOf(() => busy.promise));
      await saga.only('attempt', saga.handed[0] ?? expect.fail());
      busy.resolve(null);
      expect(apart(saga)).toBe(1);
      expect(journalOf(saga)).toHaveLength(1);
    },
  );

  it.each([
    ['short', 0, 4],
    // Whether it takes long, lines before it but at the first, and its end.
    ['long', 60, 4 + 3 + 4],
  ])(
    'goes on over whatever it had said when its worker was lost, each effect with its key: %s',
    async (_, callMs, places) => {
      const interrupted: number[] = [];
      for (let says = 0, hasLost = true; hasLost; says += 1) {
        const calls: string[] = [];
        const clock = new VirtualClock();
        const call: Call = async (_input, { step, key }) => {
          calls.push(`${step} ${key}`);
          await Promise.resolve();
          clock.advance(callMs);
        };
        const saga = new SagaAlone(placeOf(parcel, { call, clock }), says);
        await saga.call('start', start('parcel'));
        hasLost = saga.hasLost;
        expect(statusOf(saga)).toBe('completed');
        const lines = journalOf(saga).map(({ journal }) => journal);
        expect(lines.map(({ sagaSeq }) => sagaSeq)).toEqual(lines.map((_line, at) => at + 1));
        expect(new Set(calls).size).toBe(4);
        const notes = lines.filter(({ cause }) => cause === 'interrupted').length;
        // An attempt that was marked and whose end was lost is made again, with a line that says so.
        expect(calls.length - 4).toBe(notes);
        interrupted.push(notes);
      }
      const lost = interrupted.filter((notes) => notes === 1);
      expect(lost).toHaveLength(places);
    },
  );

  it('never makes one again that is not repeatable, once it may have been begun', async () => {
    for (let says = 0, hasLost = true; hasLost; says += 1) {
      const calls: string[] = [];
      const call: Call = (_, { key }) => calls.push(key);
      const saga = new SagaAlone(placeOf(once, { call }), says);
      await saga.call('start', start('hasty'));
      expect(['completed', 'compensated']).toContain(statusOf(saga));
      expect(calls.filter((key) => key.includes('/forward/')).length).toBeLessThanOrEqual(1);
      hasLost = saga.hasLost;
    }
  });
});
