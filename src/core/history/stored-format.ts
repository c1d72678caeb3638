/**
 * The form in which states and journal records are stored, as a number beside each of them.
 *
 * It counts up with every change after which older code could not read what newer code writes, or
 * newer code not what is there. Pure. Invariant: each form up to the present one can be read.
 */
import { BackstepError } from '../errors.ts';

/** What is written now. */
export const STORED_FORMAT = 2;

/** By form: how a parsed text becomes one of the form after it. */
const UPGRADES: Readonly<Record<number, (stored: unknown) => unknown>> = {
  // The second form may leave out what is empty, and leave results to the journal.
  1: (stored) => stored,
};

/**
 * A parsed text in the present form. Throws `state-unreadable`, with what to do, when no way leads
 * there. `what`: whose text it is.
 */
export function inPresentFormat(what: string, format: number, stored: unknown): unknown {
  let text = stored;
  for (let at = format; at !== STORED_FORMAT; at += 1) {
    const upgrade = UPGRADES[at];
    if (upgrade === undefined) throw unknownFormat(what, format);
    text = upgrade(text);
  }
  return text;
}

function unknownFormat(what: string, format: number): BackstepError {
  return new BackstepError(
    'state-unreadable',
    `${what} is stored in form ${format}, and this version of Backstep reads up to form ` +
      `${STORED_FORMAT}: it needs a migration, or the version that wrote it or a later one`,
  );
}
