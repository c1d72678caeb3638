/** Which attempts the calls of a saga make themselves. */
import { describe, expect, it } from 'vitest';
import { TurnWork } from '../../../src/restate/turn-work.ts';
import { serveWorker } from '../../../src/restate/worker.ts';
import { SagaAlone } from '../saga-alone.ts';
import {
  begun,
  born,
  branches,
  type Call,
  hasty,
  NOW_MS,
  parcel,
  placeOf,
  request,
  sentOf,
  start,
  UP_TO_MS,
} from './inline-place.ts';

const APART = ['journal/append', 'attempt/run'];

describe('an attempt that a turn starts', () => {
  it('is made by the call that took the turn, once all else is sent', () => {
    const { sends, here, held } = begun(parcel);
    expect(here?.effect).toMatchObject({ activity: 'reserve', token: 1 });
    expect(sentOf({ sends })).toEqual([]);
    expect(held.map(({ saga }) => saga.seq)).toEqual([1]);
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
