/**
 * Figures by type and step, since the start of the process: counted as turns become durable and
 * attempts answer.
 *
 * Everything is bounded: steps beyond a number count together, since a machine may give the actors
 * that it spawns any names.
 */
import {
  createDurationCounter,
  type Distribution,
  type DurationCounter,
} from '../../core/distribution.ts';
import type { Direction } from '../../core/state.ts';
import type { SettledStatus } from '../../core/status.ts';
import type { Counted, CountedOfStep } from '../../core/history/counted.ts';

/** Steps of one type that are told apart. */
export const MAX_STEPS_TOLD = 200;
/** What steps beyond that count as. */
export const OTHER_STEPS = '(other)';

/** First bound of the durations of sagas; the last one is then three days. */
const FIRST_SAGA_MS = 32;

/** Figures of one type. */
export interface TypeFigures {
  readonly type: string;
  readonly started: number;
  /** How often sagas settled; one that a person took up again settles once more. */
  readonly settled: Readonly<Partial<Record<SettledStatus, number>>>;
  /** From the start of a saga, its waiting included, until it settled. */
  readonly durationMs: Distribution;
  readonly steps: readonly StepFigures[];
}

/** Figures of one step. */
export interface StepFigures {
  readonly step: string;
  readonly counted: Readonly<Partial<Record<CountedOfStep, number>>>;
  /** How long attempts took that answered, from dispatch on, by what they were for. */
  readonly attemptMs: Readonly<Partial<Record<Direction, Distribution>>>;
}

/** How a saga stands that settled. */
export interface Settlement {
  readonly status: SettledStatus;
  readonly durationMs: number;
}

interface OfStep {
  readonly counted: Map<CountedOfStep, number>;
  readonly attemptMs: Map<Direction, DurationCounter>;
}

interface OfType {
  started: number;
  readonly settled: Map<SettledStatus, number>;
  readonly durations: DurationCounter;
  readonly steps: Map<string, OfStep>;
}

export class TypeCounters {
  readonly #types = new Map<string, OfType>();
  #started = 0;
  #settled = 0;

  /** Sagas started, of any type. */
  get started(): number {
    return this.#started;
  }

  get settled(): number {
    return this.#settled;
  }

  /** Adds what a turn counted. */
  add(type: string, counted: readonly Counted[]): void {
    for (const each of counted) {
      if ('step' in each) {
        addTo(this.#step(type, each.step).counted, each.what);
      } else if (each.what === 'started') {
        this.#started += 1;
        this.#of(type).started += 1;
      }
    }
  }

  /** A saga settled. */
  settle(type: string, { status, durationMs }: Settlement): void {
    this.#settled += 1;
    const { settled, durations } = this.#of(type);
    addTo(settled, status);
    durations.note(durationMs);
  }

  /** An attempt answered. */
  answer(type: string, step: string, direction: Direction, durationMs: number): void {
    const { attemptMs } = this.#step(type, step);
    let counter = attemptMs.get(direction);
    if (counter === undefined) attemptMs.set(direction, (counter = createDurationCounter()));
    counter.note(durationMs);
  }

  figures(): readonly TypeFigures[] {
    return [...this.#types].map(([type, { started, settled, durations, steps }]) => ({
      type,
      started,
      settled: Object.fromEntries(settled),
      durationMs: durations.snapshot(),
      steps: [...steps].map(([step, { counted, attemptMs }]) => ({
        step,
        counted: Object.fromEntries(counted),
        attemptMs: Object.fromEntries(
          [...attemptMs].map(([direction, counter]) => [direction, counter.snapshot()]),
        ),
      })),
    }));
  }

  #of(type: string): OfType {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const none: OfType = {
      started: 0,
      settled: new Map(),
      durations: createDurationCounter(FIRST_SAGA_MS),
      steps: new Map(),
    };
    this.#types.set(type, none);
    return none;
  }

  #step(type: string, step: string): OfStep {
    const { steps } = this.#of(type);
    const known = steps.get(step);
    if (known !== undefined) return known;
    if (steps.size >= MAX_STEPS_TOLD && step !== OTHER_STEPS) return this.#step(type, OTHER_STEPS);
    const none: OfStep = { counted: new Map(), attemptMs: new Map() };
    steps.set(step, none);
    return none;
  }
}

function addTo<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
