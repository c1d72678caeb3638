/**
 * The values to explore with: examples that were given, else what a schema takes, else made up: it
 * lets the machine read from recording stand-ins along a few walks and builds plain values with the
 * members that were asked for.
 *
 * The stand-ins never reach the exploration itself. Invariant: what a mapper throws here is
 * ignored, because the exploration meets it again.
 */
import type { Examples, SagaDefinition } from '../../core/define/definition.ts';
import { readFields } from '../../core/machine/machine-nodes.ts';
import { provided } from '../../core/machine/macrostep/microstep-bound.ts';
import type { StandardSchema } from '../../core/standard-schema.ts';
import { isDistinguished } from '../identity.ts';
import {
  type ExampleValues,
  mergeExamples,
  type Samples,
  type UsedValue,
  type ValueSource,
} from './examples.ts';
import { isUnread, plainValue, recorder, type Shape, shapeIn } from './recorder.ts';
import { isTaken, samplesOfSchema, takesAnything } from './schema-samples.ts';
import { walk } from './walk.ts';

/** Most successes before the one failure of a walk to learn from. */
const MAX_LEARNING_SUCCESSES = 24;

/** Most inputs, and most events of a type, that are explored. */
const MAX_SAMPLES = 8;

/** The values to explore with: given ones first, made-up ones for the rest. */
export function examplesFor(definition: SagaDefinition, given: Examples): ExampleValues {
  return new Learning(definition, mergeExamples(definition.examples, given)).values();
}

class Learning {
  readonly #definition: SagaDefinition;
  readonly #given: Examples;
  readonly #seen = new Map<string, Shape>();
  readonly #used = new Map<string, UsedValue>();
  readonly #flaws = new Map<string, NonNullable<Samples['flaw']>>();

  /** True while a condition reads; whatever a hand-written machine reads may decide. */
  #isDeciding: boolean;

  constructor(definition: SagaDefinition, given: Examples) {
    const { machine } = definition;
    const isCompiled = readFields(machine.root.meta)['builder'] !== undefined;
    this.#isDeciding = !isCompiled;
    this.#definition =
      isCompiled && isDistinguished(machine) ? this.#heard(definition) : definition;
    this.#given = given;
  }

  /** The saga with conditions that say when they read. */
  #heard(definition: SagaDefinition): SagaDefinition {
    const guards = Object.entries(definition.machine.implementations.guards).map(
      ([name, guard]) => {
        const heard = (...given: readonly unknown[]): unknown => {
          this.#isDeciding = true;
          try {
            return Reflect.apply(guard as () => unknown, undefined, given);
          } finally {
            this.#isDeciding = false;
          }
        };
        return [name, heard] as const;
      },
    );
    return {
      ...definition,
      machine: provided(definition.machine, { guards: Object.fromEntries(guards) }),
    };
  }

  values(): ExampleValues {
    const one = (value: unknown): Samples => ({ values: [value], from: 'made up', flaw: null });
    this.#learn(this.#stand('input'), (type) => one(this.#stand(`event ${type}`)));
    const inputs = this.#inputs();
    const events = new Map<string, Samples>();
    const eventsOf = (type: string): Samples => {
      const known = events.get(type) ?? this.#eventsOf(type);
      events.set(type, known);
      return known;
    };
    // With values that a condition can be true of, it gets further.
    if (inputs.from !== 'made up' || this.#definition.events.size > 0) {
      for (const input of inputs.values.slice(0, 2)) this.#learn(input, eventsOf);
    }
    events.clear();
    return {
      input: inputs.values[0],
      inputs: this.#noted('input', inputs),
      otherInputs: this.#otherInputs(inputs),
      outputsOf: (activity, occurrence) => {
        const values = this.#outputsOf(activity, occurrence);
        const from = this.#isOutputMadeUp(activity) ? 'made up' : 'example';
        return this.#noted(`output of "${activity}"`, { values, from, flaw: null }).values;
      },
      isOutputMadeUp: (activity) => this.#isOutputMadeUp(activity),
      eventsOf: (type) => this.#noted(`event "${type}"`, eventsOf(type)),
      used: () => [...this.#used.values()],
      flaws: () => [...this.#flaws.values()],
    };
  }

  #inputs(): Samples {
    const { input } = this.#given;
    if (!('input' in this.#given)) return this.#samples('input', this.#definition.input);
    const values = [input, ...this.#around(input)].slice(0, MAX_SAMPLES);
    return { values, from: 'example', flaw: null };
  }

  /** The example with other values where a condition may ask for them, as the schema takes them. */
  #around(example: unknown): readonly unknown[] {
    const { input: schema } = this.#definition;
    const deciding = this.#deciding('input');
    if (schema === null || deciding.size === 0) return [];
    const found = samplesOfSchema(schema, example, deciding);
    const others = found.kind === 'taken' ? found.values : [];
    return others.flatMap((other) => {
      const members = Object.entries(readFields(other)).filter(([name]) => deciding.has(name));
      const kept = Object.entries(readFields(example)).filter(([name]) => !deciding.has(name));
      const value = Object.fromEntries([...kept, ...members]);
      const isSame = JSON.stringify(value) === JSON.stringify(example);
      return isSame || !isTaken(schema, value) ? [] : [value];
    });
  }

  #deciding(name: string): ReadonlySet<string> {
    const { members } = shapeIn(this.#seen, name);
    return new Set([...members].flatMap(([member, { decides }]) => (decides ? [member] : [])));
  }

  #otherInputs({ from, values }: Samples): readonly unknown[] {
    const schema = this.#definition.input;
    if (from !== 'schema' || schema === null || values.length === 0) return [];
    const found = samplesOfSchema(schema, this.#made('input'), 'all');
    const known = new Set(values.map((value) => JSON.stringify(value)));
    const all = found.kind === 'taken' ? found.values : [];
    return all.filter((value) => !known.has(JSON.stringify(value)));
  }

  #eventsOf(type: string): Samples {
    const given = this.#given.events?.[type];
    if (given !== undefined) return { values: given, from: 'example', flaw: null };
    const found = this.#samples(`event ${type}`, this.#definition.events.get(type) ?? null);
    return { ...found, values: found.values.map(asMembers) };
  }

  #samples(name: string, schema: StandardSchema | null): Samples {
    const made = this.#made(name);
    const unchecked: Samples = { values: [made], from: 'made up', flaw: null };
    if (schema === null || takesAnything(schema)) return unchecked;
    const found = samplesOfSchema(schema, made, this.#deciding(name));
    switch (found.kind) {
      case 'taken':
        return { values: found.values.slice(0, MAX_SAMPLES), from: 'schema', flaw: null };
      case 'unknown':
        return { ...unchecked, values: [found.proposed] };
      case 'refused': {
        const of = name.replace(/^event (.*)$/s, 'event "$1"');
        const member = found.path === '' ? of : `${of}.${found.path}`;
        return { values: [], from: 'schema', flaw: { member, why: found.why } };
      }
    }
  }

  #outputsOf(activity: string, occurrence?: number): readonly unknown[] {
    return this.#given.outputs?.[activity] ?? [this.#made(`output ${activity}`, occurrence)];
  }

  #made(name: string, occurrence?: number): unknown {
    const shape = shapeIn(this.#seen, name);
    return isUnread(shape) ? {} : plainValue(shape, occurrence);
  }

  #isOutputMadeUp(activity: string): boolean {
    return this.#given.outputs?.[activity] === undefined;
  }

  #noted(member: string, samples: Samples): Samples {
    for (const [index, value] of samples.values.entries()) {
      const key = `${member} ${index}`;
      // An example is one input; those beside it are the schema's.
      const from = member === 'input' && index > 0 ? 'schema' : samples.from;
      if (!this.#used.has(key)) this.#used.set(key, { member, value, from });
    }
    if (samples.flaw !== null) this.#flaws.set(member, samples.flaw);
    return samples;
  }

  #stand(name: string): object {
    return recorder(shapeIn(this.#seen, name), () => this.#isDeciding);
  }

  #learn(input: unknown, eventsOf: (type: string) => Samples): void {
    const from: ValueSource = 'made up';
    const values: ExampleValues = {
      input,
      inputs: { values: [input], from, flaw: null },
      otherInputs: [],
      outputsOf: (name) => this.#given.outputs?.[name] ?? [this.#stand(`output ${name}`)],
      isOutputMadeUp: () => true,
      eventsOf,
      used: () => [],
      flaws: () => [],
    };
    for (let successes = 0; successes <= MAX_LEARNING_SUCCESSES; successes++) {
      if (this.#learnAlong(values, successes) < successes) break;
    }
    this.#learnFromWaysBack(values);
  }

  /** Gives the successes seen. */
  #learnAlong(values: ExampleValues, successes: number): number {
    let seen = 0;
    let hasFailed = false;
    try {
      for (const { move } of walk(this.#definition, values, values.input, successes)) {
        hasFailed ||= move?.answer?.kind === 'failed';
        if (!hasFailed && move !== null && move.answer !== null) seen += 1;
      }
    } catch {
      // What it read until here is learned; the exploration reports what throws.
    }
    return seen;
  }

  /** What a compensation reads of an answer may be read on no walk, for its round was over. */
  #learnFromWaysBack({ input: given, outputsOf }: ExampleValues): void {
    const { waysBack, steps } = this.#definition;
    const outputs = steps.map(({ name }) => [name, outputsOf(name)[0]] as const);
    const failure = { code: 'refused', message: 'refused', retryable: false, ambiguous: false };
    const view = { input: given, failure, round: 1, results: Object.fromEntries(outputs) };
    for (const { input } of waysBack.values()) {
      try {
        input(view as never);
      } catch {
        // As above.
      }
    }
  }
}

function asMembers(value: unknown): object {
  return value !== null && typeof value === 'object' ? value : {};
}
