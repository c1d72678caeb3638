/**
 * The activities of a simulated saga, bound to the simulated world: each is a call of a remote, or,
 * where the saga allows it, a plan for the engine's own disk. What a call is (a step, its undoing, a
 * question whether it happened) is read from its keys, so that any saga can be played.
 */
import {
  type Activities,
  type Activity,
  type ActivityContext,
  transactional,
} from '../../src/core/activity.ts';
import { childSagaId } from '../../src/core/turn/parent-link.ts';
import type { BookOp } from './book-op.ts';
import { statementOf } from './books.ts';
import type { Plant } from './plant.ts';
import type { SimSaga, What } from './sim-saga.ts';
import type { Caller, World } from './world.ts';

/** Where the effects are of activities that may be local. */
export type Flavor = 'transactional' | 'remote';

export interface ParticipantOptions {
  readonly saga: SimSaga;
  readonly world: World;
  readonly caller: Caller;
  readonly flavor: Flavor;
  readonly plant: Plant;
  /** Told of every call before it leaves. */
  readonly onCall: (op: BookOp, context: ActivityContext, input: unknown) => void;
}

/** Activities of one process. */
export function createParticipants(options: ParticipantOptions): Activities<never> {
  const { saga, world, caller, plant, flavor } = options;

  async function remote(op: BookOp, context: ActivityContext, input: unknown): Promise<void> {
    for (const each of plant.ops?.(op, context) ?? [op]) {
      options.onCall(each, context, input);
      try {
        await world.call(each, caller);
      } catch (error) {
        throw plant.thrown?.(error) ?? error;
      }
    }
  }

  function bind(name: string): Activity<What | null> {
    if (flavor === 'transactional' && saga.local.includes(name)) {
      return transactional(async (input, context) => {
        const op = toOp(saga, input, context);
        options.onCall(op, context, input);
        await world.work(`${op.orderId}/${op.step}/${op.kind}`, caller);
        return { statements: [statementOf(op)], output: saga.outputOf(name, op.key) };
      });
    }
    return async (input, context) => {
      const op = toOp(saga, input, context);
      await remote(op, context, input);
      if (op.kind !== 'ask') return saga.outputOf(name, op.key);
      const answer = world.books.stateOf(op.key);
      const forward = saga.outputOf(op.step, op.key);
      return answer === 'applied' ? { kind: 'happened', output: forward } : { kind: 'never' };
    };
  }

  const bound = saga.definition.activities.map((name) => [name, bind(name)]);
  return Object.fromEntries(bound) as Activities<never>;
}

function toOp(saga: SimSaga, input: What | null, context: ActivityContext): BookOp {
  const { sagaId, step, forwardKey } = context;
  const { quantity = 0, amountMinor = 0 } = input ?? {};
  const kind = kindOf(context);
  const key = forwardKey ?? context.key;
  const who = { sagaId, orderId: saga.subjectOf(input ?? {}) ?? sagaId };
  const money = step === saga.chargeStep ? amountMinor : 0;
  const isChild = kind === 'undo' && saga.isSettledAnyhow && isChildStep(saga, step);
  const child = isChild ? childSagaId(sagaId, step, Number(key.split('/').at(-1))) : null;
  return { kind, step, key, ...who, quantity, amountMinor: money, child };
}

function isChildStep({ definition }: SimSaga, step: string): boolean {
  return Object.hasOwn(definition.children, step);
}

/** The key says it: `saga/step/direction/occurrence`. */
function kindOf({ key, forwardKey }: ActivityContext): BookOp['kind'] {
  if (forwardKey === null) return 'apply';
  return key.split('/').at(-2) === 'probe' ? 'ask' : 'undo';
}
