/**
 * One delivery of what left a saga with a turn: who gets it, and for how long it may take. Whoever
 * calls tries again what failed.
 */
import type { EventObject } from 'xstate';
import type { Subscriber } from '../backstep.ts';
import type { Clock } from '../clock.ts';

/** Longest a subscriber may take before its signal is aborted and the delivery tried again. */
const DELIVERY_TIMEOUT_MS = 30_000;

/** A message of a turn. */
export interface OutgoingMessage {
  /** No other message of its saga has it. */
  readonly id: number | string;
  readonly sagaId: string;
  readonly type: string;
  readonly event: string;
  /** JSON. */
  readonly data: string;
}

/** Who gets a message; `unheard`: nobody, and the types that its saga has subscribers for. */
export type Receiver =
  | { readonly kind: 'subscriber'; readonly call: Subscriber }
  | { readonly kind: 'unheard'; readonly subscribed: readonly string[] };

/**
 * Calls the subscriber with the message. Rejects as it does, and when it takes too long or the
 * delivery is aborted, which its signal tells it.
 */
export async function deliver(
  subscriber: Subscriber,
  { id, sagaId, event: type, data }: OutgoingMessage,
  controller: AbortController,
  clock: Pick<Clock, 'after'>,
): Promise<void> {
  const { signal } = controller;
  const delivery = { sagaId, key: `${sagaId}/${type}/${id}`, signal };
  let cancelTimeout = (): void => {};
  try {
    const event = JSON.parse(data) as EventObject;
    const gaveUp = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      cancelTimeout = clock.after(DELIVERY_TIMEOUT_MS, () => {
        controller.abort(new Error(`the subscriber took over ${DELIVERY_TIMEOUT_MS} ms`));
      });
    });
    await Promise.race([subscriber(event, delivery), gaveUp]);
  } finally {
    cancelTimeout();
  }
}
