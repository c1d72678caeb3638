/** What the names in a compiled drawing stand for: stand-ins, guards, assigns and delays. */
import { assign, emit } from 'xstate';
import { activity } from '../activity.ts';
import { UNWIND_CHILD } from '../machine/machine-roles.ts';
import { delayAfterMs } from '../retry-policy.ts';
import {
  ACTIONS,
  GUARDS,
  failureOf,
  retryGuard,
  type SagaContext,
  type Scene,
  triesOf,
} from './saga-context.ts';
import {
  type AttemptPlan,
  attemptsIn,
  type Block,
  effectsIn,
  everyBlock,
  type EventMapper,
  type LoopPlan,
  loopsByStep,
  type SagaPlan,
} from './plan.ts';
import { forwardView, nextRoundView } from './view.ts';

type Entries<T> = readonly (readonly [string, T])[];

type Condition = (scene: Scene, params: never) => boolean;

type Delay = number | ((scene: Scene & { readonly self: { readonly id: string } }) => number);

/** The implementations of a plan's machine. */
export function implementationsOf(plan: SagaPlan) {
  const blocks = everyBlock(plan.blocks);
  const loops = loopsByStep(plan.blocks);
  const attempts = attemptsIn(plan.blocks);
  const permanent = attempts.flatMap(({ name, isPermanent }) =>
    isPermanent === null ? [] : [[name, isPermanent] as const],
  );
  const conditions = blocks.flatMap((block) => conditionsOf(block, loops));
  return {
    actors: Object.fromEntries(actorNames(plan.blocks).map((name) => [name, activity()])),
    guards: {
      ...GUARDS,
      mayRetry: retryGuard(new Map(permanent)),
      ...Object.fromEntries(conditions),
    },
    actions: {
      ...ACTIONS,
      turnBack: assign(({ event }: Scene) => ({ failure: failureOf(event), tries: {} })),
      ...Object.fromEntries([
        ...announcement('announceCompleted', plan.completed, loops),
        ...blocks.flatMap((block) =>
          block.block === 'wait'
            ? announcement(`${block.name}.remind`, block.remind?.emit ?? null, loops)
            : [],
        ),
      ]),
    },
    delays: Object.fromEntries([
      ...attempts.flatMap(attemptDelays),
      ...blocks.flatMap(blockDelays),
      ...(plan.deadlineMs === null ? [] : [['deadline', plan.deadlineMs] as const]),
    ]),
  };
}

function actorNames(blocks: readonly Block[]): string[] {
  const children = effectsIn(blocks).filter(({ block }) => block === 'child');
  return [
    ...attemptsIn(blocks).map((attempt) => attempt.activity),
    ...children.map(({ name }) => name),
    ...(children.length === 0 ? [] : [UNWIND_CHILD]),
  ];
}

function conditionsOf(block: Block, loops: ReadonlyMap<string, string>): Entries<Condition> {
  const over = (when: (view: never) => boolean): Condition => {
    return ({ context }) => when(forwardView(context, loops, block.name));
  };
  switch (block.block) {
    case 'step':
    case 'child':
      return block.when === null ? [] : [[`${block.name}.when`, over(block.when)]];
    case 'choice':
      return block.options.map(({ name, when }) => [`${block.name}.${name}`, over(when)]);
    case 'loop':
      return loopConditions(block, loops);
    case 'wait':
    case 'parallel':
      return [];
  }
}

// A condition of a loop is asked for the round that would come next.
function loopConditions(
  { name, while: wants, atMost }: LoopPlan,
  loops: ReadonlyMap<string, string>,
): Entries<Condition> {
  const round = ({ rounds }: SagaContext): number => (rounds?.[name] ?? 0) + 1;
  const view = (context: SagaContext): never => nextRoundView(context, loops, round(context));
  return [
    [`${name}.while`, ({ context }) => round(context) <= atMost && wants(view(context))],
    [`${name}.unending`, ({ context }) => round(context) > atMost && wants(view(context))],
  ];
}

function announcement(name: string, event: EventMapper | null, loops: ReadonlyMap<string, string>) {
  if (event === null) return [];
  return [[name, emit(({ context }: Scene) => event(forwardView(context, loops)))] as const];
}

function attemptDelays({ name, timeoutMs, retry }: AttemptPlan): Entries<Delay> {
  return [
    [`${name}.timeout`, timeoutMs],
    [
      `${name}.retry`,
      ({ context, self }) =>
        delayAfterMs(retry, triesOf(context, name).attempt - 1, `${self.id}/${name}`),
    ],
    ...(retry.totalMs === null ? [] : [[`${name}.total`, retry.totalMs] as const]),
  ];
}

function blockDelays(block: Block): Entries<Delay> {
  if (block.block === 'child') {
    return block.withinMs === null ? [] : [[`${block.name}.within`, block.withinMs]];
  }
  if (block.block !== 'wait') return [];
  const { name, withinMs, remind } = block;
  return [
    [`${name}.expires`, withinMs],
    ...(remind === null ? [] : [[`${name}.remind`, remind.everyMs] as const]),
  ];
}
