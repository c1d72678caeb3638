/**
 * What is kept per machine for microstep-run.ts: the configurations it was seen in, the plans of
 * their transitions, and the form of its snapshots, which is XState's own.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  createMachine,
  type StateValue,
} from 'xstate';
import { ancestorsOf, type Plan, planOf, planOfStart, type Transition } from './microstep-plan.ts';
import type { ActorRef } from '../actors/actor-ref.ts';
import type { PersistedMachine } from '../persisted-machine.ts';

/** The states a machine is in, and all that follows from that alone. */
export interface Configuration {
  /** In document order. */
  readonly nodes: readonly AnyStateNode[];
  readonly value: StateValue;
  readonly tags: ReadonlySet<string>;
  /** Per active region with eventless transitions: its states that have some, the innermost first. */
  readonly eventless: readonly (readonly AnyStateNode[])[];
}

/** What is known of a machine. */
export interface Table {
  readonly machine: AnyStateMachine;
  readonly start: Plan;
  /** Active states of all configurations that are kept. */
  size: number;
  /** By the document order of their states. */
  readonly entries: Map<string, Entry>;
  /** The same by the JSON of their value, which is what a stored state has of them. */
  readonly byValue: Map<string, Entry>;
  /** In so many active states the machine takes what microstep-wide.ts covers from there. */
  wideFrom: number;
  /** What that knows of a transition, by the states that it leaves. */
  readonly local: Map<Transition, Map<string, LocalPlan | null>>;
  /** By state: those with eventless transitions around it and itself, the innermost first. */
  readonly eventless: Map<AnyStateNode, readonly AnyStateNode[]>;
}

/** What a transition does below the state that all it leaves and enters lies in. */
export interface LocalPlan {
  readonly plan: Plan;
  /** Active below that state afterwards, in document order. */
  readonly entered: readonly AnyStateNode[];
  /** It enters a final state, which may end what is around. */
  readonly isFinal: boolean;
}

/** A state that is active, and what is active in it, in document order. */
export interface Branch {
  readonly node: AnyStateNode;
  readonly inner: readonly Branch[];
}

/** A configuration with the plans of its transitions, which are found when first needed. */
export interface Entry extends Configuration {
  /** The states with those in them, in document order; `null` where a wildcard catches events. */
  readonly tree: Branch | null;
  readonly plans: Map<Transition, Plan | null>;
  /** Of several transitions at once, by their numbers. */
  readonly joint: Map<string, Plan | null>;
}

/**
 * Most active states that are kept per machine, over all its configurations: a few megabytes.
 * Regions side by side multiply, so that a machine may come to more. All that is known of it is
 * forgotten then and learnt anew, because each entry leads to the others and none could be given up
 * alone.
 */
export const MAX_KEPT_STATES = 65_536;

/** Active states from which on a configuration is wide: fewer are found again sooner than made. */
const WIDE_STATES = 48;

const tables = new WeakMap<AnyStateMachine, Table | null>();
const entriesByNodes = new WeakMap<readonly AnyStateNode[], Entry>();

/** The table of a machine; `null` when it has something that no plan covers. */
export function tableOf(machine: AnyStateMachine): Table | null {
  let table = tables.get(machine);
  if (table === undefined) {
    const start = isWithoutHistory(machine.root) ? planOfStart(machine) : null;
    table = start === null ? null : emptyTable(machine, start);
    tables.set(machine, table);
  }
  return table;
}

function emptyTable(machine: AnyStateMachine, start: Plan): Table {
  return {
    machine,
    start,
    size: 0,
    entries: new Map(),
    byValue: new Map(),
    wideFrom: WIDE_STATES,
    local: new Map(),
    eventless: new Map(),
  };
}

// History would make a plan depend on more than the configuration.
function isWithoutHistory(node: AnyStateNode): boolean {
  return node.type !== 'history' && Object.values(node.states).every(isWithoutHistory);
}

function configurationOf(table: Table, nodes: readonly AnyStateNode[]): Configuration {
  const value = valueOf(table.machine.root, new Set(nodes));
  return { nodes, value, tags: tagsOf(nodes), eventless: eventlessIn(table, nodes) };
}

/** The tags of active states. */
export function tagsOf(nodes: readonly AnyStateNode[]): ReadonlySet<string> {
  return new Set(nodes.flatMap((node) => node.tags));
}

/** See `Configuration.eventless`. */
export function eventlessIn(
  { eventless }: Table,
  nodes: readonly AnyStateNode[],
): Configuration['eventless'] {
  const lines: (readonly AnyStateNode[])[] = [];
  for (const node of nodes) {
    if (node.type !== 'atomic' && node.type !== 'final') continue;
    let line = eventless.get(node);
    if (line === undefined) {
      line = [node, ...ancestorsOf(node, null)].filter(({ always }) => always !== undefined);
      eventless.set(node, line);
    }
    if (line.length > 0) lines.push(line);
  }
  return lines;
}

/** The value of a state and of what is active in it. */
export function valueOf(node: AnyStateNode, active: ReadonlySet<AnyStateNode>): StateValue {
  const inside = Object.values(node.states).filter((child) => active.has(child));
  const [only] = inside;
  if (node.type === 'compound' && only !== undefined && Object.keys(only.states).length === 0) {
    return only.key;
  }
  return Object.fromEntries(inside.map((child) => [child.key, valueOf(child, active)]));
}

/** The configuration of these states. */
export function entryOf(table: Table, nodes: readonly AnyStateNode[]): Entry {
  const known = entriesByNodes.get(nodes);
  if (known !== undefined) return known;
  const inOrder = nodes.toSorted((one, other) => one.order - other.order);
  const key = inOrder.map(({ order }) => order).join(' ');
  let entry = table.entries.get(key);
  if (entry === undefined) {
    if (table.size + inOrder.length > MAX_KEPT_STATES) forget(table);
    const tree = inOrder.some(catches) ? null : treeOf(table.machine.root, inOrder);
    const unknown = { plans: new Map(), joint: new Map() };
    entry = { ...configurationOf(table, inOrder), tree, ...unknown };
    table.size += inOrder.length;
    table.entries.set(key, entry);
    table.byValue.set(JSON.stringify(entry.value), entry);
  }
  entriesByNodes.set(nodes, entry);
  return entry;
}

/** From now on these states are in the configuration. */
export function noteEntry(nodes: readonly AnyStateNode[], entry: Entry): void {
  entriesByNodes.set(nodes, entry);
}

// Plans lead from entry to entry: while they did, one snapshot in memory would keep all of them.
function forget(table: Table): void {
  for (const { plans, joint } of table.entries.values()) {
    plans.clear();
    joint.clear();
  }
  table.entries.clear();
  table.byValue.clear();
  table.size = 0;
}

/** True when a wildcard of the state catches events. */
export function catches({ transitions }: AnyStateNode): boolean {
  return [...transitions.keys()].some((event) => event.includes('*'));
}

/** The branch of a state. A state comes before those in it, so one pass finds the place of each. */
export function treeOf(root: AnyStateNode, inOrder: readonly AnyStateNode[]): Branch {
  const branches = new Map<AnyStateNode | undefined, { node: AnyStateNode; inner: Branch[] }>();
  const tree = { node: root, inner: [] };
  branches.set(root, tree);
  for (const node of inOrder) {
    if (node === root) continue;
    const branch = { node, inner: [] };
    branches.set(node, branch);
    branches.get(node.parent)?.inner.push(branch);
  }
  return tree;
}

/** The microstep of these transitions, found when first needed; `null`: no plan covers it. */
export function planFor(entry: Entry, transitions: readonly Transition[]): Plan | null {
  const [only] = transitions;
  if (only !== undefined && transitions.length === 1) {
    return remembered(entry.plans, only, () => planOf(entry.nodes, transitions));
  }
  const key = transitions.map(numberOf).join(' ');
  return remembered(entry.joint, key, () => planOf(entry.nodes, transitions));
}

function remembered<K>(known: Map<K, Plan | null>, key: K, find: () => Plan | null): Plan | null {
  let plan = known.get(key);
  if (plan === undefined) {
    plan = find();
    known.set(key, plan);
  }
  return plan;
}

const numbers = new WeakMap<Transition, number>();
let lastNumber = 0;

function numberOf(transition: Transition): number {
  const number = numbers.get(transition) ?? (lastNumber += 1);
  numbers.set(transition, number);
  return number;
}

// A never-started actor lends its methods to every snapshot.
const { matches, hasTag, can, getMeta, toJSON } = createActor(createMachine({})).getSnapshot();

/** What a snapshot has beside its configuration. */
export interface SnapshotParts {
  readonly status: 'active' | 'done';
  readonly output: unknown;
  readonly context: unknown;
  readonly children: Readonly<Record<string, unknown>>;
}

/** A snapshot with the members that XState's have, in their order. */
export function snapshotOf(
  { machine }: Table,
  { nodes, value, tags }: Configuration,
  { status, output, context, children }: SnapshotParts,
): AnyMachineSnapshot {
  const snapshot: unknown = {
    status,
    output,
    error: undefined,
    machine,
    context,
    _nodes: nodes,
    value,
    tags,
    children,
    historyValue: {},
    matches,
    hasTag,
    can,
    getMeta,
    toJSON,
  };
  return snapshot as AnyMachineSnapshot;
}

/** The configuration that a snapshot is in. */
export function entryOfSnapshot(table: Table, { _nodes: nodes }: AnyMachineSnapshot): Entry {
  return entryOf(table, nodes);
}

/** Keeps the configuration of a snapshot that the interpreter made. */
export function noteConfiguration(snapshot: AnyMachineSnapshot): void {
  const table = tableOf(snapshot.machine);
  if (table !== null) entryOfSnapshot(table, snapshot);
}

/**
 * A stored machine as it was; `null`: the interpreter must restore it. It does so the first time
 * that a machine is met in a configuration, and says what is wrong with one that it has not.
 */
export function tableRestore(
  machine: AnyStateMachine,
  { status, value, context, output, error, historyValue }: PersistedMachine,
  children: Readonly<Record<string, ActorRef>>,
): AnyMachineSnapshot | null {
  const table = tableOf(machine);
  const entry = table?.byValue.get(JSON.stringify(value));
  if (table === null || entry === undefined || status === 'error') return null;
  if (error !== undefined || historyValue !== undefined) return null;
  return snapshotOf(table, entry, { status, output, context, children });
}
