/** Steps and waits of the builder, driven through the core: kinds, probes, budgets, people. */
import { describe, expect, test } from 'vitest';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import type { Failure } from '../../../src/core/failure.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { verify } from '../../../src/verify/verify.ts';
import {
  ALL_KINDS,
  approvedSaga,
  hurriedSaga,
  impatientSaga,
  INPUT,
  pivotSaga,
  probedSaga,
} from './builder-sagas.ts';
import { BUSY, LOST, REFUSED, SagaDriver } from '../turn/saga-driver.ts';

const started = (definition: SagaDefinition, input: object = INPUT): SagaDriver =>
  new SagaDriver(definition, input);

test.each(ALL_KINDS.map((saga) => [saga.id, saga] as const))(
  'the %s saga has no error on any path',
  (_, saga) => {
    const { findings, exhaustive } = verify(saga);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(exhaustive).toBe(true);
  },
);

describe('a pivot', () => {
  test('that is refused turns the saga back', () => {
    const saga = started(pivotSaga);
    saga.done('hold');
    saga.fail('charge', REFUSED);
    saga.done('release');
    expect(saga.state.status).toBe('compensated');
    expect(saga.stepStatus('charge')).toBe('failed');
  });

  test('under way takes no cancel, and what follows it goes forward only', () => {
    const saga = started(pivotSaga);
    saga.done('hold');
    expect(saga.command('cancel').kind).toBe('refused');
    saga.done('charge');
    expect(legalCommands(saga.state)).not.toContain('cancel');
    saga.fail('ship', BUSY);
    saga.fireTimer('ship.retry');
    saga.fail('ship', BUSY);
    expect(saga.state.status).toBe('failed');
    expect(saga.state.failureReason).toMatchObject({ code: 'busy' });
    saga.command('retry');
    expect(saga.state.failureReason).toBeNull();
    saga.done('ship');
    saga.done('mail');
    expect(saga.state.status).toBe('completed');
    expect(saga.state.snapshot.output).toEqual({ shipped: 'ship-output' });
  });

  const inDoubt = (): SagaDriver => {
    const saga = started(pivotSaga);
    saga.done('hold');
    saga.fail('charge', LOST);
    saga.fireTimer('charge.retry');
    saga.fail('charge', LOST);
    return saga;
  };

  test('in doubt is nobody’s to undo: a person says that it never happened', () => {
    const saga = inDoubt();
    expect(saga.state.status).toBe('failed');
    expect(saga.stepStatus('charge')).toBe('in_doubt');
    saga.command('compensate');
    expect(saga.stepStatus('charge')).toBe('failed');
    saga.done('release');
    expect(saga.state.status).toBe('compensated');
  });

  test('in doubt stays in doubt when a further attempt is refused', () => {
    const saga = inDoubt();
    saga.command('retry');
    saga.fail('charge', REFUSED);
    expect(saga.state.status).toBe('failed');
    expect(saga.stepStatus('charge')).toBe('in_doubt');
  });

  test('that a person skipped never ends as completed', () => {
    const saga = inDoubt();
    saga.command('skip', 'the bank says it was paid');
    saga.done('ship');
    saga.done('mail');
    expect(saga.state.status).toBe('failed');
    expect(saga.state.resolution).toMatchObject({ reason: 'the bank says it was paid' });
    expect(saga.stepStatus('charge')).toBe('skipped');
  });
});

test('a retriable step given up on ends partially, and nothing before it is undone', () => {
  const saga = started(pivotSaga);
  saga.done('hold');
  saga.done('charge');
  saga.fail('ship', REFUSED);
  saga.command('accept-partial', 'picked up by hand');
  expect(saga.trail.at(-1)).toBe('partially_completed');
  expect(saga.state.resolution).toMatchObject({ reason: 'picked up by hand' });
  expect(saga.stepStatus('hold')).toBe('completed');
  expect(saga.stepStatus('ship')).toBe('skipped');
});

describe('a probe', () => {
  const asked = (): SagaDriver => {
    const saga = started(probedSaga);
    saga.done('hold');
    saga.fail('charge', LOST);
    saga.fireTimer('charge.retry');
    saga.fail('charge', LOST);
    expect(saga.trail.at(-1)).toBe('forward.charge.probing.running');
    return saga;
  };

  test('that finds the effect brings the lost output back', () => {
    const saga = asked();
    saga.done('findCharge', { kind: 'happened', output: { id: 'c-7' } });
    expect(saga.state.status).toBe('completed');
    expect(saga.state.snapshot.context).toMatchObject({ results: { charge: { id: 'c-7' } } });
  });

  test('that finds none lets the step fail for certain', () => {
    const saga = asked();
    saga.done('findCharge', { kind: 'never' });
    expect(saga.started).not.toContain('refund');
    saga.done('release');
    expect(saga.state.status).toBe('compensated');
  });

  test('that cannot tell is asked again, then the step is compensated', () => {
    const saga = asked();
    saga.done('findCharge', { kind: 'unknown' });
    saga.fireTimer('findCharge.retry');
    saga.done('findCharge', { kind: 'unknown' });
    expect(saga.state.failureReason).toMatchObject({ code: 'lost' });
    saga.done('refund');
    saga.done('release');
    expect(saga.state.status).toBe('compensated');
    expect(saga.state.steps[1]).toMatchObject({ name: 'charge', probes: 2 });
  });
});

describe('a retry policy', () => {
  const failing = (code: string): Failure => ({ ...BUSY, code });

  test.each(['sold-out', 'never-again'])('takes "%s" as final', (code) => {
    const saga = started(impatientSaga);
    saga.fail('hold', failing(code));
    expect(saga.state.status).toBe('compensated');
  });

  test('does not repeat a step that may have happened and is declared not repeatable', () => {
    const saga = started(impatientSaga);
    saga.fail('hold', BUSY);
    saga.fireTimer('hold.retry');
    saga.fail('hold', LOST);
    expect(saga.trail.at(-1)).toBe('compensating.release.running');
  });

  test('ends with its total time, in doubt while an attempt runs', () => {
    const saga = started(impatientSaga);
    saga.done('hold');
    saga.fireTimer('charge.total');
    expect(saga.trail.at(-1)).toBe('compensating.refund.running');
    expect(saga.state.failureReason).toMatchObject({ code: 'total-time' });
  });

  test('ends with its total time, for certain between two attempts that failed for certain', () => {
    const saga = started(impatientSaga);
    saga.done('hold');
    saga.fail('charge', BUSY);
    saga.fireTimer('charge.total');
    expect(saga.trail.at(-1)).toBe('compensating.release.running');
    expect(saga.stepStatus('charge')).toBe('failed');
  });

  test('leaves a pivot in doubt that no later refusal makes certain', () => {
    const saga = started(hurriedSaga);
    saga.done('hold');
    saga.fireTimer('charge.total');
    saga.command('retry');
    saga.fail('charge', REFUSED);
    expect(saga.trail.at(-1)).toBe('pivot.failed.charge');
  });
});

describe('a wait', () => {
  const dueMs = (saga: SagaDriver, text: string): number | undefined =>
    Object.entries(saga.state.live.timers).find(([id]) => id.includes(text))?.[1].dueMs;

  const send = (saga: SagaDriver, type: string, id = type): void => {
    saga.take({ kind: 'event', id, event: { type } });
  };

  test('goes on with the event, which is its result', () => {
    const saga = started(approvedSaga);
    saga.done('hold');
    expect(saga.state.status).toBe('waiting');
    send(saga, 'approve');
    expect(saga.state.live.activities['charge']?.input).toEqual({ of: 'approve' });
  });

  test('takes an event that came before it was awaited', () => {
    const saga = started(approvedSaga);
    send(saga, 'approve');
    saga.done('hold');
    expect(saga.trail.at(-1)).toBe('forward.charge.running');
  });

  test('turns back on rejection, on expiry and on cancel', () => {
    for (const turn of ['reject', 'expire', 'cancel']) {
      const saga = started(approvedSaga);
      saga.done('hold');
      if (turn === 'reject') send(saga, 'reject');
      else if (turn === 'expire') saga.fireTimer('approval.expires');
      else saga.command('cancel');
      saga.done('release');
      expect(saga.state.status).toBe('compensated');
      expect(saga.state.failureReason?.code).toBe(
        { reject: 'rejected', expire: 'wait-expired', cancel: 'cancelled' }[turn],
      );
    }
  });

  test('reminds again and again while its limit runs on', () => {
    const saga = started(approvedSaga);
    saga.done('hold');
    const due = dueMs(saga, 'approval.expires');
    for (const _ of [1, 2, 3]) {
      saga.fireTimer('approval.remind');
      expect(saga.effects).toMatchObject([
        { kind: 'emit', event: { type: 'approval.reminder', of: INPUT.of } },
      ]);
    }
    expect(dueMs(saga, 'approval.expires')).toBe(due);
  });
});
