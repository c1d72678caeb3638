/** Where a saga stands once its steps have new names: in the states of those names. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { Migration } from '../../../src/core/history/migration.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import { migrated, refusalOf } from './migrated.ts';
import { LOST, SagaDriver } from './saga-driver.ts';

type Calls = Record<string, (input: null) => unknown>;
const input = (): null => null;
const retry = exponential({ first: '1m', attempts: 3, jitter: 'none' });
const wait = { on: { ok: 'continue', no: 'compensate' }, within: '1d' } as const;

const halves = (version: number, step: string, cancel: string) =>
  defineSaga({ id: 'stay', version, input: z.null(), activities: {} as Calls })
    .parallel('both', {
      book: (part) => part.step(step, { input, retry, compensate: { activity: cancel, input } }),
      other: (part) => part.wait('approval', wait),
    })
    .build();
const v1 = halves(1, 'book', 'cancel');
const v2 = halves(2, 'reserve', 'release');
const renamed = () => ({ steps: { book: 'reserve', cancel: 'release' } });

test('it follows a step whose branch keeps that name', () => {
  const saga = migrated(new SagaDriver(v1, null), v2, renamed);
  const value = { forward: { both: { book: { reserve: 'running' }, other: 'approval' } } };
  expect(saga.state.snapshot.value).toEqual(value);
});

test('it follows a compensation under way', () => {
  const old = new SagaDriver(v1, null);
  old.done('book');
  old.send({ type: 'no' });
  const saga = migrated(old, v2, renamed);
  expect(saga.state.live.activities).toMatchObject({
    release: { src: 'release', step: 'reserve', keyName: 'book', direction: 'compensate' },
  });
  saga.done('release');
  expect(saga.state.status).toBe('compensated');
});

test('it is where a migration says, if one says so: nothing is renamed in that', () => {
  const old = new SagaDriver(v1, null);
  old.fail('book', LOST);
  const stays: Migration = ({ state }) => ({ state });
  expect(refusalOf(old, v2, stays, renamed)).toMatch(/^the state .*book.retrying.* is not in/);
});
