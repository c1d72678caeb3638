/**
 * The service to which sagas on Restate send what their turns leave behind. It runs beside the
 * projection, as a deployment of its own, so that Restate sends it to no worker. It keeps nothing:
 * the turns are with their saga, from which a projection that lacks some can be written again.
 */
import { handlers, object, type ObjectContext } from '@restatedev/restate-sdk';
import { PRIVATE } from '../call-options.ts';
import { jsonWords } from '../json-words.ts';
import { SERVICES } from '../names.ts';
import { JOURNAL_WORDS } from '../words.ts';
import type { Projector } from './projector.ts';

/** The service over a projector. */
export function journalObject(projector: Pick<Projector, 'append'>) {
  // What it throws is tried again; turns that were written before are left alone.
  const append = (ctx: ObjectContext, given: unknown): Promise<void> =>
    projector.append(ctx.key, JOURNAL_WORDS.parse(given));
  return object({
    name: SERVICES.journal,
    options: PRIVATE,
    handlers: { append: handlers.object.exclusive({ input: jsonWords }, append) },
  });
}
