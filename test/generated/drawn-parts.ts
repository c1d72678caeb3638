/**
 * What hand-drawn machines are made of: guards and assigns over a small context, and the states of
 * one attempt. Everything is named, so that a mutation can take one name for another.
 */
import { assign, emit } from 'xstate';
import { CHILD_COMPLETED } from '../../src/core/failure.ts';

/** What a hand-drawn machine remembers. */
export interface Memory {
  readonly orderId: string;
  readonly quantity: number;
  /** Runs that were started and neither undone nor refused for certain, in order of start. */
  readonly owed: readonly string[];
  /** Steps of which an attempt may have had its effect. */
  readonly doubtful: readonly string[];
  readonly tries: Readonly<Record<string, number>>;
  readonly rounds: Readonly<Record<string, number>>;
  readonly answers: Readonly<Record<string, boolean>>;
  readonly hasGivenUp: boolean;
}

interface Scene {
  readonly context: Memory;
  readonly event: { readonly type: string } & Readonly<Record<string, unknown>>;
}

interface OfStep {
  readonly step: string;
}

interface OfLoop {
  readonly loop: string;
}

/** A transition as it stands in a drawing. */
export interface Edge {
  readonly target?: string;
  readonly guard?: unknown;
  readonly actions?: readonly unknown[];
}

/** States by name, each a plain object. */
export type States = Readonly<Record<string, object>>;

export const EMPTY: Omit<Memory, 'orderId' | 'quantity'> = {
  owed: [],
  doubtful: [],
  tries: {},
  rounds: {},
  answers: {},
  hasGivenUp: false,
};

export const DRAWN_GUARDS = {
  hasLeft: ({ context }: Scene, { step, attempts }: OfStep & { readonly attempts: number }) =>
    (context.tries[step] ?? 1) < attempts,
  isCertain,
  isPermanent,
  isRefused: (scene: Scene, params: OfStep) => isPermanent(scene) && isCertain(scene, params),
  isLastOwed: (
    { context }: Scene,
    { steps, among }: { readonly steps: readonly string[]; readonly among?: readonly string[] },
  ) => {
    const last = context.owed.findLast((each) => among === undefined || among.includes(each));
    return last !== undefined && steps.includes(last);
  },
  isAnyGivenUp: ({ context }: Scene) => context.hasGivenUp,
  isLarge: ({ context }: Scene, { step }: OfStep) => context.answers[step] === true,
  isMany: ({ context }: Scene) => context.quantity > 1,
  hasRounds: ({ context }: Scene, { loop, most }: OfLoop & { readonly most: number }) =>
    (context.rounds[loop] ?? 0) < Math.min(context.quantity, most),
  isMeant: ({ event }: Scene, { step }: OfStep) =>
    typeof event['step'] !== 'string' || event['step'] === step,
  hasHappened: ({ event }: Scene) => probed(event) === 'happened',
  neverHappened: ({ event }: Scene) => probed(event) === 'never',
  hadCompleted: ({ event }: Scene) =>
    (Object(event['error']) as { readonly code?: unknown }).code === CHILD_COMPLETED,
};

export const DRAWN_ACTIONS = {
  owe: assign(({ context }: Scene, { step }: OfStep) => ({
    owed: context.owed.includes(step) ? context.owed : [...context.owed, step],
  })),
  oweAgain: assign(({ context }: Scene, { step }: OfStep) => ({ owed: [...context.owed, step] })),
  clear: assign(({ context }: Scene, { step }: OfStep) => withoutLast(context, step)),
  doubt: assign(({ context, event }: Scene, { step }: OfStep) => ({
    doubtful:
      (event['error'] === undefined || isAmbiguous(event)) && !context.doubtful.includes(step)
        ? [...context.doubtful, step]
        : context.doubtful,
  })),
  countTry: assign(({ context }: Scene, { step }: OfStep) => ({
    tries: { ...context.tries, [step]: (context.tries[step] ?? 1) + 1 },
  })),
  restart: assign(({ context }: Scene, { step }: OfStep) => {
    const { [step]: _, ...tries } = context.tries;
    return { tries };
  }),
  settle: assign(({ context }: Scene, { step }: OfStep) => {
    const { [step]: _, ...tries } = context.tries;
    return { tries, doubtful: context.doubtful.filter((each) => each !== step) };
  }),
  nextRound: assign(({ context }: Scene, { loop }: OfLoop) => ({
    rounds: { ...context.rounds, [loop]: (context.rounds[loop] ?? 0) + 1 },
  })),
  keep: assign(({ context, event }: Scene, { step }: OfStep) => ({
    answers: { ...context.answers, [step]: isLargeAnswer(event['output']) },
  })),
  giveUp: assign(({ context }: Scene, { step }: OfStep) => ({
    ...withoutLast(context, step),
    hasGivenUp: true,
  })),
  tell: emit({ type: 'told' }),
};

/** A named guard or action about one step. */
export function about(type: string, step: string, more: object = {}) {
  return { type, params: { step, ...more } } as const;
}

/** An attempt, and how a person calls it. */
export interface Attempt {
  /** Invoke id and activity. */
  readonly name: string;
  readonly step: string;
  readonly meta: object;
  readonly attempts: number;
}

/** What an attempt leads to. */
export interface AttemptExits {
  readonly done: Edge;
  /** It failed for certain, now and before. */
  readonly refused: Edge;
  /** It may have happened. */
  readonly inDoubt: Edge;
}

/** `running` and, where there is more than one attempt, `retrying`. */
export function attemptStates({ name, step, meta, attempts }: Attempt, exits: AttemptExits) {
  const { done, refused, inDoubt } = exits;
  const doubted: Edge = { ...inDoubt, actions: [about('doubt', name), ...(inDoubt.actions ?? [])] };
  const again: Edge = {
    guard: about('hasLeft', name, { attempts }),
    target: 'retrying',
    actions: [about('doubt', name), about('countTry', name)],
  };
  const isOnly = attempts === 1;
  const running = {
    meta,
    invoke: {
      id: name,
      src: name,
      input: ({ context }: { readonly context: Memory }) => ({ orderId: context.orderId }),
      onDone: done,
      onError: [
        ...(isOnly
          ? []
          : [
              { ...refused, guard: about('isRefused', name) },
              { ...doubted, guard: 'isPermanent' },
              again,
            ]),
        { ...refused, guard: about('isCertain', name) },
        doubted,
      ],
    },
    after: { [`${name}.timeout`]: isOnly ? [doubted] : [again, doubted] },
  };
  if (isOnly) return { running };
  const on = { 'backstep.retry': { guard: about('isMeant', step), target: 'running' } };
  return { running, retrying: { after: { [`${name}.retry`]: 'running' }, on } };
}

/** Asks whether a step in doubt happened; what it cannot tell stays in doubt. */
export function probingState(step: string, { done, refused, inDoubt }: AttemptExits): object {
  const name = `probe-${step}`;
  return {
    meta: { probes: step },
    invoke: {
      id: name,
      src: name,
      input: ({ context }: { readonly context: Memory }) => ({ orderId: context.orderId }),
      onDone: [{ ...done, guard: 'hasHappened' }, { ...refused, guard: 'neverHappened' }, inDoubt],
      onError: inDoubt,
    },
    after: { [`${name}.timeout`]: inDoubt },
  };
}

function withoutLast({ owed, doubtful }: Memory, step: string) {
  const at = owed.lastIndexOf(step);
  return {
    owed: owed.filter((_, index) => index !== at),
    doubtful: doubtful.filter((each) => each !== step),
  };
}

function isCertain({ context, event }: Scene, { step }: OfStep): boolean {
  return event['error'] !== undefined && !isAmbiguous(event) && !context.doubtful.includes(step);
}

function isPermanent({ event }: Scene): boolean {
  return (Object(event['error']) as { readonly retryable?: boolean }).retryable === false;
}

function isAmbiguous({ error }: Scene['event']): boolean {
  return (Object(error) as { readonly ambiguous?: boolean }).ambiguous !== false;
}

function isLargeAnswer(output: unknown): boolean {
  const { isLarge, output: found } = Object(output) as {
    readonly isLarge?: boolean;
    readonly output?: unknown;
  };
  return found === undefined || found === null ? isLarge === true : isLargeAnswer(found);
}

function probed({ output }: Scene['event']): unknown {
  return (Object(output) as { readonly kind?: unknown }).kind;
}
