/** Which parcels are refused at their last step, for the workers that refuse and the tests that count. */

/** One in so many. */
const EVERY = 10;

/** Whether the last step of that saga fails for good. */
export function isRefused(of: string): boolean {
  return Number(of) % EVERY === 0;
}

/** How many of the sagas 1 to `sagas` are refused. */
export function refusedOf(sagas: number): number {
  return Math.floor(sagas / EVERY);
}
