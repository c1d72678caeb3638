/**
 * The way forward: every block becomes states of the place it stands in, one beside the other, each
 * leading to the next.
 *
 * Whatever fails or interrupts the saga before its pivot leads to `compensating`: there the ledger
 * says what must be undone.
 */
import {
  attemptStates,
  commanded,
  type Edge,
  edge,
  type Exits,
  guarded,
  probeState,
  type Side,
  type States,
  totalTime,
} from './attempts.ts';
import type { SagaContext } from './saga-context.ts';
import {
  type Block,
  type ChildPlan,
  type ChoicePlan,
  everyBlock,
  type LoopPlan,
  type ParallelPlan,
  type StepPlan,
  type WaitPlan,
} from './plan.ts';
import { forwardView } from './view.ts';

/** Where blocks stand in the drawing, and what they need to know of it. */
export interface Place {
  /** Id of the state that holds them. */
  readonly id: string;
  readonly sagaId: string;
  /** The loop each step belongs to, if any. */
  readonly loops: ReadonlyMap<string, string>;
  /** False from the pivot on: what fails there for good waits for a person. */
  readonly turnsBack: boolean;
}

/** The states of a place as they are gathered; `failed`: where steps wait for a person. */
interface Gathered {
  readonly states: Record<string, object>;
  readonly failed: Record<string, object>;
}

/** The states of blocks in sequence. `onward`: where the last one leads. */
export function forwardStates(blocks: readonly Block[], place: Place, onward: Edge): States {
  const gathered: Gathered = { states: {}, failed: {} };
  addSequence(gathered, blocks, place, onward);
  const { states, failed } = gathered;
  const [initial] = Object.keys(failed);
  if (initial === undefined) return states;
  return { ...states, failed: { tags: ['failed'], initial, states: failed } };
}

function addSequence(into: Gathered, blocks: readonly Block[], place: Place, onward: Edge): void {
  for (const [index, block] of blocks.entries()) {
    const following = blocks[index + 1];
    const to = following === undefined ? onward : edge(`#${place.id}.${following.name}`);
    addBlock(into, block, place, to);
  }
}

function addBlock(into: Gathered, block: Block, place: Place, onward: Edge): void {
  switch (block.block) {
    case 'step':
      into.states[block.name] = stepState(block, place, onward);
      if (waitsForPerson(block, place)) {
        into.failed[block.name] = failedState(block, place, onward);
      }
      return;
    case 'child':
      into.states[block.name] = childState(block, place, onward);
      return;
    case 'wait':
      into.states[block.name] = waitState(block, place, onward);
      return;
    case 'parallel':
      into.states[block.name] = parallelState(block, place, onward);
      return;
    case 'choice':
      into.states[block.name] = choiceState(block, place, onward);
      for (const { blocks } of block.options) addSequence(into, blocks, place, onward);
      return;
    case 'loop':
      into.states[block.name] = loopState(block, place, onward);
      addSequence(into, block.blocks, place, nextRound(block, place));
  }
}

function stepState(step: StepPlan, place: Place, onward: Edge): object {
  const { name, kind, attempt, probe } = step;
  const at = `${place.id}.${name}`;
  const view = (context: SagaContext): never => forwardView(context, place.loops, name);
  const side: Side = { attempt, meta: { step: name, kind }, at, view, names: [name] };
  const exits = exitsOf(step, place, onward);
  if (probe === null) {
    return entered(step, onward, totalTime(side, exits), attemptStates(side, exits));
  }
  const asked: Side = { attempt: probe, meta: { probes: name }, at, view, names: [name] };
  const noteDoubt = { type: 'noteFailure', params: { activity: name } };
  const inDoubt = edge(`#${at}.probing`, 'keepFailure', noteDoubt);
  return entered(step, onward, totalTime(side, exits), {
    ...attemptStates(side, { ...exits, inDoubt }),
    probing: probeState(asked, probedExits(step, exits, onward)),
  });
}

// Why the saga turns back is what the step died of, not what its probe said.
function probedExits({ name }: StepPlan, exits: Exits, onward: Edge): Exits {
  const { target, actions } = withResult('keepProbed', name, onward);
  const knowing = ({ target: to, actions: noted }: Edge, tries: string): Edge => {
    const other = noted.filter((each) => each !== 'turnBack' && each !== 'keepFailure');
    const kept = other.filter((each) => typeof each === 'string' || each.type !== 'restartTries');
    if (noted.includes('turnBack')) return edge(to, ...kept, 'clearTries');
    return edge(to, ...kept, { type: tries, params: { activity: name } });
  };
  return {
    done: edge(target, 'forgetFailure', ...actions),
    inDoubt: knowing(exits.inDoubt, 'restartTries'),
    failed: knowing(exits.failed, 'forgetTries'),
  };
}

function waitsForPerson({ kind }: StepPlan, { turnsBack }: Place): boolean {
  return kind === 'pivot' || kind === 'retriable' || !turnsBack;
}

function exitsOf(step: StepPlan, place: Place, onward: Edge): Exits {
  const { name, kind } = step;
  const done = withResult('keepResult', name, onward);
  const back = edge(`#${place.sagaId}.compensating`, 'turnBack');
  if (!waitsForPerson(step, place)) {
    return { done, inDoubt: back, failed: back };
  }
  const restart = { type: 'restartTries', params: { activity: name } };
  const person = edge(`#${place.id}.failed.${name}`, 'keepFailure', restart);
  return { done, inDoubt: person, failed: kind === 'pivot' ? back : person };
}

function entered(
  { name, when }: StepPlan | ChildPlan,
  onward: Edge,
  config: object,
  states: States,
): object {
  if (when === null) return { ...config, initial: 'running', states };
  const deciding = { always: [guarded(`${name}.when`, edge('running')), onward] };
  return { ...config, initial: 'deciding', states: { deciding, ...states } };
}

function childState(child: ChildPlan, place: Place, onward: Edge): object {
  const { name, withinMs } = child;
  const back = edge(`#${place.sagaId}.compensating`, 'turnBack');
  const limit = withinMs === null ? {} : { after: { [`${name}.within`]: back } };
  return entered(child, onward, limit, {
    running: {
      meta: { step: name, kind: 'compensatable' },
      invoke: {
        id: name,
        src: name,
        input: ({ context }: { readonly context: SagaContext }) =>
          child.input(forwardView(context, place.loops, name)),
        onDone: withResult('keepResult', name, onward),
        onError: back,
      },
    },
  });
}

function waitState({ name, on, onExpired, remind }: WaitPlan, place: Place, onward: Edge): object {
  const back = edge(`#${place.sagaId}.compensating`, 'turnBack');
  const leads = (way: 'continue' | 'compensate', keep: string): Edge =>
    way === 'compensate' ? back : withResult(keep, name, onward);
  const again = { target: 'pending', reenter: true, actions: [`${name}.remind`] };
  return {
    tags: ['waiting'],
    on: Object.fromEntries(
      Object.entries(on).map(([type, way]) => [type, leads(way, 'keepEvent')]),
    ),
    after: { [`${name}.expires`]: leads(onExpired, 'keepExpired') },
    // The reminder starts again by itself; the limit around it runs on.
    ...(remind === null
      ? {}
      : { initial: 'pending', states: { pending: { after: { [`${name}.remind`]: again } } } }),
  };
}

function parallelState({ name, branches }: ParallelPlan, place: Place, onward: Edge): object {
  const regions = Object.entries(branches).map(([branch, blocks]) => {
    const id = `${place.id}.${name}.${branch}`;
    const states = forwardStates(blocks, { ...place, id }, edge(`#${id}.done`));
    const done = { type: 'final' };
    return [branch, { initial: blocks[0]?.name, states: { ...states, done } }] as const;
  });
  return { type: 'parallel', states: Object.fromEntries(regions), onDone: onward };
}

function choiceState({ name, options }: ChoicePlan, place: Place, onward: Edge): object {
  const ways = options.map((option) =>
    guarded(`${name}.${option.name}`, edge(`#${place.id}.${option.blocks[0]?.name ?? ''}`)),
  );
  return { always: [...ways, onward] };
}

function loopState({ name, blocks, atMost }: LoopPlan, place: Place, onward: Edge): object {
  const params = { loop: name, atMost };
  const first = edge(`#${place.id}.${blocks[0]?.name ?? ''}`, {
    type: 'nextRound',
    params: { loop: name },
  });
  const unending = edge(`#${place.sagaId}.compensating`, 'turnBack', 'failUnending');
  return {
    always: [
      guarded({ type: `${name}.while`, params }, first),
      guarded({ type: `${name}.unending`, params }, unending),
      onward,
    ],
  };
}

function nextRound({ name, blocks }: LoopPlan, place: Place): Edge {
  const steps = everyBlock(blocks).map((block) => block.name);
  return edge(`#${place.id}.${name}`, { type: 'closeRound', params: { loop: name, steps } });
}

// A pivot in doubt can be nobody's to undo: a person says whether it happened.
function failedState({ name, kind }: StepPlan, place: Place, onward: Edge): object {
  const names = [name];
  const exit =
    kind === 'pivot'
      ? { 'backstep.compensate': commanded(names, edge(`#${place.sagaId}.compensating`)) }
      : { 'backstep.accept-partial': edge(`#${place.sagaId}.partially_completed`) };
  return {
    on: {
      'backstep.retry': commanded(names, edge(`#${place.id}.${name}.running`, 'forgetFailure')),
      'backstep.skip': commanded(names, {
        target: onward.target,
        actions: [{ type: 'forgetTries', params: { activity: name } }, ...onward.actions],
      }),
      ...exit,
    },
  };
}

function withResult(keep: string, step: string, { target, actions }: Edge): Edge {
  return { target, actions: [{ type: keep, params: { step } }, ...actions] };
}
