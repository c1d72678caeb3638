/**
 * Hands messages over to their targets, at least once, until they are taken or given up.
 *
 * Invariant: a try is written down before it begins, through the writer that only the owner of the
 * database has, with the time by which it is over. So no two processes send one message at a time,
 * and one that died in the middle is followed by the next try of the same id.
 */
import { delayAfterMs, exponential } from '../../core/retry-policy.ts';
import { type AlertReads, type DeliveryRecord } from '../../store/queries/alert-records.ts';
import {
  claimDelivery,
  giveUpTarget,
  hastenTarget,
  settleDelivery,
} from '../../store/queries/alert-writes.ts';
import type { Store } from '../../store/store.ts';
import { written } from '../../store/commit.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../turn-log.ts';
import type { Alert } from './alert-options.ts';
import type { CheckedTarget } from './alert-rules.ts';
import { DeliveryFault, post } from './webhook.ts';

/** Tries under way to one target. */
const AT_ONCE = 4;
/** Between the end of a try's time and the next try, for clocks of machines that differ. */
const MARGIN_MS = 500;
/** About three days: the delays grow to an hour. */
const RETRY = exponential({ first: '5s', factor: 3, max: '1h', attempts: 80 });

export interface SenderParts {
  readonly store: Pick<Store, 'tables' | 'write'>;
  readonly reads: AlertReads;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'debug'>;
  readonly targets: ReadonlyMap<string, CheckedTarget>;
}

/** Longest text of a fault that is kept. */
const MAX_FAULT_LENGTH = 500;

/** What came of a try. */
type Tried =
  { readonly kind: 'delivered' } | { readonly kind: 'failed'; readonly fault: DeliveryFault };

export class AlertSender {
  readonly #parts: SenderParts;
  readonly #stopping = new AbortController();
  readonly #underWay = new Map<string, Set<Promise<void>>>();
  /** Ids of messages that are being sent from here. */
  readonly #sending = new Set<number>();

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Begins what is due and has room. Resolves once that is begun, not once it is over. */
  async run(): Promise<void> {
    const { store, reads, clock, targets } = this.#parts;
    for (const target of await reads.waitingTargets()) {
      const known = targets.get(target);
      if (known === undefined) {
        const givesUp = [giveUpTarget(store.tables(), target, clock.nowMs())];
        await written(store, givesUp, `that there is no target "${target}"`);
        continue;
      }
      const room = AT_ONCE - (this.#underWay.get(target)?.size ?? 0);
      if (room <= 0) continue;
      const due = await reads.dueDeliveries(target, clock.nowMs(), AT_ONCE);
      for (const delivery of due.filter(({ id }) => !this.#sending.has(id)).slice(0, room)) {
        this.#begin(known, delivery);
      }
    }
  }

  /** Aborts what is under way, and resolves once that is written down, where it can be. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the engine is stopping'));
    await Promise.all([...this.#underWay.values()].flatMap((each) => [...each]));
  }

  /** One try, outside of the database. Never throws. */
  async tryOnce(
    { target, timeoutMs }: CheckedTarget,
    { message, body }: Pick<DeliveryRecord, 'message' | 'body'>,
  ): Promise<Tried> {
    const { clock } = this.#parts;
    const late = new AbortController();
    const cancel = clock.after(timeoutMs, () => {
      late.abort(new Error(`it took longer than ${timeoutMs} ms`));
    });
    const signal = AbortSignal.any([late.signal, this.#stopping.signal]);
    try {
      if (typeof target === 'function') {
        await orAborted(
          Promise.resolve(target(JSON.parse(body) as Alert, { id: message, signal })),
          signal,
        );
      } else await post(target, { id: message, body }, clock.nowMs(), signal);
      return { kind: 'delivered' };
    } catch (error) {
      const isOurs = error instanceof DeliveryFault;
      const text = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', fault: isOurs ? error : new DeliveryFault(storable(text), {}) };
    } finally {
      cancel();
    }
  }

  #begin(target: CheckedTarget, delivery: DeliveryRecord): void {
    const ofTarget = this.#underWay.get(delivery.target) ?? new Set();
    this.#underWay.set(delivery.target, ofTarget);
    this.#sending.add(delivery.id);
    const sending = this.#send(target, delivery)
      .catch((err: unknown) => {
        // It is durable, and taken up again when its time has come.
        this.#parts.logger.debug({ err, message: delivery.message }, 'an alert is not sent yet');
      })
      .finally(() => {
        ofTarget.delete(sending);
        this.#sending.delete(delivery.id);
      });
    ofTarget.add(sending);
  }

  async #send(target: CheckedTarget, delivery: DeliveryRecord): Promise<void> {
    const { store, clock } = this.#parts;
    const leaseEndsMs = clock.nowMs() + target.timeoutMs + MARGIN_MS;
    const claimed = await store.write([claimDelivery(store.tables(), delivery, leaseEndsMs)]);
    if (claimed.kind !== 'committed' || this.#stopping.signal.aborted) return;
    const tried = await this.tryOnce(target, delivery);
    const attempts = delivery.attempts + 1;
    const atMs = clock.nowMs();
    const result = resultOf(tried, attempts, delivery.message, atMs, this.#stopping.signal.aborted);
    const db = store.tables();
    // A person saw that the target takes messages again. Not after every message: one that takes few
    // at a time would be asked for all others at each.
    const isMended = tried.kind === 'delivered' && delivery.kind === 'trial';
    const others = isMended ? [hastenTarget(db, delivery.target, atMs, [...this.#sending])] : [];
    const settles = [settleDelivery(db, delivery.id, result), ...others];
    await written(store, settles, 'what came of an alert');
    if (tried.kind === 'failed') this.#tell(delivery, attempts, tried.fault, result.outcome);
  }

  #tell(
    { message, target, rule, kind }: DeliveryRecord,
    attempts: number,
    fault: DeliveryFault,
    outcome: DeliveryRecord['outcome'],
  ): void {
    const details = { message, target, rule, kind, attempts, fault: fault.message };
    const { logger } = this.#parts;
    if (outcome === 'given-up') logger.error(details, 'an alert could not be delivered');
    else logger.warn(details, 'an alert was not taken; it is sent again');
  }
}

/** No database takes a NUL, or half a surrogate pair, in a text. */
function storable(text: string): string {
  return text.slice(0, MAX_FAULT_LENGTH).replaceAll('\0', '\u{FFFD}').toWellFormed();
}

function resultOf(
  tried: Tried,
  attempts: number,
  message: string,
  atMs: number,
  isStopping: boolean,
): Parameters<typeof settleDelivery>[2] {
  if (tried.kind === 'delivered') {
    return { dueAtMs: null, atMs, outcome: 'delivered', error: null };
  }
  const { fault } = tried;
  const error = fault.message;
  if (isStopping) return { dueAtMs: atMs, atMs, outcome: null, error };
  if (fault.isFinal || attempts >= RETRY.attempts) {
    return { dueAtMs: null, atMs, outcome: 'given-up', error };
  }
  const delayMs = Math.max(delayAfterMs(RETRY, attempts, message), fault.retryAfterMs ?? 0);
  return { dueAtMs: atMs + delayMs, atMs, outcome: null, error };
}

async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    aborted.catch(() => {});
  }
}
