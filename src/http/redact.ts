/**
 * Hides secrets in what the HTTP layer shows, by the default list; see core/redact.ts.
 */
import { createRedact } from '../core/redact.ts';

/** A copy of a value with every secret hidden. */
export const redact = createRedact();
