/**
 * Hands over what a saga says to the program around it: at least once, in order, tried again until
 * its subscriber takes it. One object for each saga, so that a subscriber that hangs holds up no
 * other saga, and not its own either.
 */
import { handlers, object, type ObjectContext } from '@restatedev/restate-sdk';
import type { Clock } from '../host/clock.ts';
import { deliver } from '../host/outside/delivery.ts';
import { receiverOutside } from '../host/outside/receivers.ts';
import type { UnheardEvents } from '../host/outside/unheard-events.ts';
import { PRIVATE } from './call-options.ts';
import { jsonWords } from './json-words.ts';
import { SERVICES } from './names.ts';
import { type Message, OUTBOX_WORDS, type SagaWords } from './words.ts';
import type { WorkerRegistry } from './worker-registry.ts';

/** What an action sent to its own saga. */
interface Sent {
  readonly event: Message['event'];
  readonly id: string;
}

const RETRIES = { initialRetryInterval: 500, maxRetryInterval: 60_000, retryIntervalFactor: 2 };

/** The object of outboxes. */
export function outboxObject(registry: WorkerRegistry, clock: Clock, unheard: UnheardEvents) {
  const handOver = async (ctx: ObjectContext, given: unknown): Promise<void> => {
    const { type, seq, index, event, data, knownAs } = OUTBOX_WORDS.parse(given);
    const message = { id: knownAs ?? `${seq}-${index}`, sagaId: ctx.key, type, event, data };
    const run = async (): Promise<{ readonly sent: readonly Sent[]; readonly atMs: number }> => {
      const sent: Sent[] = [];
      const send = async (_: string, each: Message['event'], id: string): Promise<void> => {
        sent.push({ event: each, id: `${id}-of-${ctx.key}` });
      };
      const receiver = receiverOutside(registry, message, send);
      if (receiver.kind === 'unheard') unheard.add(message, receiver.subscribed);
      else await deliver(receiver.call, message, new AbortController(), clock);
      return { sent, atMs: clock.nowMs() };
    };
    const { sent, atMs } = await ctx.run('deliver', run, RETRIES);
    for (const { event: each, id } of sent) {
      const words: SagaWords['message'] = { inbound: { kind: 'event', id, event: each }, atMs };
      const target = { service: SERVICES.saga, key: ctx.key, method: 'message' };
      ctx.genericSend<unknown>({ ...target, parameter: words, inputSerde: jsonWords });
    }
  };
  return object({
    name: SERVICES.outbox,
    handlers: { deliver: handlers.object.exclusive({ input: jsonWords }, handOver) },
    options: { ...PRIVATE, abortTimeout: 10 * 60_000, inactivityTimeout: 10 * 60_000 },
  });
}
