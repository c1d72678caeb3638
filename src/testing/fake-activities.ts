/**
 * Activities for tests: they answer as scripted, keep what stands of each step as a good
 * participant would, and write every call down.
 *
 * Like any participant must, they give the same key one effect, accept the compensation of what
 * never happened, and refuse a step whose compensation came first.
 */
import type { Activities, ActivityContext } from '../core/activity.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { PermanentError, TransientError } from '../core/failure.ts';
import type { Direction } from '../core/state.ts';
import { ownExamples } from './own-examples.ts';

/**
 * How one call ends:
 *
 * - `done`: well, with the usual output; `{ output }`: well, with this output.
 * - `fail`: a certain failure that is worth another attempt; nothing happened.
 * - `permanent`: a certain failure for good; nothing happened.
 * - `lost`: the connection breaks before anything happens; nobody can know that.
 * - `applied-then-lost`: the effect happens, and the connection breaks before the answer.
 * - `hang`: nothing happens and no answer comes, until the attempt times out.
 * - `applied-then-hang`: the effect happens and no answer comes.
 */
export type FakeOutcome =
  | 'done'
  | 'fail'
  | 'permanent'
  | 'lost'
  | 'applied-then-lost'
  | 'hang'
  | 'applied-then-hang'
  | { readonly output: unknown };

/** One call of a fake. */
export interface FakeCall {
  readonly activity: string;
  readonly step: string;
  readonly direction: Direction;
  readonly key: string;
  /** The key of the step that a compensation or a probe is about; `null` for a step itself. */
  readonly forwardKey: string | null;
  readonly attempt: number;
  readonly input: unknown;
  readonly outcome: FakeOutcome;
}

/** What is left of one run of a step; `fenced`: its compensation came first. */
export interface FakeEffect {
  readonly step: string;
  readonly sagaId: string;
  /** The forward key. */
  readonly key: string;
  readonly output: unknown;
  readonly state: 'applied' | 'undone' | 'fenced';
}

export interface FakeOptions {
  /**
   * What an activity answers when it goes well. Default: the saga's examples, else made up, with
   * texts that tell the occurrences of a step apart.
   */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** How the first calls of an activity end, in order; those after that end well. */
  readonly script?: Readonly<Record<string, readonly FakeOutcome[]>>;
  /** How every call ends that the script does not speak of. Default `done`. */
  readonly always?: Readonly<Record<string, FakeOutcome>>;
  /** Called with every effect that happens, before anybody hears of it. */
  readonly onEffect?: (call: FakeCall) => void;
}

/** Fakes for every activity of a saga; bind `activities`. */
export class FakeActivities<C extends object = object> {
  readonly activities: Activities<C>;
  readonly #calls: FakeCall[] = [];
  readonly #effects = new Map<string, FakeEffect>();
  readonly #outputOf: (activity: string, occurrence: number) => unknown;
  readonly #script: Map<string, FakeOutcome[]>;
  readonly #always: Map<string, FakeOutcome>;
  readonly #onEffect: (call: FakeCall) => void;
  readonly #hanging = new Set<object>();

  /**
   * @example
   * const fakes = new FakeActivities(tripSaga, { script: { chargeCard: ['fail', 'permanent'] } });
   * const engine = await openTestEngine(tripSaga, fakes);
   */
  constructor(definition: SagaDefinition<C>, options: FakeOptions = {}) {
    const { outputs = {}, script = {}, always = {}, onEffect = () => {} } = options;
    const examples = ownExamples(definition);
    this.#outputOf = (name, occurrence) =>
      Object.hasOwn(outputs, name) ? outputs[name] : examples.outputsOf(name, occurrence)[0];
    this.#script = new Map(Object.entries(script).map(([name, list]) => [name, [...list]]));
    this.#always = new Map(Object.entries(always));
    this.#onEffect = onEffect;
    for (const name of [...this.#script.keys(), ...this.#always.keys()]) {
      this.#assertKnown(definition, name);
    }
    const bound = definition.activities.map((name) => [
      name,
      (input: unknown, context: ActivityContext) => this.#call(name, input, context),
    ]);
    this.activities = Object.fromEntries(bound) as Activities<C>;
  }

  /** Every call so far, in order. */
  get calls(): readonly FakeCall[] {
    return this.#calls;
  }

  /** What is left of every step that was called, in order of its first effect. */
  get effects(): readonly FakeEffect[] {
    return [...this.#effects.values()];
  }

  /** The steps whose effect stands, in order. */
  get standing(): readonly string[] {
    return this.effects.filter(({ state }) => state === 'applied').map(({ step }) => step);
  }

  /** Calls that hang just now. */
  get hanging(): number {
    return this.#hanging.size;
  }

  /** Adds to the script: how the next calls of an activity end. */
  script(activity: keyof C & string, ...outcomes: readonly FakeOutcome[]): this {
    this.#script.set(activity, [...(this.#script.get(activity) ?? []), ...outcomes]);
    return this;
  }

  /** How every call ends that the script does not speak of; `done` mends it. */
  always(activity: keyof C & string, outcome: FakeOutcome): this {
    this.#always.set(activity, outcome);
    return this;
  }

  /** The process that made them is gone: its calls hang no more. */
  forgetHanging(): void {
    this.#hanging.clear();
  }

  #assertKnown({ id, activities }: SagaDefinition<C>, name: string): void {
    if (activities.includes(name)) return;
    throw new TypeError(
      `saga "${id}" calls no activity "${name}"; it calls ${activities.join(', ')}`,
    );
  }

  async #call(activity: string, input: unknown, context: ActivityContext): Promise<unknown> {
    const { key, forwardKey, step, attempt } = context;
    const direction = directionOf(context);
    const outcome = this.#script.get(activity)?.shift() ?? this.#always.get(activity) ?? 'done';
    const what = { activity, step, direction, key, forwardKey, attempt };
    const call: FakeCall = { ...what, input, outcome };
    this.#calls.push(call);
    if (typeof outcome === 'object') return this.#apply(call, context);
    switch (outcome) {
      case 'done':
        return this.#apply(call, context);
      case 'fail':
        throw new TransientError('busy', `${activity} is busy`);
      case 'permanent':
        throw new PermanentError('refused', `${activity} was refused`);
      case 'lost':
        throw new Error(`the connection broke before ${activity} began`);
      case 'hang':
        return this.#hang(context);
      case 'applied-then-lost':
        this.#apply(call, context);
        throw new Error(`the connection broke before ${activity} answered`);
      case 'applied-then-hang':
        this.#apply(call, context);
        return this.#hang(context);
    }
  }

  /** What the call answers once its effect is there. */
  #apply(call: FakeCall, context: ActivityContext): unknown {
    const { activity, direction, outcome } = call;
    if (direction === 'probe') return this.#probe(outcome, context);
    const key = context.forwardKey ?? context.key;
    const usual = this.#outputOf(activity, occurrenceOf(key));
    const output = typeof outcome === 'object' ? outcome.output : usual;
    const { sagaId, step } = context;
    const known = this.#effects.get(key);
    if (direction === 'compensate') {
      const state = known === undefined || known.state === 'fenced' ? 'fenced' : 'undone';
      this.#effects.set(key, { step, sagaId, key, output: known?.output ?? null, state });
    } else if (known === undefined) {
      this.#effects.set(key, { step, sagaId, key, output, state: 'applied' });
    } else if (known.state === 'applied') {
      this.#onEffect(call);
      return known.output;
    } else {
      throw new PermanentError('fenced', `${step} was compensated before it began`);
    }
    this.#onEffect(call);
    return output;
  }

  #probe(outcome: FakeOutcome, { forwardKey }: ActivityContext): unknown {
    if (typeof outcome === 'object') return outcome.output;
    const known = this.#effects.get(forwardKey ?? '');
    const { state, output } = known ?? { state: 'fenced', output: null };
    return state === 'applied' ? { kind: 'happened', output } : { kind: 'never' };
  }

  #hang({ signal }: ActivityContext): Promise<never> {
    const call = {};
    this.#hanging.add(call);
    signal.addEventListener('abort', () => this.#hanging.delete(call), { once: true });
    return new Promise(() => {});
  }
}

function occurrenceOf(key: string): number {
  return Number(key.split('/').at(-1));
}

/** The key says it: `saga/step/direction/occurrence`. */
function directionOf({ key, forwardKey }: ActivityContext): Direction {
  if (forwardKey === null) return 'forward';
  return key.split('/').at(-2) === 'probe' ? 'probe' : 'compensate';
}
