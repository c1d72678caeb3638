/** Everything that can happen to a saga next, and what its participants do meanwhile. */
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { CHILD_COMPLETED, type Failure } from '../../src/core/failure.ts';
import { UNWIND_CHILD } from '../../src/core/machine/machine-roles.ts';
import type { Inbound } from '../../src/core/turn/inbound.ts';
import { legalEvents } from '../../src/core/turn/legal.ts';
import type { LiveTimer, SagaState } from '../../src/core/state.ts';
import type { ExampleValues } from '../../src/verify/values/examples.ts';
import type { Dice } from './dice.ts';
import type { EffectBook } from './effect-book.ts';
import { retryingIn, timersThatFire, waysOn } from './standing.ts';

/** What a saga takes. */
export type Next = Exclude<Inbound, { kind: 'start' }>;

/** How attempts of an activity end. */
export type Manner = 'done' | 'refused' | 'busy' | 'lost' | 'lost-applied' | 'silent' | 'killing';

export const MANNERS: readonly Manner[] = [
  'refused',
  'busy',
  'lost',
  'lost-applied',
  'silent',
  'killing',
];

/** One thing that can happen. */
export interface Option {
  readonly label: string;
  readonly weight: number;
  readonly isOutside: boolean;
  readonly take: () => Next;
}

/** The world that a walk goes through. */
export interface WorldOptions {
  readonly definition: SagaDefinition;
  readonly examples: ExampleValues;
  readonly dice: Dice;
  /** How each activity always ends; any other as chance has it. */
  readonly manners?: ReadonlyMap<string, Manner>;
  /** Nobody steps in, and all that no manner is given for goes well. */
  readonly isCalm?: boolean;
}

const failure = (code: string, retryable: boolean, ambiguous: boolean): Failure => ({
  code,
  message: `the remote was ${code}`,
  retryable,
  ambiguous,
});
const REFUSED = failure('refused', false, false);
const BUSY = failure('busy', true, false);
const LOST = failure('lost', true, true);
const COMPLETED = failure(CHILD_COMPLETED, false, true);

export class Happenings {
  readonly #options: WorldOptions;
  readonly #book: EffectBook;
  #nowMs = 1_000_000;
  /** When the time of an attempt began to run, by the token of its time-out. */
  readonly #began = new Map<number, number>();

  constructor(options: WorldOptions, book: EffectBook) {
    this.#options = options;
    this.#book = book;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** What can happen in this state, none of it impossible. */
  in(state: SagaState): Option[] {
    if (state.snapshot.status !== 'active') return [];
    const { isCalm = false } = this.#options;
    const answers = Object.keys(state.live.activities).flatMap((id) => this.#answersOf(state, id));
    const timers = timersThatFire(this.#options.definition, state).map(
      ([id, timer]) => ({ id, token: timer.token, dueMs: this.#dueMs(timer) }) as const,
    );
    // What is due fires before anything that is due later, in a calm world too.
    const overdue = timers.filter(({ dueMs }) => dueMs < this.#nowMs);
    const isOverdue = overdue.length > 0;
    const fired = (isOverdue ? overdue : timers).map(({ id, token, dueMs }): Option => {
      const role = this.#options.definition.timers.get(id);
      const isTimeout = role?.kind === 'attempt-timeout';
      const isSilent = isTimeout && this.#mannerOf(role.activity) === 'silent';
      const isAtOnce = isSilent || isOverdue;
      // In a calm world time passes only where nothing else happens.
      const weight = isAtOnce ? 8 : isTimeout ? (isCalm ? 0 : 1) : answers.length === 0 ? 4 : 0.5;
      return {
        label: `timer ${id.replace(/#\d+$/, '')}`,
        weight: isCalm && answers.length > 0 && !isAtOnce ? 0 : weight,
        isOutside: false,
        take: () => {
          this.#nowMs = Math.max(this.#nowMs, dueMs);
          return { kind: 'timer', timer: id, token };
        },
      };
    });
    return [...answers, ...fired, ...this.#outside(state)].filter(({ weight }) => weight > 0);
  }

  #dueMs({ token, dueMs, delayMs }: LiveTimer): number {
    if (dueMs !== undefined) return dueMs;
    const beganMs = this.#began.get(token) ?? this.#nowMs;
    this.#began.set(token, beganMs);
    return beganMs + delayMs;
  }

  #outside(state: SagaState): Option[] {
    const { examples } = this.#options;
    const events = legalEvents(state).flatMap((type) =>
      examples.eventsOf(type).values.map((members, index): Option => ({
        label: `event ${type} ${index}`,
        weight: 2,
        isOutside: true,
        take: () => {
          if (state.status === 'failed') this.#decide('event', state);
          return {
            kind: 'event',
            id: `${type}#${state.seq}`,
            event: { ...(members as object), type },
          };
        },
      })),
    );
    const commands = waysOn(state).flatMap((way): Option[] => {
      if (way.kind !== 'command') return [];
      const { name } = way;
      const isDecision = ['skip', 'accept-partial', 'compensate'].includes(name);
      return [
        {
          label: `command ${name}`,
          weight: state.status === 'compensation_failed' || state.status === 'failed' ? 2 : 0.3,
          isOutside: true,
          take: () => {
            const needsPerson = ['compensation_failed', 'failed'].includes(state.status);
            if (isDecision && needsPerson) this.#decide(name, state);
            return { kind: 'command', command: { name } };
          },
        },
      ];
    });
    return [...events, ...commands];
  }

  #answersOf(state: SagaState, id: string): Option[] {
    const live = state.live.activities[id];
    if (live === undefined) return [];
    const { isCalm = false, examples } = this.#options;
    const { token, src, direction, occurrence } = live;
    const given = this.#mannerOf(id);
    const weights: Record<Manner, number> = isCalm
      ? { done: 1, refused: 0, busy: 0, lost: 0, 'lost-applied': 0, silent: 0, killing: 0 }
      : { done: 6, refused: 1, busy: 1, lost: 1, 'lost-applied': 1, silent: 0, killing: 0.3 };
    const option = (manner: Manner, label: string, take: () => Next): Option => ({
      label: `${id} ${label}`,
      weight: given === null ? weights[manner] : Number(given === manner),
      isOutside: false,
      take,
    });
    const result = (outcome: Extract<Next, { kind: 'result' }>['outcome']): Next => {
      const isDone = outcome.kind === 'done';
      const isCertain = !isDone && !outcome.failure.ambiguous;
      const brought = isDone ? broughtBy(direction, outcome.output) : undefined;
      this.#book.answer(id, isDone, brought, isCertain);
      return { kind: 'result', activity: id, token, outcome };
    };
    const failing = (manner: Manner, why: Failure): Option =>
      option(manner, manner, () => {
        if (manner === 'lost-applied') this.#happen(state, id);
        return result({ kind: 'failed', failure: why });
      });
    if (src === UNWIND_CHILD) {
      return [
        option('done', 'unwound', () =>
          this.#book.hadCompleted(id)
            ? result({ kind: 'failed', failure: COMPLETED })
            : result({ kind: 'done', output: null }),
        ),
      ];
    }
    if (direction === 'probe') {
      return [
        option('done', 'found', () => result({ kind: 'done', output: this.#book.probe(id) })),
        option('refused', 'unknown', () => result({ kind: 'done', output: { kind: 'unknown' } })),
        failing('lost', LOST),
        failing('busy', BUSY),
      ];
    }
    const isChild = live.childId !== undefined;
    const outputs = examples.outputsOf(src, occurrence);
    return [
      ...outputs.map((output, index) =>
        option('done', `done ${index}`, () =>
          this.#book.happen(id, output)
            ? result({ kind: 'done', output })
            : result({ kind: 'failed', failure: REFUSED }),
        ),
      ),
      failing('refused', REFUSED),
      ...(isChild
        ? []
        : [failing('busy', BUSY), failing('lost', LOST), failing('lost-applied', LOST)]),
      ...(isChild
        ? []
        : [
            option('killing', 'killing', () => {
              this.#book.answer(id, false);
              return { kind: 'interrupted', activity: id, token };
            }),
          ]),
    ];
  }

  #happen(state: SagaState, id: string): void {
    const live = state.live.activities[id];
    if (live === undefined || live.src === UNWIND_CHILD) return;
    const [output = null] = this.#options.examples.outputsOf(live.src, live.occurrence);
    this.#book.happen(id, output);
  }

  #decide(order: string, state: SagaState): void {
    this.#book.decide(order, state.status, retryingIn(this.#options.definition, state));
  }

  #mannerOf(activity: string): Manner | null {
    return this.#options.manners?.get(activity) ?? null;
  }
}

/** What an answer says that the step brought; `undefined`: nothing. */
function broughtBy(direction: string, output: unknown): unknown {
  if (direction !== 'probe') return output ?? null;
  const { kind, output: found } = Object(output) as {
    readonly kind?: unknown;
    readonly output?: unknown;
  };
  return kind === 'happened' ? (found ?? null) : undefined;
}
