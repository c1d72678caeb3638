/** Sagas that use every kind of block, for the tests of the builder. */
import { z } from 'zod';
import type { ProbeAnswer } from '../../../src/core/activity.ts';
import { exponential, NO_RETRY } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';

type Call = (input: { readonly of: string }) => { readonly id: string };

/** One contract for all of them. */
export type Kinds = {
  hold: Call;
  release: Call;
  charge: Call;
  refund: Call;
  findCharge: (input: { readonly of: string }) => ProbeAnswer<{ readonly id: string }>;
  ship: Call;
  recall: Call;
  mail: Call;
  archive: Call;
};

const Input = z.object({ of: z.string(), big: z.boolean(), parcels: z.number() });

const twice = exponential({ first: '1s', attempts: 2, jitter: 'none' });
const of = ({ input }: { readonly input: { readonly of: string } }): { readonly of: string } => ({
  of: input.of,
});

export const INPUT = { of: 'order-1', big: true, parcels: 2 };

const draft = (id: string) =>
  defineSaga({
    id,
    input: Input,
    activities: {} as Kinds,
    deadline: '1h',
    examples: { input: INPUT },
  });

const held = { input: of, compensate: { activity: 'release', input: of, retry: twice } } as const;

/** Held, charged as the pivot, shipped and mailed whatever it takes. */
export const pivotSaga = draft('pivot')
  .step('hold', { ...held, retry: twice })
  .step('charge', { kind: 'pivot', input: of, retry: twice })
  .step('ship', { kind: 'retriable', input: of, retry: twice })
  .step('mail', {
    kind: 'retriable',
    input: ({ results }) => ({ of: results.ship.id }),
    retry: twice,
  })
  .output(({ results }) => ({ shipped: results.ship.id }))
  .build();

/** A charge in doubt is looked up before anything is believed of it. */
export const probedSaga = draft('probed')
  .step('hold', { ...held, retry: NO_RETRY })
  .step('charge', {
    input: of,
    retry: twice,
    probe: { activity: 'findCharge', input: of, retry: twice },
    compensate: { activity: 'refund', input: of, retry: NO_RETRY },
  })
  .build();

/** The charge has half a minute for all its attempts, and some failures are final. */
export const impatientSaga = draft('impatient')
  .step('hold', {
    ...held,
    repeatable: false,
    retry: exponential({ attempts: 5, nonRetryable: ['sold-out'] }),
    isPermanent: ({ code }) => code.startsWith('never-'),
  })
  .step('charge', {
    input: of,
    timeout: '20s',
    retry: exponential({ first: '5s', attempts: 50, total: '30s' }),
    compensate: { activity: 'refund', input: of },
  })
  .build();

/** The pivot has half a minute for all its attempts; a lookup has the usual budget. */
export const hurriedSaga = draft('hurried')
  .step('hold', { ...held, probe: { activity: 'findCharge', input: of } })
  .step('charge', {
    kind: 'pivot',
    input: of,
    retry: exponential({ first: '5s', attempts: 3, total: '30s' }),
  })
  .build();

/** Waits for a person between two steps, and reminds them. */
export const approvedSaga = draft('approved')
  .step('hold', { ...held, retry: NO_RETRY })
  .wait('approval', {
    on: { approve: 'continue', reject: 'compensate' },
    within: '30d',
    remind: {
      every: '7d',
      emit: ({ input }) => ({ type: 'approval.reminder', of: input.of }),
    },
  })
  .step('charge', {
    input: ({ results }) => ({
      of: results.approval.kind === 'event' ? results.approval.event.type : 'nobody',
    }),
    retry: NO_RETRY,
    compensate: { activity: 'refund', input: of, retry: NO_RETRY },
  })
  .build();

/** Two branches at once, one of them of two steps. */
export const branchedSaga = draft('branched')
  .parallel('preparing', {
    goods: (part) =>
      part.step('hold', { ...held, retry: NO_RETRY }).step('ship', {
        input: ({ results }) => ({ of: results.hold.id }),
        retry: NO_RETRY,
        compensate: { activity: 'recall', input: of, retry: NO_RETRY },
      }),
    money: (part) =>
      part.step('charge', {
        input: of,
        retry: NO_RETRY,
        compensate: { activity: 'refund', input: of, retry: NO_RETRY },
      }),
  })
  .step('mail', {
    kind: 'retriable',
    input: ({ results }) => ({ of: results.ship.id + results.charge.id }),
    retry: NO_RETRY,
  })
  .build();

/** One of two ways, a step that may be left out, and rounds. */
export const windingSaga = draft('winding')
  .choose('route', {
    byLand: {
      when: ({ input }) => input.big,
      steps: (part) => part.step('hold', { ...held, retry: NO_RETRY }),
    },
  })
  .step('charge', {
    input: ({ results }) => ({ of: results.hold?.id ?? 'nothing held' }),
    when: ({ input }) => input.big,
    retry: NO_RETRY,
    compensate: { activity: 'refund', input: of, retry: NO_RETRY },
  })
  .repeat('parcels', {
    while: ({ input, round }) => round <= input.parcels,
    atMost: 3,
    steps: (part) =>
      part.step('ship', {
        input: ({ input, round }) => ({ of: `${input.of}/${round}` }),
        retry: NO_RETRY,
        compensate: {
          activity: 'recall',
          input: ({ round, results }) => ({ of: `${round}:${results.ship?.id ?? 'unknown'}` }),
          retry: NO_RETRY,
        },
      }),
  })
  .build();

/** A saga of its own as a step. */
export const parentSaga = draft('parent')
  .step('hold', { ...held, retry: NO_RETRY })
  .child('delivery', {
    saga: pivotSaga,
    input: ({ input }) => ({ ...input, of: `${input.of}/delivery` }),
    within: '2d',
    compensate: { activity: 'recall', input: of, retry: NO_RETRY },
  })
  .step('charge', {
    input: ({ results }) => ({ of: results.delivery.shipped }),
    retry: NO_RETRY,
    compensate: { activity: 'refund', input: of, retry: NO_RETRY },
  })
  .build();

export const ALL_KINDS = [
  pivotSaga,
  probedSaga,
  impatientSaga,
  hurriedSaga,
  approvedSaga,
  branchedSaga,
  windingSaga,
  parentSaga,
];
