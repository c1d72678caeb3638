/**
 * Alerts of an engine: what pages and programs ask of them, and the work that the process does for
 * them that owns the database.
 */
import { BackstepError } from '../../core/errors.ts';
import type { Redact } from '../../core/secrets/redact.ts';
import {
  type AlertReads,
  createAlertReads,
  type IncidentRecord,
} from '../../store/queries/alert-records.ts';
import { addDelivery, removeOld } from '../../store/queries/alert-writes.ts';
import type { Page, Paged } from '../../store/read-models.ts';
import type { Store } from '../../store/store.ts';
import { written } from '../../store/commit.ts';
import type { EngineHealth } from '../backstep.ts';
import type { Clock } from '../clock.ts';
import { sagaId } from '../starts/saga-id.ts';
import type { Logger } from '../turn-log.ts';
import { Rounds } from '../upkeep/rounds.ts';
import { AlertKeeper } from './alert-keeper.ts';
import type { CheckedAlerts } from './alert-rules.ts';
import { AlertSender } from './alert-sender.ts';
import type {
  AlertFigures,
  AlertIncident,
  AlertMessage,
  AlertRuleInfo,
  Alerts,
  AlertTargetInfo,
} from './alerts-face.ts';
import { trialOf } from './alert-text.ts';
import type { Looks } from './conditions.ts';
import { incidentOfRecord } from './incident.ts';
import type { AlertCause } from './marker.ts';
import { StallWatch } from './stall-watch.ts';
import { shownAddress } from './webhook.ts';

/** The same with the work. */
export interface AlertWork extends Alerts {
  /** Sends a trial from here, which must own the database. */
  trialHere(given: { readonly target: string; readonly by: string }): Promise<string>;
  /** To be called once this process owns the database and work is accepted. */
  start(): void;
  /** Resolves when nothing is under way any more. Idempotent. */
  stop(): Promise<void>;
}

export interface AlertParts extends Pick<Looks, 'versionGaps' | 'types' | 'host'> {
  readonly store: Store;
  readonly clock: Clock;
  readonly randomId: () => Uint8Array;
  readonly logger: Logger;
  readonly redact: Redact;
}

/** Between two looks. */
const LOOK_MS = 1_000;
/** While there is more to take in. */
const MORE_MS = 10;
const DAY_MS = 86_400_000;
const KEPT_MS = 30 * DAY_MS;
const CLEANED_EVERY_MS = 3_600_000;

/** The alerts of an engine. */
export function createAlerts(alerts: CheckedAlerts, parts: AlertParts): AlertWork {
  return new EngineAlerts(alerts, parts);
}

/** The health, with the alerts in it that do not arrive. */
export function withUndelivered(
  health: EngineHealth,
  alerts: Pick<Alerts, 'figures'>,
): EngineHealth {
  const { failing = 0, givenUp = 0 } = alerts.figures() ?? {};
  const undeliveredAlerts = failing + givenUp;
  if (undeliveredAlerts === 0 || health.kind !== 'ready') return health;
  return { ...health, undeliveredAlerts };
}

class EngineAlerts implements AlertWork {
  readonly #alerts: CheckedAlerts;
  readonly #parts: AlertParts;
  readonly #reads: AlertReads;
  readonly #keeper: AlertKeeper;
  readonly #sender: AlertSender;
  readonly #stalls: StallWatch;
  readonly #rounds: Rounds;
  #figures: AlertFigures | null = null;
  #cleanedAtMs = 0;
  #fault = '';
  #isStopped = false;

  constructor(alerts: CheckedAlerts, parts: AlertParts) {
    const { store, clock } = parts;
    this.#alerts = alerts;
    this.#parts = parts;
    this.#reads = createAlertReads(store.tables());
    const reads = this.#reads;
    const looks = { ...parts, reads, nowMs: () => clock.nowMs() };
    this.#keeper = new AlertKeeper({ ...parts, reads, alerts, looks });
    this.#sender = new AlertSender({ ...parts, reads, targets: alerts.targets });
    this.#stalls = new StallWatch({ ...parts, alerts, sender: this.#sender });
    this.#rounds = new Rounds(clock, () => this.#pass());
  }

  rules(): readonly AlertRuleInfo[] {
    return this.#alerts.rules.map(({ name, when, to }) => ({ name, when, to }));
  }

  targets(): readonly AlertTargetInfo[] {
    return [...this.#alerts.targets].map(([name, { target }]) =>
      typeof target === 'function'
        ? { name, kind: 'function', address: null }
        : { name, kind: 'webhook', address: shownAddress(target.url) },
    );
  }

  figures(): AlertFigures | null {
    return this.#figures;
  }

  async incidents(page: Page, isOpen?: boolean): Promise<Paged<AlertIncident>> {
    const { items, nextCursor } = await this.#reads.incidents(page, isOpen);
    return { items: items.map(incidentInfo), nextCursor };
  }

  deliveries(page: Page): Promise<Paged<AlertMessage>> {
    return this.#reads.deliveries(page);
  }

  trial(target: string, by = 'a program'): Promise<string> {
    return this.trialHere({ target, by });
  }

  async trialHere({ target, by }: { target: string; by: string }): Promise<string> {
    const { store, clock, randomId } = this.#parts;
    if (!this.#alerts.targets.has(target)) {
      throw new BackstepError('not-found', `there is no target "${target.slice(0, 100)}"`);
    }
    const nowMs = clock.nowMs();
    const message = `msg_${sagaId(nowMs, randomId())}`;
    const body = JSON.stringify(trialOf(nowMs, by.slice(0, 200), store.label));
    const about = { message, target, incident: null, rule: null, kind: 'trial', body };
    const delivery = { ...about, createdAtMs: nowMs, dueAtMs: nowMs };
    await written(store, [addDelivery(store.tables(), delivery)], 'the trial');
    return message;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#stalls.start();
    if (this.#alerts.targets.size > 0) this.#rounds.start();
    else void this.#forget();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stalls.stop();
    await Promise.all([this.#rounds.stop(), this.#sender.stop()]);
  }

  async #pass(): Promise<number> {
    const { store, clock, logger } = this.#parts;
    // What was written would wait for the end of a stall, and the rounds with it.
    if (store.health().kind !== 'ready') return LOOK_MS;
    try {
      const isMore = await this.#keeper.look();
      if (this.#isStopped) return LOOK_MS;
      await this.#sender.run();
      await this.#clean();
      this.#figures = await this.#reads.undelivered(clock.nowMs() - DAY_MS);
      this.#fault = '';
      return isMore ? MORE_MS : LOOK_MS;
    } catch (err) {
      const fault = err instanceof Error ? err.message : String(err);
      if (!this.#isStopped && fault !== this.#fault) {
        logger.error({ err }, 'alerts could not be looked after; trying again');
      }
      this.#fault = fault;
      return LOOK_MS;
    }
  }

  // Rules and targets that there were before are gone, and what they have open with them.
  async #forget(): Promise<void> {
    try {
      while (!this.#isStopped && (await this.#keeper.look()));
      await this.#sender.run();
    } catch (err) {
      if (!this.#isStopped) this.#parts.logger.warn({ err }, 'alerts of before are not ended yet');
    }
  }

  async #clean(): Promise<void> {
    const { store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    if (Math.abs(nowMs - this.#cleanedAtMs) < CLEANED_EVERY_MS) return;
    this.#cleanedAtMs = nowMs;
    await written(store, removeOld(store.tables(), nowMs - KEPT_MS), 'what alerts are left');
  }
}

function incidentInfo(record: IncidentRecord): AlertIncident {
  const { id, rule, cause, openedAtMs, now, total, sagas, error } = incidentOfRecord(record);
  const { resolvedAtMs } = record;
  const counts = { now: resolvedAtMs === null ? now : 0, total };
  const when = { openedAtMs: openedAtMs ?? 0, resolvedAtMs };
  return { id, rule, cause: JSON.parse(cause) as AlertCause, ...when, ...counts, sagas, error };
}
