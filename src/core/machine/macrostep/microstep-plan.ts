/**
 * What one transition does to a machine, worked out once: the states it leaves and enters and the
 * actions in their order, as SCXML's microstep (https://www.w3.org/TR/scxml/#microstepProcedure)
 * and XState have it.
 *
 * Covers what sagas use. `null` stands for anything else (history, custom actions, `sendTo`, a
 * transition that leaves the root), which XState's own interpreter takes.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { wayOfActor } from '../actors/actor-facts.ts';
import { isDescendant } from '../machine-nodes.ts';

/** A transition as XState formats it. */
export type Transition = NonNullable<AnyStateNode['always']>[number];

/** Actions of a microstep in the order they run; the members are as the machine wrote them. */
export type Operation =
  | { readonly kind: 'assign'; readonly assignment: unknown; readonly params: unknown }
  | { readonly kind: 'invoke'; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly kind: 'stop'; readonly id: string }
  | {
      readonly kind: 'raise';
      readonly event: unknown;
      readonly id: string | undefined;
      readonly delay: unknown;
      readonly params: unknown;
    }
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'emit'; readonly event: unknown; readonly params: unknown }
  /** A state with children has come to its end, and the machine hears of it. */
  | { readonly kind: 'complete'; readonly stateId: string; readonly output: unknown }
  /** The machine has come to its end; `output`: of the state that ended it. */
  | { readonly kind: 'end'; readonly stateId: string; readonly output: unknown };

/** A microstep. */
export interface Plan {
  readonly operations: readonly Operation[];
  /** In document order. */
  readonly nodes: readonly AnyStateNode[];
}

/** The first microstep of a machine: into its root and everything that starts with it. */
export function planOfStart(machine: AnyStateMachine): Plan | null {
  const { root } = machine;
  const entered = new Set<AnyStateNode>([root]);
  if (!addDescendants(root, entered)) return null;
  return planFrom([], new Set(), [], entered);
}

/** The microstep of the transitions that were chosen at once in a configuration. */
export function planOf(nodes: readonly AnyStateNode[], chosen: readonly Transition[]): Plan | null {
  const moves: Move[] = [];
  for (const transition of chosen) {
    const move = moveOf(nodes, transition);
    if (move === null) return null;
    addMove(moves, move);
  }
  const entered = new Set<AnyStateNode>();
  if (!moves.every((move) => addEntered(move, entered))) return null;
  const actions = moves.flatMap(({ transition: { actions: own, source } }) =>
    own.map((each) => operationOf(source.machine, each)),
  );
  return planFrom(nodes, new Set(moves.flatMap(({ exited }) => exited)), actions, entered);
}

/** A transition with the state that all it leaves and enters lies in; `null`: it leaves nothing. */
interface Move {
  readonly transition: Transition;
  readonly domain: AnyStateNode | null;
  readonly exited: readonly AnyStateNode[];
}

function moveOf(nodes: readonly AnyStateNode[], transition: Transition): Move | null {
  const { source, reenter, target = [] } = transition;
  if (target.length === 0) return { transition, domain: null, exited: [] };
  const domain = domainOf(source, reenter, target);
  if (domain === null) return null;
  return { transition, domain, exited: nodes.filter((node) => isDescendant(node, domain)) };
}

// Of two that leave the same state, the one from deeper inside is taken, else the first.
function addMove(moves: Move[], move: Move): void {
  const rivals = moves.filter(({ exited }) => exited.some((node) => move.exited.includes(node)));
  const isInner = ({ transition }: Move): boolean =>
    isDescendant(move.transition.source, transition.source);
  if (!rivals.every(isInner)) return;
  for (const rival of rivals) moves.splice(moves.indexOf(rival), 1);
  moves.push(move);
}

/** The state that all which a transition leaves and enters lies in; `null`: none, it leaves the root. */
export function domainOf(
  source: AnyStateNode,
  reenter: boolean,
  targets: readonly AnyStateNode[],
): AnyStateNode | null {
  const isInside = targets.every((target) => target === source || isDescendant(target, source));
  if (!reenter && isInside) return source;
  const [head, ...others] = [...targets, source];
  if (head === undefined) return null;
  const common = ancestorsOf(head, null).find((ancestor) =>
    others.every((node) => isDescendant(node, ancestor)),
  );
  if (common !== undefined) return common;
  return reenter ? null : source.machine.root;
}

function addEntered({ transition, domain }: Move, entered: Set<AnyStateNode>): boolean {
  if (domain === null) return true;
  const { source, reenter, target: targets = [] } = transition;
  for (const target of targets) {
    if (source !== target || source !== domain || reenter) entered.add(target);
    if (!addDescendants(target, entered)) return false;
  }
  return targets.every((target) => {
    const ancestors = ancestorsOf(target, domain);
    if (domain.type === 'parallel') ancestors.push(domain);
    return addAncestors(ancestors, domain, entered);
  });
}

// False: with actions on an initial transition, which no saga has.
function addDescendants(node: AnyStateNode, entered: Set<AnyStateNode>): boolean {
  if (node.type === 'parallel') return addRegions(node, entered);
  if (node.type !== 'compound') return true;
  const [initial] = node.initial.target ?? [];
  if (initial === undefined || node.initial.actions.length > 0) return false;
  entered.add(initial);
  return (
    addDescendants(initial, entered) && addAncestors(ancestorsOf(initial, node), null, entered)
  );
}

function addRegions(parallel: AnyStateNode, entered: Set<AnyStateNode>): boolean {
  for (const region of Object.values(parallel.states)) {
    if ([...entered].some((node) => isDescendant(node, region))) continue;
    entered.add(region);
    if (!addDescendants(region, entered)) return false;
  }
  return true;
}

function addAncestors(
  ancestors: readonly AnyStateNode[],
  domain: AnyStateNode | null,
  entered: Set<AnyStateNode>,
): boolean {
  for (const ancestor of ancestors) {
    if (domain === null || isDescendant(ancestor, domain)) entered.add(ancestor);
    if (ancestor.type === 'parallel' && !addRegions(ancestor, entered)) return false;
  }
  return true;
}

function planFrom(
  before: readonly AnyStateNode[],
  exited: ReadonlySet<AnyStateNode>,
  actions: readonly (Operation | null)[],
  entered: ReadonlySet<AnyStateNode>,
): Plan | null {
  const operations: (Operation | null)[] = [...exited]
    .toSorted(inDocumentOrder)
    .toReversed()
    .flatMap(exitOf);
  operations.push(...actions);
  const present = new Set(before.filter((node) => !exited.has(node)));
  const completed = new Set<AnyStateNode>();
  let isEnded = false;
  for (const node of [...entered].toSorted(inDocumentOrder)) {
    present.add(node);
    operations.push(...entryOf(node));
    if (node.type !== 'final') continue;
    const ends = endingsOf(node, present, completed);
    operations.push(...ends);
    isEnded ||= ends.some(({ kind }) => kind === 'end');
  }
  const nodes = [...present].toSorted(inDocumentOrder);
  if (isEnded) operations.push(...nodes.toReversed().flatMap(exitActionsOf));
  const all = operations.filter((each) => each !== null);
  return all.length === operations.length ? { operations: all, nodes } : null;
}

function exitOf(node: AnyStateNode): (Operation | null)[] {
  return [...exitActionsOf(node), ...node.invoke.map(({ id }) => ({ kind: 'stop' as const, id }))];
}

function exitActionsOf(node: AnyStateNode): (Operation | null)[] {
  return node.exit.map((action: unknown) => operationOf(node.machine, action));
}

function entryOf(node: AnyStateNode): (Operation | null)[] {
  const { machine } = node;
  return [
    ...node.entry.map((action: unknown) => operationOf(machine, action)),
    ...node.invoke.map(({ id, src, systemId, onSnapshot, input }) => {
      if (systemId !== undefined || onSnapshot !== undefined) return null;
      return invokeOf(machine, id, src, input);
    }),
  ];
}

// What entering a final state ends: its parent, parallel states around that, or the whole machine.
function endingsOf(
  final: AnyStateNode,
  present: ReadonlySet<AnyStateNode>,
  completed: Set<AnyStateNode>,
): Operation[] {
  const endings: Operation[] = [];
  const { parent, output } = final;
  let around = parent?.type === 'parallel' ? parent : parent?.parent;
  let ended = around ?? final;
  if (parent?.type === 'compound') {
    endings.push({ kind: 'complete', stateId: parent.id, output });
  }
  while (around?.type === 'parallel' && !completed.has(around) && isFinished(around, present)) {
    completed.add(around);
    endings.push({ kind: 'complete', stateId: around.id, output: undefined });
    ended = around;
    around = around.parent;
  }
  if (around === undefined) {
    const last: unknown = ended.parent === undefined ? undefined : ended.output;
    endings.push({ kind: 'end', stateId: ended.id, output: last });
  }
  return endings;
}

function isFinished(node: AnyStateNode, present: ReadonlySet<AnyStateNode>): boolean {
  const children: AnyStateNode[] = Object.values(node.states);
  if (node.type === 'parallel') return children.every((child) => isFinished(child, present));
  if (node.type === 'compound') {
    return children.some((child) => child.type === 'final' && present.has(child));
  }
  return node.type === 'final';
}

function operationOf(machine: AnyStateMachine, action: unknown): Operation | null {
  const isInline = typeof action === 'function';
  const named = isInline || typeof action === 'string' ? null : (action as Record<string, unknown>);
  const name = typeof action === 'string' ? action : String(named?.['type']);
  const resolved: unknown = isInline ? action : machine.implementations.actions[name];
  if (typeof resolved !== 'function' || !('resolve' in resolved)) return null;
  const params = named?.['params'];
  const known = resolved as unknown as Readonly<Record<string, unknown>>;
  const { type, assignment, event, id, delay, sendId, actorRef, src, input } = known;
  switch (type) {
    case 'xstate.assign':
      return { kind: 'assign', assignment, params };
    case 'xstate.raise':
      if (typeof event === 'string' || (id !== undefined && typeof id !== 'string')) return null;
      return { kind: 'raise', event, id, delay, params };
    case 'xstate.cancel':
      return typeof sendId === 'string' ? { kind: 'cancel', id: sendId } : null;
    case 'xstate.emit':
      return { kind: 'emit', event, params };
    case 'xstate.stopChild':
      return typeof actorRef === 'string' ? { kind: 'stop', id: actorRef } : null;
    case 'xstate.spawnChild':
      if (known['systemId'] !== undefined || known['syncSnapshot'] === true) return null;
      return invokeOf(machine, id, src, input);
    default:
      return null;
  }
}

// `null` leaves the step to XState's interpreter: without an implementation XState starts nothing,
// and an actor that is stepped inside the turn takes more than a command.
function invokeOf(
  machine: AnyStateMachine,
  id: unknown,
  src: unknown,
  input: unknown,
): Operation | null {
  if (typeof id !== 'string' || typeof src !== 'string') return null;
  const way = wayOfActor(machine, src);
  return way !== null && way !== 'stepped' ? { kind: 'invoke', id, src, input } : null;
}

/** Parents, the innermost first, without `upTo` and what is around it. */
export function ancestorsOf(node: AnyStateNode, upTo: AnyStateNode | null): AnyStateNode[] {
  const ancestors: AnyStateNode[] = [];
  if (node === upTo) return ancestors;
  for (let at = node.parent; at !== undefined && at !== upTo; at = at.parent) ancestors.push(at);
  return ancestors;
}

function inDocumentOrder(one: AnyStateNode, other: AnyStateNode): number {
  return one.order - other.order;
}
