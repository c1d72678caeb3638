/**
 * Watches what Restate does with the calls of sagas: whether it answers and knows where turns are
 * written, speaks with the workers both ways at once, which calls do not get on, and how many turns
 * wait to be written.
 *
 * It asks once a second and keeps the last answer, so that a question for the health never waits. A
 * server that starts later than this process is waited for in the same way.
 */
import { BackstepError, isPassing } from '../../core/errors.ts';
import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/turn-log.ts';
import type { CallFigures } from '../../host/host-calls.ts';
import { SERVICES } from '../names.ts';
import { type Admin, newestServing, type Serving } from './admin.ts';
import { countStuckCalls } from './stuck-calls.ts';

export type RestateStanding =
  | ({ readonly kind: 'ready' } & CallFigures)
  /** It does not answer, or attempts of activities cannot run on it. */
  | { readonly kind: 'stalled'; readonly reason: string; readonly sinceMs: number };

const LOOK_EVERY_MS = 1_000;

export interface WatchParts {
  readonly admin: Admin;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error' | 'info' | 'warn'>;
  /** Where Restate is to bring the turns of sagas. */
  readonly url: string;
  /** Restate has taken that address. */
  readonly onTold: () => void;
}

export class Watch {
  readonly #parts: WatchParts;
  #standing: RestateStanding;
  #isTold = false;
  #hasFailed = false;
  #isStopped = false;
  #cancel: () => void = () => {};

  constructor(parts: WatchParts) {
    const { clock } = parts;
    this.#parts = parts;
    this.#standing = { kind: 'stalled', reason: 'nobody has looked yet', sinceMs: clock.nowMs() };
  }

  /** How Restate stood at the last look. */
  get standing(): RestateStanding {
    return this.#standing;
  }

  /** Looks once, and then again and again until it is stopped. */
  async start(): Promise<void> {
    await this.#look();
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const { admin, clock, logger } = this.#parts;
    try {
      const deployments = await this.#deploymentsOnceTold();
      assertBothWays(deployments);
      const calls = await countStuckCalls(admin, deployments, clock.nowMs());
      if (this.#hasFailed) logger.info({}, 'sagas on Restate go on');
      this.#hasFailed = false;
      this.#tellOf(calls);
      this.#standing = { kind: 'ready', ...calls };
    } catch (error) {
      if (!(error instanceof BackstepError) || !isPassing(error)) throw error;
      if (this.#isStopped) return;
      const was = this.#standing;
      const sinceMs = was.kind === 'stalled' ? was.sinceMs : clock.nowMs();
      this.#standing = { kind: 'stalled', reason: error.message, sinceMs };
      this.#hasFailed = true;
      const isNews = was.kind === 'ready' || was.reason !== error.message;
      if (isNews) logger.error({ err: error }, 'sagas on Restate do not go on; trying again');
    }
  }

  /** Tells Restate of this process first: at the start, and where it has forgotten everything. */
  async #deploymentsOnceTold(): Promise<readonly Serving[]> {
    const { admin, url, onTold } = this.#parts;
    const known = this.#isTold ? await admin.deployments() : [];
    if (newestServing(known, SERVICES.journal) !== null) return known;
    await admin.register(url);
    this.#isTold = true;
    if (!this.#isStopped) onTold();
    return admin.deployments();
  }

  #tellOf(calls: CallFigures): void {
    const was = this.#standing;
    const { paused, retriedOften } = calls;
    const before = was.kind === 'ready' ? was : { paused: 0, retriedOften: 0 };
    if (paused <= before.paused && retriedOften <= before.retriedOften) return;
    this.#parts.logger.warn({ paused, retriedOften }, 'calls of sagas do not get on');
  }
}

/**
 * Where request and response take turns, as with HTTP/1.1 or behind a proxy that speaks it, every
 * attempt looks interrupted to its worker, and every saga gives up after a few. Throws
 * `unavailable`.
 */
function assertBothWays(deployments: readonly Serving[]): void {
  const serving = newestServing(deployments, SERVICES.attempt);
  if (serving === null || serving.isBothWays) return;
  throw new BackstepError(
    'unavailable',
    `Restate speaks with the workers at ${serving.url} by request and response, so that every ` +
      'attempt would look interrupted; register an address that takes HTTP/2 all the way',
  );
}
