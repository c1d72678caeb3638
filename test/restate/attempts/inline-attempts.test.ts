/** Which attempts the calls of a saga make themselves, and that nothing of them is lost or made twice. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ActivityContext } from '../../../src/core/activity.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { type Clock, systemClock } from '../../../src/host/clock.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { AttemptDesk } from '../../../src/restate/attempt-desk.ts';
import type { Commands, WorkPlace } from '../../../src/restate/sends.ts';
import { TurnWork } from '../../../src/restate/turn-work.ts';
import { serveWorker } from '../../../src/restate/worker.ts';
import { WorkerRegistry } from '../../../src/restate/worker-registry.ts';
import { JOURNAL_WORDS } from '../../../src/restate/words.ts';
import {
  branchesSaga,
  hastySaga,
  INPUT,
  parcelSaga,
  requestSaga,
} from '../../conformance/sagas.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { SERVICES } from '../../../src/restate/names.ts';
import type { AttemptTask } from '../../../src/host/outside/activity-runner.ts';
import { SagaAlone } from '../saga-alone.ts';

const NOW_MS = 1_000;
/** The usual time-out of an activity is ten seconds. */
const UP_TO_MS = 10_000;

// In a list every contract is alike.
const erased = <C extends object>(definition: SagaDefinition<C>) =>
  definition as unknown as SagaDefinition;
const parcel = erased(parcelSaga);
const branches = erased(branchesSaga);
const request = erased(requestSaga());
const hasty = erased(hastySaga());
const once = erased(hastySaga({ repeatable: false }));

type Call = (input: unknown, context: ActivityContext) => unknown;

interface PlaceOptions {
  readonly upToMs?: number | null;
  readonly call?: Call;
  /** The one activity that `call` is; the others answer. Default: all are. */
  readonly only?: string;
  readonly places?: number;
  readonly clock?: Clock;
}

const answer: Call = () => ({ receipt: 'r' });

function placeOf(
  definition: SagaDefinition,
  { upToMs = UP_TO_MS, call = answer, only, clock = systemClock, places }: PlaceOptions = {},
): WorkPlace {
  const registry = new WorkerRegistry();
  const activities = definition.activities.map((name): [string, Call] => [
    name,
    only === undefined || name === only ? call : answer,
  ]);
  registry.add(definition, { activities: Object.fromEntries(activities) });
  const limits = {
    ...DEFAULT_LIMITS,
    ...(places === undefined ? {} : { activitiesInFlight: places }),
  };
  const desk = new AttemptDesk({ clock, limits, lateMs: 0 });
  const inline = upToMs === null ? null : { upToMs, desk };
  return { registry, stateLength: 100_000, keepEndedMs: null, unheard: { add: () => {} }, inline };
}

const born = { input: INPUT, key: 'k', inputHash: 'h', hold: null, parent: null, trace: null };
const begun = (definition: SagaDefinition, options?: PlaceOptions): Commands =>
  TurnWork.begin(placeOf(definition, options), 's1', definition, born, NOW_MS).commands('here');

const start = (type: string, input: object = INPUT) => {
  const of = { type, version: 1, key: null, inputHash: 'h' };
  return { ...of, input, startAtMs: null, atMs: NOW_MS };
};

const sentOf = ({ sends }: Pick<Commands, 'sends'>): readonly string[] =>
  sends.map(({ service, handler }) => `${service.replace('backstep-', '')}/${handler}`);
const HERE = ['journal/append'];
const APART = ['journal/append', 'attempt/run'];

describe('an attempt that a turn starts', () => {
  it('is made by the call that took the turn, once all else is sent', () => {
    const { sends, here } = begun(parcel);
    expect(here?.effect).toMatchObject({ activity: 'reserve', token: 1 });
    expect(sentOf({ sends })).toEqual(HERE);
  });

  it.each([
    ['takes longer than the bound', parcel, { upToMs: UP_TO_MS - 1 }],
    ['is not to be made so at all', parcel, { upToMs: null }],
  ])('is a call of its own where it %s', (_, definition, options) => {
    const { sends, here } = begun(definition, options);
    expect(here).toBeNull();
    expect(sentOf({ sends })).toEqual(APART);
  });

  it('is a call of its own where the saga does something beside it', () => {
    const { sends, here } = begun(branches);
    expect(here).toBeNull();
    expect(sentOf({ sends })).toEqual([...APART, 'attempt/run']);
  });

  it('is handed over where somebody waits for the call, or a timer is due before it', () => {
    const at = placeOf(request);
    const begin = (atMs: number) => TurnWork.begin(at, 's1', request, born, atMs);
    const handed = begin(NOW_MS).commands();
    expect(handed.here).toBeNull();
    expect(sentOf(handed)).toEqual(['journal/append', 'saga/attempt', 'saga/wake']);
    const { keep, here } = begin(NOW_MS).commands('here');
    expect(here).not.toBeNull();
    const late = TurnWork.open(at, 's1', keep, NOW_MS + 3 * 3_600_000);
    late.takeAlone({ kind: 'interrupted', activity: 'file', token: 1 });
    expect(sentOf(late.commands('here'))).toEqual(['journal/append', 'saga/attempt']);
  });
});

describe('an attempt that was handed over', () => {
  it('is left where the saga was paused since, and made once where it went on', async () => {
    const called: string[] = [];
    const call: Call = (_, { step }) => called.push(step);
    const saga = new SagaAlone(placeOf(hasty, { call }));
    await saga.only('start', start('hasty'));
    const order = (name: 'pause' | 'resume') =>
      ({ command: { name }, expectedVersion: null, atMs: NOW_MS }) as const;
    await saga.only('command', order('pause'));
    await saga.only('attempt', saga.handed[0] ?? expect.fail());
    await saga.only('command', order('resume'));
    await saga.only('attempt', saga.handed[0] ?? expect.fail());
    expect(called).toEqual([]);
    for (const each of saga.handed) await saga.only('attempt', each);
    await saga.only('attempt', saga.handed[1] ?? expect.fail());
    expect(called).toEqual(['call']);
  });
});

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

  it('goes on over whatever it had said when its worker was lost, each effect with its key', async () => {
    const interrupted: number[] = [];
    for (let says = 0; ; says += 1) {
      const calls: string[] = [];
      const call: Call = (_, { step, key }) => calls.push(`${step} ${key}`);
      const place = placeOf(parcel, { call });
      const saga = new SagaAlone(place, says);
      await saga.call('start', start('parcel'));
      expect(statusOf(saga)).toBe('completed');
      const lines = journalOf(saga).map(({ journal }) => journal);
      expect(lines.map(({ sagaSeq }) => sagaSeq)).toEqual(lines.map((_, at) => at + 1));
      expect(new Set(calls).size).toBe(4);
      const notes = lines.filter(({ cause }) => cause === 'interrupted').length;
      // An attempt that was marked and whose end was lost is made again, with a line that says so.
      expect(calls.length - 4).toBe(notes);
      interrupted.push(notes);
      if (!saga.hasLost) break;
    }
    expect(interrupted.filter((notes) => notes === 1)).toHaveLength(4);
    expect(Math.max(...interrupted)).toBe(1);
  });

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

it('an inline attempt may not take longer than callers wait', async () => {
  const worker = serveWorker({
    port: 0,
    register: () => {},
    inlineAttempts: { upTo: '21s' },
  });
  await expect(worker).rejects.toMatchObject({
    code: 'definition-invalid',
    message: expect.stringContaining('inlineAttempts.upTo must be at most 20s') as unknown,
  });
});
