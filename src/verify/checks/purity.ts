/**
 * Whether the machine's own code answers by what it is given alone: each turn that takes other
 * transitions than those before is taken once more, at another time and with other chances, and
 * must come out the same and leave alone what it was given.
 *
 * The clock and the chance that the code could ask are replaced for the length of that turn.
 * Invariant: they are back before anything else runs, as a turn never waits.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { canonicalJson } from '../../core/json.ts';
import type { Turn } from '../../core/turn/inbound.ts';
import type { SagaState } from '../../core/state.ts';
import type { Fault } from '../findings.ts';
import { timerLabel } from '../moves/move.ts';

/** Turns that were looked at. */
export class Purity {
  readonly #numbers = new Map<object, number>();
  readonly #seen = new Set<string>();

  /** True the first time that these transitions are taken together by a move of that label. */
  isNew(takes: readonly object[], label: string): boolean {
    const taken = takes.map((each) => {
      const number = this.#numbers.get(each) ?? this.#numbers.size;
      this.#numbers.set(each, number);
      return number;
    });
    const key = `${taken.join(' ')}${/ \(example \d+\)$/.exec(label)?.[0] ?? ''}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

/**
 * What is wrong with the code of a turn.
 *
 * @param known how it came out
 * @param isKept false when what it was given is not any more as it was
 */
export function judgePurity(
  definition: SagaDefinition,
  known: Turn,
  take: () => Turn,
  isKept: () => boolean,
): readonly Fault[] {
  const { again, asked } = elsewhen(take);
  if (!isKept()) {
    return [CHANGED_CONTEXT];
  }
  const where = differenceOf(definition, known, again);
  if (where !== null) {
    const why = asked === null ? '' : `, as it asks ${asked}`;
    return [impure(where, `${where} comes out differently for the same data${why}`, ASK_CURE)];
  }
  if (asked === null) return [];
  const what = `the machine asks ${asked} within a turn`;
  return [{ ...impure('a mapper, guard or assign', what, ASK_CURE), severity: 'warning' }];
}

/** The fault of a machine that does not leave alone what it is given. */
export const CHANGED_CONTEXT: Fault = impure(
  'the context',
  'the machine changes the context that it is given',
  'let assigns and mappers make something new in place of changing what is there',
);

/** Whether the context that every saga of a machine begins with is still as it was. */
export function keepsFirstContext({ machine }: SagaDefinition): () => boolean {
  const text = (): string => JSON.stringify((machine.config.context as unknown) ?? null);
  const before = text();
  return () => text() === before;
}

const ASK_CURE =
  'take the time, chances and the like from the input, an event or the output of a step';

/** Far from now, at another hour of another day of the week. */
const OTHER_TIME_MS = (10 * 366 + 3) * 86_400_000 + 11 * 3_600_000;
const OTHER_CHANCE = 0.123_456_789;

/** Does the work at another time. `asked`: what of the clock and chance it asked for. */
function elsewhen(work: () => Turn): { again: Turn | null; asked: string | null } {
  const { Date: Clock, Math: Chance } = globalThis;
  const random = Object.getOwnPropertyDescriptor(Chance, 'random');
  let asked: string | null = null;
  const now = (): number => {
    asked = 'the clock';
    return Reflect.apply(Clock.now, Clock, []) + OTHER_TIME_MS;
  };
  const other = new Proxy(Clock, {
    construct: (target, given, made) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, made) as object,
    apply: () => new Clock(now()).toString(),
    get: (target, member, receiver) =>
      member === 'now' ? now : (Reflect.get(target, member, receiver) as unknown),
  });
  const chance = (): number => {
    asked = 'chance';
    return OTHER_CHANCE;
  };
  try {
    globalThis.Date = other;
    Object.defineProperty(Chance, 'random', { ...random, value: chance });
    return { again: work(), asked };
  } catch {
    return { again: null, asked };
  } finally {
    globalThis.Date = Clock;
    if (random !== undefined) Object.defineProperty(Chance, 'random', random);
  }
}

/** What differs, in words; `null`: nothing does. */
function differenceOf(definition: SagaDefinition, known: Turn, again: Turn | null): string | null {
  if (again === null || known.kind !== again.kind) return 'a guard, mapper or assign';
  if (known.kind !== 'advanced' || again.kind !== 'advanced') return null;
  const [one, other] = [known.state, again.state];
  const inputs = known.effects.flatMap((effect, index) => {
    const twin = again.effects[index];
    if (effect.kind !== 'start-activity' || twin?.kind !== 'start-activity') return [];
    return isSame(effect.input, twin.input) ? [] : [`the input of "${effect.activity}"`];
  });
  if (inputs[0] !== undefined) return inputs[0];
  if (!isSame(one.snapshot.value, other.snapshot.value)) {
    return `the way out of a state (a guard or condition)`;
  }
  if (contextText(one) !== contextText(other)) return 'the context (an assign)';
  const timers = Object.entries(one.live.timers).filter(
    ([id, { dueMs }]) => other.live.timers[id]?.dueMs !== dueMs,
  );
  if (timers[0] !== undefined) return `the delay of "${timerLabel(definition, timers[0][0])}"`;
  return isSame(known.effects, again.effects) ? null : 'an event that it sends';
}

function isSame(one: unknown, other: unknown): boolean {
  return textOf(one) === textOf(other);
}

function textOf(value: unknown): string {
  return canonicalJson(JSON.parse(JSON.stringify(value ?? null)));
}

/** The context of a state, to be compared. */
export function contextText({ snapshot }: SagaState): string {
  return JSON.stringify((snapshot.context as unknown) ?? null);
}

function impure(where: string, what: string, cure: string): Fault {
  return { code: 'impure', severity: 'error', subject: where, where, what, cure };
}
