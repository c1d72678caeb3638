/**
 * Lets the same things happen to both sides, one after the other, and looks whether anybody could
 * tell them apart.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Failure } from '../../src/core/failure.ts';
import type { Case, Happening, Side, Sight } from './case.ts';
import { DurableSide } from './durable-side.ts';
import { LiveSide } from './live-side.ts';

const SPANS_MS = [1, 999, 1_000, 5_000, 60_000];

/** Ambiguous, so that it stays the same when a restart makes it so. */
const FAILURE: Failure = { code: 'down', message: 'is down', retryable: true, ambiguous: true };

/** What both sides showed after the last thing that happened. */
export interface Compared {
  readonly live: Sight;
  readonly saga: Sight;
  readonly isSame: boolean;
}

/** Both sides of one machine. */
export class Comparison {
  readonly #each: Case;
  readonly #live: LiveSide;
  readonly #saga: DurableSide;

  private constructor(each: Case, live: LiveSide) {
    this.#each = each;
    this.#live = live;
    this.#saga = new DurableSide(each.machine, each.input);
  }

  static async start(each: Case): Promise<Comparison> {
    return new Comparison(each, await LiveSide.start(each.machine, each.input));
  }

  /** `isRestarted`: the durable side's process ends and another goes on, after this as well. */
  async happen(it: Happening, isRestarted = false): Promise<Compared> {
    await happen(this.#live, this.#each, it);
    await happen(this.#saga, this.#each, it);
    if (isRestarted) this.#saga.restart(true);
    return this.look();
  }

  look(): Compared {
    const [live, saga] = [this.#live.sight(), this.#saga.sight()];
    return { live, saga, isSame: isDeepStrictEqual(saga, live) };
  }
}

async function happen(side: Side, each: Case, { ...it }: Happening): Promise<void> {
  switch (it.kind) {
    case 'event': {
      const event = pick(each.events, it.which);
      return event === undefined ? undefined : side.send(event);
    }
    case 'time':
      return side.elapse(pick(each.spansMs ?? SPANS_MS, it.which) ?? 0);
    case 'done': {
      const id = pick(side.running(), it.which);
      if (id === undefined) return;
      return side.done(id, pick(each.outputs?.[id] ?? [null], it.output));
    }
    case 'failed': {
      const id = pick(side.running(), it.which);
      return id === undefined ? undefined : side.fail(id, FAILURE);
    }
    case 'restart':
      if (side instanceof DurableSide) side.restart();
  }
}

function pick<T>(values: readonly T[], which: number): T | undefined {
  return values[which % values.length];
}
