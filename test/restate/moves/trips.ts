/**
 * Sagas that are stopped at different points and moved, whatever hosts they leave and come to, and a
 * service that keeps what stands by key.
 */
import { expect } from 'vitest';
import { z } from 'zod';
import type { Activities, ProbeAnswer } from '../../../src/core/activity.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { PermanentError, TransientError } from '../../../src/core/failure.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import type { SagaState } from '../../../src/core/state.ts';
import type { Backstep } from '../../../src/host/backstep.ts';

interface Told {
  readonly of: string;
}
type Does = (input: Told) => { readonly receipt: string };
interface TripActivities extends Record<'reserve' | 'release' | 'pay' | 'refund' | 'ship', Does> {
  findPayment(input: Told): ProbeAnswer<{ readonly receipt: string }>;
}

const input = ({ input: { of } }: { readonly input: Told }) => ({ of });
const Input = z.object({ of: z.string() });
/** The second attempt is far enough away to stop before it. */
const retry = exponential({ first: '5s', factor: 1, attempts: 3, jitter: 'none' });
/** Whether the mapper of a step throws. */
const mapper = { isBroken: false };

/** Four steps of which one is asked about when it is in doubt, and a wait that may end by itself. */
const tripSaga = defineSaga({
  id: 'trip',
  input: Input,
  activities: {} as TripActivities,
  deadline: '1h',
})
  .step('reserve', { input, retry, compensate: { input, retry, activity: 'release' } })
  .step('pay', {
    input: ({ input: { of } }) => {
      if (of === 'parked' && mapper.isBroken) throw new Error('the mapper is broken');
      return { of };
    },
    retry,
    repeatable: false,
    probe: { activity: 'findPayment', input },
    compensate: { input, retry, activity: 'refund' },
  })
  .wait('label', { on: { labelled: 'continue', refused: 'compensate' }, within: '10s' })
  .step('ship', { kind: 'pivot', input, retry })
  .build();

/** The same for as long as nobody decides. */
export const stageSaga = defineSaga({
  id: 'stage',
  input: Input,
  activities: {} as Pick<TripActivities, 'reserve' | 'release'>,
})
  .step('reserve', { input, retry, compensate: { input, retry, activity: 'release' } })
  .wait('label', { on: { labelled: 'continue', refused: 'compensate' }, within: '24h' })
  .build();

/** Runs a stage as its child. */
export const tourSaga = defineSaga({
  id: 'tour',
  input: Input,
  activities: {} as Pick<TripActivities, 'reserve' | 'release' | 'refund' | 'ship'>,
})
  .step('reserve', { input, retry, compensate: { input, retry, activity: 'release' } })
  .child('stage', {
    saga: stageSaga,
    input: ({ input: { of } }) => ({ of: `${of}-stage` }),
    compensate: { input, retry, activity: 'refund' },
  })
  .wait('label', { on: { labelled: 'continue', refused: 'compensate' }, within: '24h' })
  .step('ship', { kind: 'pivot', input, retry })
  .build();

export const tripDefinitions = [tripSaga, stageSaga, tourSaga];

type Mood = 'hangs' | 'away' | 'broken';

/** What stands, by key, and how often it was asked for. */
export class Trips {
  readonly calls = new Map<string, number>();
  readonly heard: string[] = [];
  /** By trip and activity, such as `in a step/reserve`. */
  readonly moods: Map<string, Mood>;
  readonly #waiting = new Map<string, () => void>();

  constructor(moods: Readonly<Record<string, Mood>> = {}) {
    this.moods = new Map(Object.entries(moods));
  }

  /** Resolves once it is asked for that and hangs. */
  hangsIn(place: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#waiting.has(place)) resolve();
    this.#waiting.set(place, resolve);
    return promise;
  }

  register(backstep: Pick<Backstep, 'register'>): void {
    const does =
      (name: string) =>
      async ({ of }: Told, { key, signal }: { key: string; signal: AbortSignal }) => {
        const place = `${of}/${name}`;
        this.calls.set(key, (this.calls.get(key) ?? 0) + 1);
        const mood = this.moods.get(place);
        if (mood === 'away') throw new TransientError('away', 'the service is away');
        if (mood === 'broken') throw new PermanentError('broken', 'the service refuses it');
        if (mood === 'hangs') {
          const tell = this.#waiting.get(place);
          this.#waiting.set(place, () => {});
          tell?.();
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new TransientError('cut', 'cut off')));
          });
        }
        return { receipt: key };
      };
    const names = ['reserve', 'release', 'pay', 'refund', 'ship'] as const;
    const all = Object.fromEntries(names.map((name) => [name, does(name)]));
    const activities = {
      ...all,
      findPayment: ({ of }: Told) => ({ kind: 'happened', output: { receipt: of } }),
    } as unknown as Activities<TripActivities>;
    const hears = (_: unknown, { key }: { key: string }) => void this.heard.push(key);
    backstep.register(stageSaga, { activities, subscribers: { 'stage.told': hears } });
    backstep.register(tourSaga, { activities });
    backstep.register(tripSaga, { activities, concurrency: 20 });
  }
}

/** What goes wrong before the move. */
export const BEFORE = {
  'in a step/reserve': 'hangs',
  'before a retry/reserve': 'away',
  'in doubt/pay': 'hangs',
  'compensating/release': 'hangs',
  'given up/release': 'broken',
  'unwinding-stage/release': 'hangs',
} as const;

/** A saga stopped at each point, by what it is called. */
export async function stopped(old: Backstep, trips: Trips) {
  const start = (of: string, type = 'trip', more: { readonly delay?: '3s' } = {}) =>
    old.spawn(type, { input: { of }, key: of, ...more });
  const reaches = (id: string, is: (state: SagaState) => boolean) =>
    old.saga(id).waitFor(is, { within: '20s' });
  const status = (wanted: string) => (state: SagaState) => state.status === wanted;
  mapper.isBroken = true;
  const inStep = await start('in a step');
  const inDoubt = await start('in doubt');
  const parked = await start('parked');
  const scheduled = await start('scheduled', 'trip', { delay: '3s' });
  const [compensating, givenUp, paused] = [
    await start('compensating', 'stage'),
    await start('given up', 'stage'),
    await start('paused', 'stage'),
  ];
  const [family, unwinding] = [await start('family', 'tour'), await start('unwinding', 'tour')];
  const stages = [family, unwinding].map(({ id }) => `${id}.stage.1`);
  await trips.hangsIn('in a step/reserve');
  await trips.hangsIn('in doubt/pay');
  await reaches(parked.id, status('parked'));
  for (const { id } of [compensating, givenUp, paused]) await reaches(id, status('waiting'));
  for (const { id } of [compensating, givenUp]) await old.saga(id).send({ type: 'refused' });
  await trips.hangsIn('compensating/release');
  await reaches(givenUp.id, status('compensation_failed'));
  await old.saga(paused.id).command({ name: 'pause', by: 'ada', reason: 'wait for her' });
  for (const id of stages) await stageWaits(old, id);
  await old.saga(unwinding.id).command({ name: 'cancel', by: 'ada' });
  await trips.hangsIn('unwinding-stage/release');
  const waiting = await start('waiting', 'stage');
  await reaches(waiting.id, status('waiting'));
  const inRetry = await start('before a retry');
  await reaches(inRetry.id, ({ steps }) => steps[0]?.nextAttemptAtMs !== undefined);
  const timedOut = await start('times out');
  await reaches(timedOut.id, status('waiting'));
  const trip = { inStep, inRetry, inDoubt, parked, scheduled, timedOut };
  const other = { compensating, givenUp, paused, waiting, family, unwinding };
  return { ...trip, ...other };
}

export type Stopped = Awaited<ReturnType<typeof stopped>>;

/** How many sagas those are, children included. */
export const SAGAS = 14;

/** Resolves once that stage waits; a child is there some time after its parent said so. */
export async function stageWaits(backstep: Backstep, id: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = backstep.subscribe((entry) => {
    if (entry.sagaId === id && entry.status === 'waiting') resolve();
  });
  if ((await backstep.read.saga(id))?.status === 'waiting') resolve();
  await promise.finally(stop);
}

/** Lets each go on where it is now, and holds how it ends against what it would have come to. */
export async function goOn(there: Backstep, sagas: Stopped): Promise<void> {
  mapper.isBroken = false;
  const ends = async (id: string, status: string): Promise<void> => {
    expect(await there.saga(id).settled({ within: '20s' })).toMatchObject({ status });
  };
  const waits = async (id: string): Promise<void> => {
    await there.saga(id).waitFor(({ status }) => status === 'waiting', { within: '20s' });
  };
  const { paused, parked, givenUp, family } = sagas;
  expect(await there.read.saga(paused.id)).toMatchObject({ status: 'paused', key: 'paused' });
  const [ordered] = await there.read.audit(paused.id);
  expect(ordered).toMatchObject({ command: 'pause', by: 'ada' });
  const letters = await there.read.deadLetters({ limit: 9, cursor: null });
  expect(letters.items.map(({ sagaId }) => sagaId).toSorted()).toEqual(
    [parked.id, givenUp.id].toSorted(),
  );
  for (const [of, { id }] of [
    ['waiting', sagas.waiting],
    ['compensating', sagas.compensating],
  ] as const) {
    const again = await there.spawn(stageSaga, { input: { of }, key: of });
    expect(again).toMatchObject({ id, isNew: false });
  }
  await there.saga(paused.id).command({ name: 'resume', by: 'ada' });
  await there.saga(parked.id).command({ name: 'retry', by: 'ada' });
  await there.saga(givenUp.id).command({ name: 'retry', by: 'ada' });
  for (const { id } of [sagas.inStep, sagas.inRetry, sagas.inDoubt, parked, sagas.scheduled]) {
    await waits(id);
    await there.saga(id).send({ type: 'labelled' });
    await ends(id, 'completed');
  }
  for (const id of [sagas.waiting.id, paused.id, `${family.id}.stage.1`]) {
    await waits(id);
    await there.saga(id).send({ type: 'labelled' });
  }
  await waits(family.id);
  await there.saga(family.id).send({ type: 'labelled' });
  for (const { id } of [sagas.waiting, paused, family]) await ends(id, 'completed');
  for (const { id } of [sagas.compensating, givenUp, sagas.unwinding, sagas.timedOut]) {
    await ends(id, 'compensated');
  }
}

/** Keys that more than one call had. */
export function repeatedKeys(before: Trips, after: Trips): readonly string[] {
  const keys = new Set([...before.calls.keys(), ...after.calls.keys()]);
  const countOf = (key: string): number =>
    (before.calls.get(key) ?? 0) + (after.calls.get(key) ?? 0);
  return [...keys].filter((key) => countOf(key) > 1).toSorted();
}

/** Those that must have more: the move cut one call off, or the first one had failed. */
export function askedTwice(sagas: Stopped): readonly string[] {
  const { inStep, inRetry, parked, compensating, givenUp, unwinding } = sagas;
  return [
    ...[inStep, inRetry, parked].map(({ id }) => `${id}/reserve/forward/1`),
    ...[compensating, givenUp].map(({ id }) => `${id}/reserve/compensate/1`),
    `${unwinding.id}.stage.1/reserve/compensate/1`,
  ].toSorted();
}
