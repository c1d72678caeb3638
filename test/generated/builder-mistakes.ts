/**
 * Mistakes that an author makes in what the builder is given, one at a time; `mutations.ts` has those
 * in a drawing. Whose word nobody can check, such as which activity undoes a step, is not among them.
 */
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import { build, type Call, type Options } from './built-saga.ts';
import type { Dice } from './dice.ts';
import type { SagaSketch } from './sketch.ts';

/** A mistake, and the saga with it; `make` throws what the builder refuses it with. */
export interface BuilderMistake {
  readonly kind: string;
  readonly what: string;
  readonly make: () => SagaDefinition;
}

interface Kind {
  readonly call: Call;
  /** The options with the mistake in them; `null`: there is no place for it. */
  readonly change: (options: Options, name: string) => Options | null;
}

/** One mistake of this kind, somewhere; `null` where there is no place for it. */
export function mistaken(sketch: SagaSketch, kind: string, dice: Dice): BuilderMistake | null {
  const known = BUILDER_MISTAKES[kind];
  if (known === undefined) return null;
  const { call, change } = known;
  const sites: string[] = [];
  build(sketch, (made, name, options) => {
    if (made === call && change(options, name) !== null) sites.push(name);
    return options;
  });
  if (sites.length === 0) return null;
  const site = dice.pick(sites);
  const make = (): SagaDefinition =>
    build(sketch, (made, name, options) =>
      made === call && name === site ? (change(options, name) ?? options) : options,
    );
  return { kind, what: `${call} "${site}"`, make };
}

interface View {
  readonly input: { readonly orderId: string };
  readonly results: Readonly<Record<string, { readonly key?: string }>>;
}

const without = (options: Options, member: string): Options | null => {
  if (!Object.hasOwn(options, member)) return null;
  const { [member]: _, ...rest } = options;
  return rest;
};

const within = (options: Options, member: string, changed: object): Options | null =>
  options[member] === undefined
    ? null
    : { ...options, [member]: { ...(options[member] as object), ...changed } };

const ofNobody = ({ results }: View): unknown => results['nobody']?.key?.length ?? lost();
const ofStep =
  (name: string) =>
  ({ results }: View): unknown => ({ key: results[name]?.key ?? lost() });

// What reading a member of nothing comes to.
function lost(): never {
  throw new TypeError('Cannot read properties of undefined');
}

/** Every kind of mistake, by name. */
export const BUILDER_MISTAKES: Readonly<Record<string, Kind>> = {
  'a compensation is forgotten': {
    call: 'step',
    change: (options) => without(options, 'compensate'),
  },
  'a compensation of a child is forgotten': {
    call: 'child',
    change: (options) => without(options, 'compensate'),
  },
  'a compensation counts on the answer of its step': {
    call: 'step',
    change: (options, name) => within(options, 'compensate', { input: ofStep(name) }),
  },
  'a compensation of a child counts on its answer': {
    call: 'child',
    change: (options, name) => within(options, 'compensate', { input: ofStep(name) }),
  },
  'a lookup counts on the answer of its step': {
    call: 'step',
    change: (options, name) => within(options, 'probe', { input: ofStep(name) }),
  },
  'an input is made of what nobody brings': {
    call: 'step',
    change: (options) => ({ ...options, input: ofNobody }),
  },
  'a condition asks for what nobody brings': {
    call: 'step',
    change: (options) => ({ ...options, when: ofNobody }),
  },
  'a condition never holds': {
    call: 'step',
    change: (options) => ({ ...options, when: () => false }),
  },
  'a condition is turned round': {
    call: 'step',
    change: (options) => {
      const { when } = options;
      return typeof when !== 'function'
        ? null
        : { ...options, when: (view: View) => Reflect.apply(when, undefined, [view]) !== true };
    },
  },
  'a step is called retriable': {
    call: 'step',
    change: (options) =>
      options['kind'] === 'retriable' ? null : { ...options, kind: 'retriable' },
  },
  'a step is called a pivot': {
    call: 'step',
    change: (options) => (options['kind'] === 'pivot' ? null : { ...options, kind: 'pivot' }),
  },
  'a retry is given no bound': {
    call: 'step',
    change: (options) => within(options, 'retry', { attempts: 1_000_000 }),
  },
  'a compensation is tried once, and nobody waits for it': {
    call: 'step',
    change: (options) =>
      within(options, 'compensate', { retry: exponential({ attempts: 1 }), timeout: '1ms' }),
  },
  'a time-out is longer than all attempts together': {
    call: 'step',
    change: (options) => ({ ...options, timeout: '90s' }),
  },
  'a heartbeat is longer than an attempt': {
    call: 'step',
    change: (options) => ({ ...options, heartbeat: '10s' }),
  },
  'what must not be repeated is tried again': {
    call: 'step',
    change: (options) => ({
      ...options,
      repeatable: false,
      retry: exponential({ first: '8s', attempts: 3 }),
    }),
  },
  'a loop has no end of its own': {
    call: 'repeat',
    change: (options) => ({ ...options, while: () => true }),
  },
  'a loop has no round': {
    call: 'repeat',
    change: (options) => ({ ...options, while: () => false }),
  },
  'a loop has no bound': { call: 'repeat', change: (options) => without(options, 'atMost') },
  'an option takes all': {
    call: 'choose',
    change: (options) => within(options, 'option1', { when: () => true }),
  },
  'an option takes nothing': {
    call: 'choose',
    change: (options) => within(options, 'option1', { when: () => false }),
  },
  'the last option is left out': {
    call: 'choose',
    change: (options) => without(options, 'option2'),
  },
  'a wait hears nothing': { call: 'wait', change: (options) => ({ ...options, on: {} }) },
  'a wait has no end': { call: 'wait', change: (options) => without(options, 'within') },
  'a refusal is taken for a consent': {
    call: 'wait',
    change: (options) => {
      const on = Object.keys(options['on'] as object).map((type) => [type, 'continue']);
      return on.length < 2 ? null : { ...options, on: Object.fromEntries(on) as object };
    },
  },
};
