/**
 * What the types of the public API promise of loops, read as `typed-api.ts` is: within a loop its
 * finished rounds are typed as far as the compiler has read the round, behind it as a whole.
 */
import { z } from 'zod';
import { defineSaga } from '../../src/index.ts';
import { same } from './typed-api.ts';

export interface QuoteActivities {
  bookHotel(input: { trip: string }): { booking: string };
  searchFlights(input: { trip: string }): Promise<{ offers: string[] }>;
  payDeposit(input: { booking: string }): { receipt: number };
  refund(input: { trip: string }): void;
}

/** What the blocks of a round gave, each by the one member that tells it from the others. */
type Told<Round> = {
  [Step in keyof Exclude<Round, undefined>]: Member<Exclude<Round, undefined>[Step]>;
};
type Member<Result> = Result extends { receipt: infer Receipt }
  ? Receipt
  : Result extends { offers: infer Offers }
    ? Offers
    : Result extends { kind: infer Kind }
      ? Kind
      : Result;

const compensate = { activity: 'refund', input: () => ({ trip: '' }) } as const;

/** Steps under names of their own, a choice, a wait; and a loop whose condition stands first. */
export const quoteSaga = defineSaga({
  id: 'quote',
  input: z.object({ trip: z.string() }),
  activities: {} as QuoteActivities,
})
  .step('bookHotel', { input: ({ input }) => input, compensate })
  .repeat('rounds', {
    atMost: 5,
    steps: (round) =>
      round
        .step('advance', {
          activity: 'payDeposit',
          when: ({ results }) => results.rounds.length < 3,
          input: ({ results }) => {
            const last = results.rounds.at(-1);
            same<number | undefined, Told<typeof last>['advance']>();
            // @ts-expect-error its condition may not have held
            String(last?.advance.receipt);
            // Nobody has read yet what comes later, unless it bears the name of its activity.
            same<unknown, Exclude<typeof last, undefined>['quote']>();
            same<string[] | undefined, Told<typeof last>['searchFlights']>();
            return results.bookHotel;
          },
          compensate: {
            activity: 'refund',
            input: ({ input, results }) => {
              same<number | undefined, Told<typeof results>['advance']>();
              const last = results.rounds?.at(-1);
              same<number | undefined, Told<typeof last>['advance']>();
              return input;
            },
          },
        })
        .step('quote', {
          kind: 'read-only',
          activity: 'searchFlights',
          input: ({ input, results }) => {
            const last = results.rounds.at(-1);
            same<number | undefined, Told<typeof last>['advance']>();
            same<string[] | undefined, Told<typeof last>['quote']>();
            // @ts-expect-error no activity and no step before has that name
            String(last?.quotes?.offers);
            return input;
          },
        })
        .choose('ways', {
          cheap: {
            when: ({ results }) => (results.rounds.at(-1)?.quote.offers.length ?? 0) > 1,
            steps: (part) =>
              part.wait('nod', { on: { nod: 'continue' }, within: '1h' }).step('fine', {
                activity: 'payDeposit',
                input: ({ results }) => {
                  const last = results.rounds.at(-1);
                  same<string[], Told<typeof last>['quote']>();
                  same<'event' | 'expired' | undefined, Told<typeof last>['nod']>();
                  return results.bookHotel;
                },
                compensate,
              }),
          },
        }),
    while: ({ results }) => {
      const last = results.rounds.at(-1);
      same<string[], Told<typeof last>['quote']>();
      same<number | undefined, Told<typeof last>['advance']>();
      same<number | undefined, Told<typeof last>['fine']>();
      // @ts-expect-error no step of the round has that name
      String(last?.searchFlights);
      // @ts-expect-error an option may not have been taken
      String(last?.fine.receipt);
      return (last?.quote.offers.length ?? 1) > 0;
    },
  })
  .repeat('turns', {
    // Before the steps, it is written without knowing them.
    while: ({ results }) => {
      same<unknown, (typeof results.turns)[0]['pay']>();
      // @ts-expect-error what it gave must be looked at first
      return (results.turns.at(-1)?.pay?.receipt ?? 0) < 3;
    },
    atMost: 5,
    steps: (round) =>
      round.step('pay', {
        activity: 'payDeposit',
        input: ({ results }) => results.bookHotel,
        compensate,
      }),
  })
  .output(({ results }) => {
    same<number | undefined, Told<(typeof results.rounds)[0]>['advance']>();
    same<string[], (typeof results.rounds)[0]['quote']['offers']>();
    same<number, (typeof results.turns)[0]['pay']['receipt']>();
    return results.rounds.length;
  })
  .build();
