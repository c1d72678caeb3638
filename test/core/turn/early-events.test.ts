/** An event that comes before its wait is kept while that wait is ahead, and refused once it is not. */
import { describe, expect, test } from 'vitest';
import { draft, input, kept, pivotSaga, retry, send, undo, within } from './awaiting-sagas.ts';
import { BUSY, REFUSED, SagaDriver } from './saga-driver.ts';

describe('in a sequence', () => {
  test('each event is kept up to its wait, and no longer', () => {
    const saga = new SagaDriver(pivotSaga, null);
    expect(saga.send({ type: 'aprove' })).toMatchObject({
      reason: 'not-accepted',
      legal: [],
      kept: ['approve', 'reject', 'received'],
    });
    expect(send(saga, 'received')).toBe('kept');
    saga.done('book');
    expect(send(saga, 'approve')).toBe('taken');
    for (const type of ['approve', 'reject']) {
      expect(saga.send({ type })).toEqual({
        kind: 'refused',
        reason: 'not-accepted',
        legal: [],
        kept: ['received'],
      });
    }
    saga.done('charge');
    saga.done('ship');
    expect(saga.state.status).toBe('completed');
  });

  test('a step past the pivot that was given up on still has its waits ahead', () => {
    const saga = new SagaDriver(pivotSaga, null);
    saga.done('book');
    saga.send({ type: 'approve' });
    saga.done('charge');
    saga.fail('ship', REFUSED);
    expect(saga.state.status).toBe('failed');
    expect(send(saga, 'received')).toBe('kept');
    expect(send(saga, 'approve')).toBe('not-accepted');
    saga.command('skip');
    expect(saga.state.status).toBe('failed');
    expect(saga.state.resolution).not.toBeNull();
  });

  test('nothing is ahead of one that compensates, nor where that was given up on', () => {
    const saga = new SagaDriver(pivotSaga, null);
    saga.done('book');
    saga.send({ type: 'reject' });
    expect(saga.state.status).toBe('compensating');
    expect(saga.send({ type: 'received' })).toMatchObject({ kind: 'refused', kept: [] });
    saga.fail('cancel', REFUSED);
    expect(saga.state.status).toBe('compensation_failed');
    expect(send(saga, 'received')).toBe('not-accepted');
  });

  test('a retry delay changes nothing of what is ahead', () => {
    const patient = draft()
      .wait('first', { on: { go: 'continue' }, within })
      .step('book', { input, compensate: { activity: 'cancel', input } })
      .wait('second', { on: { end: 'continue' }, within })
      .build();
    const saga = new SagaDriver(patient, null);
    saga.send({ type: 'go' });
    saga.fail('book', BUSY);
    expect([send(saga, 'go'), send(saga, 'end')]).toEqual(['not-accepted', 'kept']);
  });
});

describe('in a loop', () => {
  const rounds = draft()
    .repeat('deliveries', {
      while: ({ round }) => round <= 2,
      atMost: 5,
      steps: (part) =>
        part
          .step('pack', undo('unpack'))
          .wait('pickup', { on: { picked: 'continue' }, within })
          .step('hold', undo('release')),
    })
    .step('charge', { kind: 'pivot', input, retry })
    .build();

  test('the wait of the next round is ahead, and after the last one none is', () => {
    const saga = new SagaDriver(rounds, null);
    saga.done('pack');
    expect(send(saga, 'picked')).toBe('taken');
    expect(send(saga, 'picked')).toBe('kept');
    saga.done('hold');
    expect(kept(saga)).toEqual(['picked']);
    saga.done('pack');
    expect(saga.trail.at(-1)).toBe('forward.hold.running');
    saga.done('hold');
    expect(saga.trail.at(-1)).toBe('pivot.charge.running');
    expect(send(saga, 'picked')).toBe('not-accepted');
  });
});

describe('in branches', () => {
  const branched = draft()
    .parallel('both', {
      goods: (part) =>
        part
          .step('hold', undo('release'))
          .wait('packed', { on: { packed: 'continue', stop: 'compensate' }, within })
          .step('pack', undo('unpack')),
      money: (part) =>
        part
          .wait('paid', { on: { paid: 'continue', stop: 'compensate' }, within })
          .step('book', undo('cancel')),
    })
    .wait('approval', { on: { approve: 'continue' }, within })
    .step('charge', { kind: 'pivot', input, retry })
    .build();

  test('what another branch waits for, or will, is taken or kept; what is past is refused', () => {
    const saga = new SagaDriver(branched, null);
    expect(send(saga, 'paid')).toBe('taken');
    expect(send(saga, 'paid')).toBe('not-accepted');
    expect(send(saga, 'packed')).toBe('kept');
    expect(send(saga, 'approve')).toBe('kept');
    saga.done('hold');
    expect(send(saga, 'packed')).toBe('not-accepted');
    expect(send(saga, 'stop')).toBe('not-accepted');
    saga.done('pack');
    saga.done('book');
    expect(saga.trail.at(-1)).toBe('pivot.charge.running');
  });

  test('an event on which both go back is one turning back', () => {
    const saga = new SagaDriver(branched, null);
    saga.done('hold');
    expect(send(saga, 'stop')).toBe('taken');
    expect(saga.state.status).toBe('compensating');
    expect(saga.started).toEqual(['hold', 'release']);
  });

  test('one that several waits say they share ends those that the saga is at', () => {
    const go = { on: { go: 'continue' }, within, shared: true } as const;
    const shared = draft()
      .parallel('both', {
        one: (part) => part.wait('first', go).step('hold', undo('release')),
        other: (part) => part.wait('second', go).step('book', undo('cancel')),
      })
      .build();
    const saga = new SagaDriver(shared, null);
    expect(send(saga, 'go')).toBe('taken');
    expect(saga.started).toEqual(['hold', 'book']);
    expect(send(saga, 'go')).toBe('not-accepted');
  });
});

test('a wait in an option is ahead until another option was taken', () => {
  const way = draft()
    .step('book', undo('cancel'))
    .choose('way', {
      byPost: {
        when: ({ input: given }) => given === 'post',
        steps: (part) => part.wait('stamp', { on: { stamped: 'continue' }, within }),
      },
      byHand: {
        when: ({ input: given }) => given === 'hand',
        steps: (part) =>
          part.step('hold', undo('release')).wait('visit', { on: { came: 'continue' }, within }),
      },
    })
    .step('charge', { kind: 'pivot', input, retry })
    .build();
  const saga = new SagaDriver(way, 'hand');
  expect([send(saga, 'came'), send(saga, 'stamped')]).toEqual(['kept', 'kept']);
  saga.done('book');
  expect(kept(saga)).toEqual(['came']);
  expect(send(saga, 'stamped')).toBe('not-accepted');
  saga.done('hold');
  expect(saga.trail.at(-1)).toBe('pivot.charge.running');
});
