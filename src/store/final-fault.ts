/** After which faults of its storage an owner never writes again, the same over every database. */

/** Nothing may be written any more: the outcome of a commit is unknown, or the data is not to be trusted. */
export interface FinalFault {
  readonly kind: 'failed';
  readonly reason: string;
  /** The storage is sound, but another process owns it now. */
  readonly isTakenOver?: boolean;
}

/** What an owner whose epoch is stale ends with. */
export const TAKEN_OVER: FinalFault = {
  kind: 'failed',
  reason: 'another process took the database over; this one must stop',
  isTakenOver: true,
};
