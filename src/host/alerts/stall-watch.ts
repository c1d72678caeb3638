/**
 * Tells that nothing can be written, while nothing can be written: from memory, and again until it
 * is taken. Once the store goes on, the incident and its messages are written down as all others.
 *
 * What is told here has the id that it is written down with, so that a receiver sees no double.
 */
import { delayAfterMs, exponential } from '../../core/retry-policy.ts';
import type { Redact } from '../../core/secrets/redact.ts';
import { addDelivery, keepIncident, type NewDelivery } from '../../store/queries/alert-writes.ts';
import type { Store, StoreHealth } from '../../store/store.ts';
import { written } from '../../store/commit.ts';
import { type Clock, pause } from '../clock.ts';
import { sagaId } from '../starts/saga-id.ts';
import type { Logger } from '../turn-log.ts';
import type { CheckedAlerts, Rule } from './alert-rules.ts';
import type { AlertSender } from './alert-sender.ts';
import { alertOf } from './alert-text.ts';
import { type Incident, messageIdOf, newIncident, recordOfIncident, step } from './incident.ts';
import { causeText } from './marker.ts';

const RETRY = exponential({ first: '5s', factor: 2, max: '1m', attempts: 100 });

export interface StallWatchParts {
  readonly store: Pick<Store, 'tables' | 'write' | 'label' | 'health' | 'onHealth'>;
  readonly clock: Clock;
  readonly randomId: () => Uint8Array;
  readonly alerts: CheckedAlerts;
  readonly redact: Redact;
  readonly sender: Pick<AlertSender, 'tryOnce'>;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
}

/** A stall that was told, or is being told. */
interface Told {
  readonly rule: Rule;
  readonly incident: Incident;
  readonly deliveries: readonly NewDelivery[];
  /** Resolves with the messages that were taken. */
  readonly telling: Promise<ReadonlySet<NewDelivery>>;
}

export class StallWatch {
  readonly #parts: StallWatchParts;
  readonly #rules: readonly Rule[];
  #cancels: (() => void)[] = [];
  #told: Told[] = [];
  #isStalled = false;
  #deaf: () => void = () => {};

  constructor(parts: StallWatchParts) {
    this.#parts = parts;
    this.#rules = parts.alerts.rules.filter(({ when }) => when.kind === 'store-stalled');
  }

  /** Watches from now on, as long as this process owns the database. */
  start(): void {
    if (this.#rules.length === 0) return;
    const { store } = this.#parts;
    this.#deaf = store.onHealth((health) => this.#hear(health));
    this.#hear(store.health());
  }

  stop(): void {
    this.#deaf();
    this.#end();
  }

  #hear(health: StoreHealth): void {
    if (health.kind === 'stalled') {
      if (!this.#isStalled) this.#begin(health.sinceMs);
      return;
    }
    const wasStalled = this.#isStalled;
    this.#end();
    if (health.kind === 'ready' && wasStalled) void this.#writeDown();
  }

  #begin(sinceMs: number): void {
    const { clock } = this.#parts;
    this.#isStalled = true;
    this.#cancels = this.#rules.map((rule) =>
      clock.after(Math.max(0, sinceMs + rule.spanMs - clock.nowMs()), () =>
        this.#open(rule, sinceMs),
      ),
    );
  }

  #end(): void {
    this.#isStalled = false;
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }

  #open(rule: Rule, sinceMs: number): void {
    const { store, clock, randomId } = this.#parts;
    const health = store.health();
    if (health.kind !== 'stalled') return;
    const nowMs = clock.nowMs();
    const id = sagaId(nowMs, randomId());
    const begun = newIncident(id, rule, causeText({ store: 'stalled' }));
    const counts = { now: 1, total: 1, error: health.reason, openedAtMs: sinceMs };
    const { incident, messages } = step({ ...begun, ...counts, tellAtMs: nowMs }, false, nowMs, 0);
    const deliveries = messages.flatMap(({ kind, incident: told }) =>
      this.#deliveries(rule, told, kind, nowMs),
    );
    this.#told.push({ rule, incident, deliveries, telling: this.#tell(deliveries) });
  }

  #deliveries(
    rule: Rule,
    incident: Incident,
    kind: 'opened' | 'grown' | 'resolved',
    nowMs: number,
  ): readonly NewDelivery[] {
    const { store, redact } = this.#parts;
    const body = JSON.stringify(
      alertOf(kind, incident, rule, nowMs, { label: store.label, redact }),
    );
    const message = messageIdOf(incident, nowMs);
    const about = { incident: incident.id, rule: rule.name, kind, body };
    const times = { createdAtMs: nowMs, dueAtMs: nowMs };
    return rule.to.map((target) => ({ message, target, ...about, ...times }));
  }

  async #tell(deliveries: readonly NewDelivery[]): Promise<ReadonlySet<NewDelivery>> {
    const taken = new Set<NewDelivery>();
    await Promise.all(
      deliveries.map(async (delivery) => {
        if (await this.#tellOne(delivery)) taken.add(delivery);
      }),
    );
    return taken;
  }

  async #tellOne(delivery: NewDelivery): Promise<boolean> {
    const { alerts, sender, clock, logger } = this.#parts;
    const target = alerts.targets.get(delivery.target);
    if (target === undefined) return false;
    for (let attempt = 1; this.#isStalled && attempt <= RETRY.attempts; attempt += 1) {
      const tried = await sender.tryOnce(target, delivery);
      if (tried.kind === 'delivered') return true;
      const { message: fault, isFinal } = tried.fault;
      const details = { target: delivery.target, rule: delivery.rule, attempt, fault };
      logger.warn(details, 'that the store is stalled could not be told');
      if (isFinal) return false;
      await pause(clock, delayAfterMs(RETRY, attempt, delivery.message));
    }
    return false;
  }

  // A stall that comes meanwhile leaves what is not written for the end of that one.
  async #writeDown(): Promise<void> {
    const { store, clock, logger } = this.#parts;
    const told = this.#told;
    this.#told = [];
    for (const each of told) {
      try {
        const taken = await each.telling;
        const nowMs = clock.nowMs();
        const { incident, messages } = step(each.incident, true, nowMs, 0);
        const resolved = messages.flatMap(({ kind, incident: last }) =>
          this.#deliveries(each.rule, last, kind, nowMs),
        );
        const opened = each.deliveries.map((delivery): NewDelivery =>
          taken.has(delivery)
            ? { ...delivery, dueAtMs: null, settledAtMs: nowMs, outcome: 'delivered', attempts: 1 }
            : { ...delivery, dueAtMs: nowMs },
        );
        const db = store.tables();
        const statements = [
          keepIncident(db, recordOfIncident(incident, nowMs)),
          ...[...opened, ...resolved].map((delivery) => addDelivery(db, delivery)),
        ];
        await written(store, statements, 'that the store goes on');
      } catch (err) {
        this.#told.push(each);
        logger.error({ err }, 'that the store goes on could not be written down yet');
      }
    }
  }
}
