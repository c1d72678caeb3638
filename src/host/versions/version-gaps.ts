/**
 * Sagas that cannot go on under what is registered, counted by type, version and reason.
 */

/** Sagas of one version that cannot go on for one reason. */
export interface VersionGap {
  readonly type: string;
  readonly version: number;
  /** A sentence with the cure. */
  readonly reason: string;
  readonly sagas: number;
}

/** Reasons told apart for one version; a migration may throw another one for each saga. */
const MAX_REASONS = 20;
const OTHER_REASONS = 'for other reasons; their dead letters say which';

export class VersionGaps {
  /** By what makes a gap one, as JSON. */
  readonly #gaps = new Map<string, VersionGap>();

  /** One saga more, or several. */
  add(type: string, version: number, reason: string, count = 1): void {
    const known = [...this.#gaps.values()].filter(
      (gap) => gap.type === type && gap.version === version,
    );
    const isOwn = known.length < MAX_REASONS || known.some((gap) => gap.reason === reason);
    const told = isOwn ? reason : OTHER_REASONS;
    const key = JSON.stringify([type, version, told]);
    const sagas = (this.#gaps.get(key)?.sagas ?? 0) + count;
    this.#gaps.set(key, { type, version, reason: told, sagas });
  }

  /** The largest first. */
  list(): readonly VersionGap[] {
    return [...this.#gaps.values()].toSorted((one, other) => other.sagas - one.sagas);
  }
}
