/**
 * The way by which sagas are moved: one object for each move, which hands on what is asked of sagas to
 * whoever has its ticket.
 *
 * The ticket is put into its state through Restate's admin port. So whoever can reach the ingress only
 * cannot bring a saga with a history of his own making, or take one away.
 */
import { handlers, object, type ObjectSharedContext } from '@restatedev/restate-sdk';
import { BackstepError } from '../../core/errors.ts';
import { CALL_OPTIONS } from '../call-options.ts';
import { jsonWords } from '../json-words.ts';
import { SERVICES } from '../names.ts';
import { refusedAs } from '../words.ts';
import { PASS, TICKET } from './move-words.ts';

/** The object of moves. */
export function moveObject() {
  const pass = async (ctx: ObjectSharedContext, given: unknown): Promise<unknown> => {
    const { ticket, saga, handler, words } = PASS.parse(given);
    if ((await ctx.get<unknown>(TICKET, jsonWords)) !== ticket) {
      const message = `move ${ctx.key}: another process has it in hand; order it again`;
      return refusedAs(new BackstepError('unavailable', message));
    }
    return ctx.genericCall<unknown, unknown>({
      service: SERVICES.saga,
      key: saga,
      method: handler,
      parameter: words,
      inputSerde: jsonWords,
      outputSerde: jsonWords,
    });
  };
  return object({
    name: SERVICES.move,
    handlers: { pass: handlers.object.shared({ input: jsonWords, output: jsonWords }, pass) },
    options: CALL_OPTIONS,
  });
}
