/**
 * Which rules the database knows: one that is new is held against what was there before it, a part
 * at a time; what is left of one that is gone is removed.
 *
 * Invariant: a mark made here never outlives what it says: it is written only where the saga, or the
 * letter, is still as it was read.
 */
import type { ExpectedStatement } from '../../core/activity.ts';
import { isEnded, SAGA_STATUSES, type SagaStatus } from '../../core/status.ts';
import type { AlertReads } from '../../store/queries/alert-records.ts';
import {
  forgetRule,
  keepRule,
  markLetter,
  markScanned,
  removeMarksOf,
} from '../../store/queries/alert-writes.ts';
import type { Store } from '../../store/store.ts';
import { written } from '../../store/commit.ts';
import type { CheckedAlerts, Rule } from './alert-rules.ts';
import { agedOpening, openedLetter, type SagaAge, standsAs } from './marker.ts';

/** Sagas, or letters, looked at in one go. */
const AT_ONCE = 500;
/** A place in a scan over several statuses: their number times this, and a saga's number. */
const STATUS_STRIDE = 2 ** 40;
/** Sagas that are over are as old as they will be. */
const NOT_ENDED = SAGA_STATUSES.filter((status) => !isEnded(status));

/** Marks of a part of what was there, and where the next part begins; `null`: there is none. */
interface Scanned {
  readonly statements: readonly ExpectedStatement[];
  readonly next: number | null;
}

const NOTHING: Scanned = { statements: [], next: null };

export interface RuleBookParts {
  readonly store: Pick<Store, 'tables' | 'write'>;
  readonly reads: AlertReads;
  readonly alerts: CheckedAlerts;
}

export class RuleBook {
  readonly #parts: RuleBookParts;
  /** How far each rule's scan is; `null` before the first look. */
  #scans: Map<string, number> | null = null;

  constructor(parts: RuleBookParts) {
    this.#parts = parts;
  }

  /** Does a part of what is to do. Resolves with whether there is more. Throws as the store does. */
  async goOn(): Promise<boolean> {
    const scans = (this.#scans ??= await this.#open());
    for (const rule of this.#parts.alerts.rules) {
      const place = scans.get(rule.name);
      if (place === undefined) continue;
      const next = await this.#scan(rule, place);
      if (next === null) scans.delete(rule.name);
      else scans.set(rule.name, next);
      return true;
    }
    return false;
  }

  async #open(): Promise<Map<string, number>> {
    const { store, reads, alerts } = this.#parts;
    const db = store.tables();
    const known = new Map((await reads.rules()).map((row) => [row.name, row]));
    const scans = new Map<string, number>();
    for (const { name, fingerprint } of alerts.rules) {
      const row = known.get(name);
      known.delete(name);
      if (row?.fingerprint === fingerprint) {
        if (row.scanned_sid !== null) scans.set(name, row.scanned_sid);
        continue;
      }
      if (row !== undefined) await this.#removeMarks(name);
      await this.#write([keepRule(db, name, fingerprint, 0)]);
      scans.set(name, 0);
    }
    for (const name of known.keys()) {
      await this.#removeMarks(name);
      await this.#write([forgetRule(db, name)]);
    }
    return scans;
  }

  async #scan(rule: Rule, place: number): Promise<number | null> {
    const { name, when, fingerprint } = rule;
    const { statements, next } =
      when.kind === 'dead-letter'
        ? await this.#scanLetters(name, when, place)
        : when.kind === 'saga-age'
          ? await this.#scanSagas(name, when, place)
          : NOTHING;
    const db = this.#parts.store.tables();
    await this.#write([...statements, keepRule(db, name, fingerprint, next)]);
    return next;
  }

  async #scanLetters(
    rule: string,
    { type }: { type?: string },
    afterSid: number,
  ): Promise<Scanned> {
    const { store, reads } = this.#parts;
    const letters = await reads.scanLetters(afterSid, AT_ONCE);
    const statements = letters
      .filter((letter) => type === undefined || type === letter.type)
      .map((letter) => {
        const opening = openedLetter(letter.type, letter.kind, letter.letter);
        return markLetter(store.tables(), rule, letter, opening);
      });
    return { statements, next: letters.length < AT_ONCE ? null : (letters.at(-1)?.sid ?? null) };
  }

  async #scanSagas(rule: string, when: SagaAge, place: number): Promise<Scanned> {
    const { store, reads } = this.#parts;
    const statuses: readonly SagaStatus[] = 'status' in when ? [when.status] : NOT_ENDED;
    const index = Math.floor(place / STATUS_STRIDE);
    const status = statuses[index];
    if (status === undefined) return NOTHING;
    const sagas = await reads.scanSagas(status, place % STATUS_STRIDE, AT_ONCE);
    const statements = sagas.flatMap(({ sid, type, seq, atMs, path, endedAtMs }) => {
      if (atMs === null || path === null || endedAtMs !== null) return [];
      if (when.type !== undefined && when.type !== type) return [];
      if (!standsAs(when, status, path)) return [];
      return [markScanned(store.tables(), rule, { sid, seq, atMs }, agedOpening(when, type))];
    });
    const isLast = sagas.length < AT_ONCE;
    const next = isLast
      ? (index + 1) * STATUS_STRIDE
      : index * STATUS_STRIDE + (sagas.at(-1)?.sid ?? 0);
    return { statements, next };
  }

  async #removeMarks(name: string): Promise<void> {
    for (;;) {
      const [removed = 0] = await this.#write([removeMarksOf(this.#parts.store.tables(), name)]);
      if (removed === 0) return;
    }
  }

  async #write(statements: readonly ExpectedStatement[]): Promise<readonly number[]> {
    return written(this.#parts.store, statements, 'alerts');
  }
}
