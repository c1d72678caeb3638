/**
 * Watches what Restate does with the calls of sagas: whether it answers, which calls do not get on,
 * and how long turns wait to be written.
 *
 * It asks once a second and keeps the last answer, so that a question for the health never waits.
 */
import { BackstepError, isPassing } from '../../core/errors.ts';
import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/turn-log.ts';
import type { Admin } from './admin.ts';
import { SERVICES } from '../names.ts';

/** Calls that do not get on by themselves, or wait; as of the last look. */
export interface RestateCalls {
  /** Somebody paused them, or Restate did after too many tries. */
  readonly paused: number;
  /** Tried again more than twenty times: a worker that dies of a turn, or is gone. */
  readonly retriedOften: number;
  /** Turns that are not written to the database yet. */
  readonly unwritten: number;
}

export type RestateStanding =
  | ({ readonly kind: 'ready' } & RestateCalls)
  | { readonly kind: 'away'; readonly reason: string; readonly sinceMs: number };

const LOOK_EVERY_MS = 1_000;
const OFTEN = 20;
const OURS = Object.values(SERVICES)
  .map((name) => `'${name}'`)
  .join(', ');
const COUNTS = `SELECT
  COUNT(*) FILTER (WHERE status = 'paused') AS paused,
  COUNT(*) FILTER (WHERE retry_count > ${OFTEN}) AS retried_often,
  COUNT(*) FILTER (WHERE target_service_name = '${SERVICES.journal}') AS unwritten
FROM sys_invocation WHERE status <> 'completed' AND target_service_name IN (${OURS})`;

export class Watch {
  readonly #admin: Admin;
  readonly #clock: Clock;
  readonly #logger: Pick<Logger, 'error' | 'warn'>;
  #standing: RestateStanding;
  #isStopped = false;
  #cancel: () => void = () => {};

  constructor(admin: Admin, clock: Clock, logger: Pick<Logger, 'error' | 'warn'>) {
    this.#admin = admin;
    this.#clock = clock;
    this.#logger = logger;
    this.#standing = { kind: 'away', reason: 'nobody has looked yet', sinceMs: clock.nowMs() };
  }

  /** How Restate stood at the last look. */
  get standing(): RestateStanding {
    return this.#standing;
  }

  /** Looks once, and then again and again until it is stopped. */
  async start(): Promise<void> {
    await this.#look();
    if (this.#isStopped) return;
    this.#cancel = this.#clock.after(LOOK_EVERY_MS, () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    try {
      const [row = {}] = await this.#admin.query(COUNTS);
      const count = (name: string): number => Number(row[name] ?? 0);
      const calls = {
        paused: count('paused'),
        retriedOften: count('retried_often'),
        unwritten: count('unwritten'),
      };
      this.#tellOf(calls);
      this.#standing = { kind: 'ready', ...calls };
    } catch (error) {
      if (!(error instanceof BackstepError) || !isPassing(error)) throw error;
      if (this.#isStopped) return;
      const was = this.#standing;
      const sinceMs = was.kind === 'away' ? was.sinceMs : this.#clock.nowMs();
      this.#standing = { kind: 'away', reason: error.message, sinceMs };
      if (was.kind === 'ready') this.#logger.error({ err: error }, 'Restate does not answer');
    }
  }

  #tellOf(calls: RestateCalls): void {
    const was = this.#standing;
    const { paused, retriedOften } = calls;
    const before = was.kind === 'ready' ? was : { paused: 0, retriedOften: 0 };
    if (paused <= before.paused && retriedOften <= before.retriedOften) return;
    this.#logger.warn({ paused, retriedOften }, 'calls of sagas do not get on');
  }
}
