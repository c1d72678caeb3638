/**
 * The service to which sagas on Restate send what their turns leave behind. It runs beside the
 * projection, as a deployment of its own, so that Restate sends it to no worker.
 */
import { handlers, object, type ObjectContext } from '@restatedev/restate-sdk';
import { PRIVATE } from '../call-options.ts';
import { SERVICES } from '../names.ts';
import type { Projector } from './projector.ts';
import { JOURNAL_WORDS } from '../words.ts';

/** The service over a projector. */
export function journalObject(projector: Projector) {
  return object({
    name: SERVICES.journal,
    options: PRIVATE,
    handlers: {
      // What it throws is tried again by Restate; turns that were written before are left alone.
      append: handlers.object.exclusive(async (ctx: ObjectContext, words: unknown) => {
        await projector.append(ctx.key, JOURNAL_WORDS.parse(words));
      }),
    },
  });
}
