/**
 * The statechart of a definition as plain data: its states within each other and its transitions in
 * words.
 *
 * Pure, and for any machine that can run durably. Nothing here knows where a state is drawn.
 */
import type { AnyStateNode } from 'xstate';
import type { SagaDefinition } from '../core/define/definition.ts';
import { type Trigger, triggerOf } from './event-words.ts';
import { nodesOf, readFields, transitionsOf } from '../core/machine/machine-nodes.ts';
import { activeNodes } from '../core/machine/macrostep/scope.ts';
import type { Direction, SagaState } from '../core/state.ts';
import type { StepKind } from '../core/status.ts';
import { isAfter } from '../core/machine/timer-ids.ts';

/** What a state calls while it is active. */
export interface ChartCall {
  readonly activity: string;
  readonly step: string;
  readonly direction: Direction;
  readonly kind: StepKind;
}

export interface ChartState {
  /** The machine's own id of it. */
  readonly id: string;
  /** Its path in the machine; empty for the machine itself. */
  readonly path: string;
  readonly name: string;
  /** `choice`: no state of the machine, but several that are reached and left alike. */
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'choice';
  /** The state of its parent that is entered first. */
  readonly isInitial: boolean;
  readonly tags: readonly string[];
  readonly calls: readonly ChartCall[];
  /** A timer leads out of it. */
  readonly isTimed: boolean;
  readonly states: readonly ChartState[];
}

/** One way to take a transition; `guard` null: none. */
export interface Way {
  readonly trigger: Trigger;
  readonly guard: string | null;
}

/** Everything that leads from one state to another. */
export interface ChartTransition {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Each way to take it. */
  readonly ways: readonly Way[];
}

export interface Chart {
  readonly root: ChartState;
  readonly transitions: readonly ChartTransition[];
}

/** The chart of a definition. */
export function chartOf(definition: SagaDefinition): Chart {
  const { machine } = definition;
  return { root: stateOf(definition, machine.root), transitions: drawnTransitions(definition) };
}

/** Every state of a chart, outer ones first, in the order of the drawing. */
export function statesIn(state: ChartState): readonly ChartState[] {
  return [state, ...state.states.flatMap(statesIn)];
}

/** One way out of where a saga stands. */
export interface WayOut {
  readonly trigger: Trigger;
  /** What must hold; `null`: nothing. */
  readonly guard: string | null;
  /** Path of the state that it leads to. */
  readonly to: string;
}

/** Every way out of the states that are active, inner ones first; none once the machine has ended. */
export function waysOutOf(definition: SagaDefinition, { snapshot }: SagaState): readonly WayOut[] {
  if (snapshot.status !== 'active') return [];
  return activeNodes(snapshot)
    .toSorted((one, other) => other.path.length - one.path.length)
    .flatMap((node) =>
      transitionsOf(node).flatMap((transition) =>
        (transition.target ?? []).map((target) => ({
          trigger: triggerOf(definition, String(transition.eventType)),
          guard: guardWords(transition.guard, node),
          to: target.path.join('.'),
        })),
      ),
    );
}

function stateOf(definition: SagaDefinition, node: AnyStateNode): ChartState {
  return {
    id: node.id,
    path: node.path.join('.'),
    name: node.key,
    type: node.type,
    isInitial: node.parent !== undefined && initialOf(node.parent) === node,
    tags: node.tags,
    calls: callsOf(definition, node),
    isTimed: [...node.transitions.keys()].some((type) => isAfter(type)),
    states: Object.values(node.states).map((inner) => stateOf(definition, inner)),
  };
}

function initialOf(node: AnyStateNode): AnyStateNode | undefined {
  return node.type === 'compound' ? node.initial.target[0] : undefined;
}

/** What a state calls. */
export function callsOf({ invokes }: SagaDefinition, node: AnyStateNode): readonly ChartCall[] {
  return node.invoke.flatMap(({ id }) => {
    const role = invokes.get(id);
    if (role === undefined) return [];
    return [{ activity: id, step: role.step, direction: role.direction, kind: role.kind }];
  });
}

function drawnTransitions(definition: SagaDefinition): readonly ChartTransition[] {
  const ways = nodesOf(definition.machine).flatMap((node) =>
    transitionsOf(node).flatMap((transition) =>
      (transition.target ?? []).map((target) => ({
        from: node.id,
        to: target.id,
        way: {
          trigger: triggerOf(definition, String(transition.eventType)),
          guard: guardWords(transition.guard, node),
        },
      })),
    ),
  );
  const pairs = Map.groupBy(ways, ({ from, to }) => `${from} ${to}`);
  return [...pairs.values()].flatMap((group, index) => {
    const [first] = group;
    if (first === undefined) return [];
    const { from, to } = first;
    return [{ id: `t${index}`, from, to, ways: group.map(({ way }) => way) }];
  });
}

// What the state itself calls need not be said of its guards.
function guardWords(guard: unknown, node: AnyStateNode): string | null {
  if (guard === undefined) return null;
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'function') return guard.name === '' ? 'a condition' : guard.name;
  const { type, params } = readFields(guard);
  if (typeof type !== 'string') return 'a condition';
  const own = new Set<unknown>(node.invoke.map(({ id }) => id));
  const told = Object.values(readFields(params)).filter(
    (value) => (typeof value === 'string' && !own.has(value)) || typeof value === 'number',
  );
  return [type, ...told].join(' ');
}
