/** Schemas of events that a definition carries: how they type it, and what is refused. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { durable } from '../../../src/core/define/durable.ts';
import type { EventSchemas } from '../../../src/core/define/event-schemas.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { StandardSchema } from '../../../src/core/standard-schema.ts';
import { SagaDriver } from '../turn/saga-driver.ts';

type Calls = {
  book: (input: null) => null;
  cancel: (input: null) => null;
  pay: (input: { readonly amount: number }) => null;
};
const input = (): null => null;
const Approval = z.object({ amount: z.number() });

const draft = <Events extends EventSchemas>(events: Events) =>
  defineSaga({ id: 'stay', input: z.null(), activities: {} as Calls, events })
    .step('book', { input, compensate: { activity: 'cancel', input } })
    .wait('approval', { on: { approve: 'continue', skip: 'continue' }, within: '1d' });

const Nothing = z.object({});

const staySaga = draft({ approve: Approval, skip: Nothing })
  .step('pay', {
    kind: 'pivot',
    input: ({ results: { approval } }) => {
      if (approval.kind === 'expired') return { amount: 0 };
      const { event } = approval;
      if (event.type === 'skip') return { amount: 0 };
      expectTypeOf(event.amount).toEqualTypeOf<number>();
      return { amount: event.amount };
    },
  })
  .build();

test('the payload of an event is typed by its schema, and reaches the steps', () => {
  const saga = new SagaDriver(staySaga, null);
  saga.done('book', null);
  saga.send({ type: 'approve', amount: 7 });
  expect(saga.state.live.activities['pay']?.input).toEqual({ amount: 7 });
});

test('it is typed inside of branches, options and rounds too', () => {
  defineSaga({
    id: 'nested',
    input: z.null(),
    activities: {} as Calls,
    events: { approve: Approval },
  }).choose('asked', {
    always: {
      when: () => true,
      steps: (part) =>
        part.wait('approval', { on: { approve: 'continue' }, within: '1d' }).step('pay', {
          input: ({ results: { approval } }) => ({
            amount: approval.kind === 'event' ? approval.event.amount : 0,
          }),
          compensate: { activity: 'cancel', input },
        }),
    },
  });
  expect(staySaga.events.get('approve')).toBe(Approval);
});

test('a saga without schemas has none, and its events may bring anything', () => {
  expect([...draft({}).build().events]).toEqual([]);
  draft({}).step('pay', {
    kind: 'pivot',
    input: ({ results: { approval } }) => {
      if (approval.kind === 'event')
        expectTypeOf(approval.event['amount']).toEqualTypeOf<unknown>();
      return { amount: 0 };
    },
  });
});

const machine = setup({
  types: { events: {} as { type: 'vote' } | { type: 'log.line' } },
}).createMachine({
  id: 'poll',
  initial: 'open',
  states: { open: { on: { vote: 'closed', 'log.*': 'closed' } }, closed: { type: 'final' } },
});

describe('a definition is refused', () => {
  test.each([
    [
      'that has a schema for an event that no wait waits for',
      () => draft({ aprove: Approval }).build(),
      'saga "stay" has no event aprove; a schema can be given for approve, skip ' +
        '(did you mean "approve"?)',
    ],
    [
      'that waits for an event which no schema declares while others are declared',
      () => draft({ approve: Approval }).build(),
      'saga "stay": wait "approval": no schema is given for event "skip"; "events" declares ' +
        'approve; add it there',
    ],
    [
      'that waits for a misspelt event beside the right one',
      () =>
        draft({ approve: Approval, skip: Nothing })
          .wait('again', { on: { aprove: 'continue' }, within: '1d' })
          .build(),
      'wait "again": no schema is given for event "aprove" (did you mean "approve"?); ' +
        '"events" declares approve and skip',
    ],
    [
      'whose schema is none',
      () => draft({ approve: { amount: 'number' } as unknown as StandardSchema }).build(),
      'saga "stay" has no schema for event "approve" but a value of type object; ' +
        'give one of the Standard Schema, such as z.object({ ... })',
    ],
    [
      'whose schema was forgotten',
      () => durable(machine, { events: { vote: null as unknown as StandardSchema } }),
      'saga "poll" has no schema for event "vote" but null',
    ],
    [
      'that has a schema for an event of the engine',
      () => draft({ 'backstep.cancel': Approval }).build(),
      'saga "stay" has no event backstep.cancel',
    ],
    [
      'that has a schema for a wildcard, which no event bears as its name',
      () => durable(machine, { events: { 'log.*': Approval } }),
      'saga "poll" has a schema for the wildcard "log.*"; give one for each event type by name',
    ],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(expect.objectContaining({ code: 'definition-invalid' }));
    expect(define).toThrow(message);
  });
});

test('a schema may be given for one event of those that a wildcard takes', () => {
  expect([...durable(machine, { events: { 'log.line': Approval } }).events.keys()]).toEqual([
    'log.line',
  ]);
});
