/**
 * Microsteps of a machine that is in many states at once: what a transition does there is worked out in
 * the one region that it moves, and the rest of the configuration is taken over.
 *
 * Regions side by side multiply, so that a machine of a hundred branches is in a configuration once and
 * never again: nothing of one is kept beyond its snapshot. What is kept is known by transition and by
 * the states that it leaves. Invariant: the plan and the configuration are those that `planOf` and
 * `entryOf` come to.
 */
import type { AnyStateNode, StateValue } from 'xstate';
import { lineageOf } from '../machine-nodes.ts';
import { withInner } from '../state-path.ts';
import { domainOf, type Plan, planOf, type Transition } from './microstep-plan.ts';
import {
  type Branch,
  catches,
  eventlessIn,
  type Entry,
  type LocalPlan,
  noteEntry,
  type Table,
  tagsOf,
  treeOf,
  valueOf,
} from './microstep-table.ts';

/** A transition that leaves more states than this is left to `planOf`. */
const MOST_LEFT = 32;

/** The microstep of the transitions; `null`: it is none of a single region. */
export function widePlan(
  table: Table,
  entry: Entry,
  transitions: readonly Transition[],
): Plan | null {
  if (entry.nodes.length < table.wideFrom || entry.tree === null) return null;
  const [transition] = transitions;
  if (transition === undefined || transitions.length > 1) return null;
  const { source, reenter, target = [] } = transition;
  const domain = target.length === 0 ? null : domainOf(source, reenter, target);
  if (domain === null) return null;
  const around = lineageOf(domain);
  const line = lineTo(entry.tree, around);
  const left = line === null ? [] : nodesBelow(line.at(-1));
  if (line === null || left.length > MOST_LEFT) return null;
  const local = localPlan(table, transition, around, left);
  if (local === null || (local.isFinal && line.some(endsWithOne))) return null;
  const { plan, entered } = local;
  if (isSame(left, entered)) return { operations: plan.operations, nodes: entry.nodes };
  const nodes = entry.nodes.toSpliced(entry.nodes.indexOf(domain) + 1, left.length, ...entered);
  noteEntry(nodes, entryAfter(table, entry, nodes, { line, left, entered }));
  return { operations: plan.operations, nodes };
}

/** The branches from the root to the last of `around`; `null`: that is not active. */
function lineTo(tree: Branch, around: readonly AnyStateNode[]): readonly Branch[] | null {
  const line = [tree];
  let at: Branch | undefined = tree;
  for (const node of around.slice(1)) {
    at = at.inner.find((branch) => branch.node === node);
    if (at === undefined) return null;
    line.push(at);
  }
  return line;
}

function nodesBelow(branch: Branch | undefined): readonly AnyStateNode[] {
  return (branch?.inner ?? []).flatMap((each) => [each.node, ...nodesBelow(each)]);
}

function localPlan(
  table: Table,
  transition: Transition,
  around: readonly AnyStateNode[],
  left: readonly AnyStateNode[],
): LocalPlan | null {
  let known = table.local.get(transition);
  if (known === undefined) {
    known = new Map<string, LocalPlan | null>();
    table.local.set(transition, known);
  }
  const key = left.map(({ order }) => order).join(' ');
  let local = known.get(key);
  if (local === undefined) {
    local = localPlanOf(transition, around, left);
    known.set(key, local);
  }
  return local;
}

// As if there were nothing else: no state around it ends by it, which `endsWithOne` rules out, and the
// machine does not.
function localPlanOf(
  transition: Transition,
  around: readonly AnyStateNode[],
  left: readonly AnyStateNode[],
): LocalPlan | null {
  const plan = planOf([...around, ...left], [transition]);
  if (plan === null || plan.operations.some(({ kind }) => kind === 'end')) return null;
  const entered = plan.nodes.slice(around.length);
  return { plan, entered, isFinal: entered.some(({ type }) => type === 'final') };
}

/** A parallel state with at most one region that has not come to its end. */
function endsWithOne({ node, inner }: Branch): boolean {
  if (node.type !== 'parallel') return false;
  let open = 0;
  for (const region of inner) {
    if (!isFinished(region)) open += 1;
    if (open > 1) return false;
  }
  return true;
}

function isFinished({ node, inner }: Branch): boolean {
  if (node.type === 'parallel') return inner.every(isFinished);
  return node.type === 'compound'
    ? inner.some((child) => child.node.type === 'final')
    : node.type === 'final';
}

interface Moved {
  readonly line: readonly Branch[];
  readonly left: readonly AnyStateNode[];
  readonly entered: readonly AnyStateNode[];
}

function entryAfter(
  table: Table,
  entry: Entry,
  nodes: readonly AnyStateNode[],
  { line, left, entered }: Moved,
): Entry {
  const changed = [...left, ...entered];
  const isTagged = changed.some(({ tags }) => tags.length > 0);
  const isEventless = eventlessIn(table, changed).length > 0;
  return {
    nodes,
    tree: entered.some(catches) ? null : branchAfter(line, 0, entered),
    value: valueAfter(entry.value, line, 0, entered),
    tags: isTagged ? tagsOf(nodes) : entry.tags,
    eventless: isEventless ? eventlessIn(table, nodes) : entry.eventless,
    plans: new Map(),
    joint: new Map(),
  };
}

function branchAfter(
  line: readonly Branch[],
  at: number,
  entered: readonly AnyStateNode[],
): Branch {
  const { node, inner } = line[at] as Branch;
  const next = line[at + 1];
  if (next === undefined) return treeOf(node, entered);
  const moved = branchAfter(line, at + 1, entered);
  return { node, inner: inner.with(inner.indexOf(next), moved) };
}

function valueAfter(
  value: StateValue,
  line: readonly Branch[],
  at: number,
  entered: readonly AnyStateNode[],
): StateValue {
  const { node } = line[at] as Branch;
  const next = line[at + 1];
  if (next === undefined) return valueOf(node, new Set(entered));
  const { key } = next.node;
  const members = value as Readonly<Record<string, StateValue>>;
  const inner = valueAfter(members[key] ?? {}, line, at + 1, entered);
  return withInner(members, key, inner) as StateValue;
}

function isSame(some: readonly AnyStateNode[], others: readonly AnyStateNode[]): boolean {
  return some.length === others.length && some.every((node, at) => node === others[at]);
}
