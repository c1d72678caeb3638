/** A saga whose first step may write in the database of the engine. */
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';

interface SeatActivities {
  book(input: { seat: string }): { seat: string };
  free(input: { seat: string }): void;
  tell(input: { seat: string }): void;
}

export const seatSaga = defineSaga({
  id: 'seat',
  input: z.object({ seat: z.string() }),
  activities: {} as SeatActivities,
})
  .step('book', {
    input: ({ input }) => input,
    compensate: { activity: 'free', input: ({ input }) => input },
  })
  .step('tell', { kind: 'retriable', input: ({ input }) => input })
  .build();
