/**
 * Sagas over the blocks of the builder, for the simulation: loops of one to three steps a round,
 * and blocks inside of blocks. Every answer embeds the key it was given under, and every
 * compensation carries the round and the answer of the run that it undoes, so that a participant
 * can tell whether it was called for the right one.
 */
import { z } from 'zod';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/define/saga.ts';

/** What a participant answered, under which key. */
export interface Receipt {
  readonly key: string;
}

/** What a step is asked for. */
export interface Work {
  readonly orderId: string;
  readonly round: number;
}

/** What is undone: the same, and what came of it; `null`: the saga was never answered. */
export interface Unwork extends Work {
  readonly brought: Receipt | null;
}

type Steps<Name extends string> = Record<Name, (input: Work) => Receipt>;
type Undos<Name extends string> = Record<Name, (input: Unwork) => null>;

export const BlockInput = z.object({ orderId: z.string(), quantity: z.int() });

/** Longer in all than the deadline below, so that it passes while a round waits. */
const RETRY = exponential({ first: '8s', max: '30s', attempts: 4 });
const TIMEOUT = '3s';
const DEADLINE = '60s';

interface View {
  readonly input: { readonly orderId: string };
  readonly round: number;
}

export const asked = {
  input: ({ input: { orderId }, round }: View): Work => ({ orderId, round }),
  timeout: TIMEOUT,
  retry: RETRY,
} as const;

export const last = { ...asked, kind: 'pivot' } as const;
export const after = { ...asked, kind: 'retriable' } as const;

/** How a step is undone; `step` names the result that its compensation carries. */
export function undoneBy<Activity extends string, Step extends string>(
  activity: Activity,
  step: Step,
) {
  const input = ({
    input: { orderId },
    round,
    results,
  }: View & { readonly results: Partial<Readonly<Record<Step, Receipt>>> }): Unwork => ({
    orderId,
    round,
    brought: results[step] ?? null,
  });
  return { activity, input, timeout: TIMEOUT } as const;
}

const options = <Id extends string>(id: Id) =>
  ({
    id,
    input: BlockInput,
    deadline: DEADLINE,
    examples: { input: { orderId: 'order-1', quantity: 3 } },
  }) as const;

const MOST = 3;
const perPiece = {
  while: ({ input, round }: { readonly input: { quantity: number }; readonly round: number }) =>
    round <= input.quantity,
  atMost: MOST,
} as const;

/** A charge in each round. */
export const instalmentsSaga = defineSaga({
  ...options('instalments'),
  activities: {} as Steps<'charge' | 'close'> & Undos<'refund'>,
})
  .repeat('rounds', {
    ...perPiece,
    steps: (round) => round.step('charge', { ...asked, compensate: undoneBy('refund', 'charge') }),
  })
  .step('close', last)
  .build();

/** Each round packs a parcel, and ships it but for the second, which is fetched. */
export const parcelsSaga = defineSaga({
  ...options('parcels'),
  activities: {} as Steps<'order' | 'pack' | 'ship' | 'bill'> &
    Undos<'withdraw' | 'unpack' | 'recall'>,
})
  .step('order', { ...asked, compensate: undoneBy('withdraw', 'order') })
  .repeat('rounds', {
    ...perPiece,
    steps: (round) =>
      round.step('pack', { ...asked, compensate: undoneBy('unpack', 'pack') }).step('ship', {
        ...asked,
        when: ({ round: number }) => number !== 2,
        compensate: undoneBy('recall', 'ship'),
      }),
  })
  .step('bill', last)
  .build();

/** Each leg is booked, confirmed by the traveller or else by silence, ridden or flown, insured. */
export const legsSaga = defineSaga({
  ...options('legs'),
  activities: {} as Steps<'book' | 'ride' | 'fly' | 'insure' | 'issue'> &
    Undos<'unbook' | 'unride' | 'unfly' | 'uninsure'>,
})
  .repeat('legs', {
    ...perPiece,
    steps: (leg) =>
      leg
        .step('book', { ...asked, compensate: undoneBy('unbook', 'book') })
        .wait('confirmed', {
          on: { confirm: 'continue', refuse: 'compensate' },
          within: '3s',
          onExpired: 'continue',
        })
        .choose('way', {
          rail: {
            when: ({ round }) => round === 1,
            steps: (way) => way.step('ride', { ...asked, compensate: undoneBy('unride', 'ride') }),
          },
          air: {
            when: ({ round }) => round === 2,
            steps: (way) => way.step('fly', { ...asked, compensate: undoneBy('unfly', 'fly') }),
          },
        })
        .step('insure', { ...asked, compensate: undoneBy('uninsure', 'insure') }),
  })
  .step('issue', last)
  .build();

/** Two branches at once, one with a choice in it; a pivot, and what comes after it. */
export const fittingSaga = defineSaga({
  ...options('fitting'),
  activities: {} as Steps<
    'quote' | 'paint' | 'gloss' | 'matt' | 'wire' | 'check' | 'deliver' | 'invoice'
  > &
    Undos<'unquote' | 'unpaint' | 'ungloss' | 'unmatt' | 'unwire' | 'uncheck'>,
})
  .step('quote', { ...asked, compensate: undoneBy('unquote', 'quote') })
  .parallel('both', {
    look: (branch) =>
      branch
        .step('paint', { ...asked, compensate: undoneBy('unpaint', 'paint') })
        .choose('finish', {
          shiny: {
            when: ({ input }) => input.quantity > 1,
            steps: (way) =>
              way.step('gloss', { ...asked, compensate: undoneBy('ungloss', 'gloss') }),
          },
          dull: {
            when: () => true,
            steps: (way) => way.step('matt', { ...asked, compensate: undoneBy('unmatt', 'matt') }),
          },
        }),
    power: (branch) =>
      branch.step('wire', { ...asked, compensate: undoneBy('unwire', 'wire') }).step('check', {
        ...asked,
        when: ({ input }) => input.quantity < MOST,
        compensate: undoneBy('uncheck', 'check'),
      }),
  })
  .step('deliver', last)
  .step('invoice', after)
  .build();
