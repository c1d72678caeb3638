/**
 * Whether a saga in flight can go on under a definition: whether that one has the state it stands
 * in, runs what is under way, and can undo what was started. Nobody else judges it: migrations, the
 * loading of sagas, `backstep check`, the doctor and pages all ask here.
 *
 * Pure. Invariant: what fits can be undone as far as its ledger says that it may have to be.
 */
import type { AnyStateNode, StateValue } from 'xstate';
import { restoreStored, type StoredState } from './codec.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { isOwed } from '../turn/ledger.ts';
import { nodesOf, reachableFrom, spawnsOf } from '../machine/machine-nodes.ts';
import { wayOfActor } from '../machine/actors/actor-facts.ts';
import { UNWIND_CHILD } from '../machine/machine-roles.ts';
import { activeNodes } from '../machine/macrostep/scope.ts';
import { isOver, type SagaState, type StepEntry } from '../state.ts';
import { statePath } from '../machine/state-path.ts';

/** A step that was started and that the definition cannot undo, or knows nothing of. */
export interface MissingStep {
  readonly step: string;
  readonly occurrence: number;
  readonly lacks: 'compensation' | 'step';
}

/** The judgement. `why`: a sentence with the cure, the same for every saga it is true of. */
export type Fit =
  | { readonly kind: 'fits'; readonly state: SagaState }
  | { readonly kind: 'unfit'; readonly missing: readonly MissingStep[]; readonly why: string };

/**
 * Judges a stored saga against the definition that it is to go on under. One that has not begun or
 * is over fits any. Throws `state-unreadable` where such a one cannot be restored.
 *
 * @param from the version it ran under; the definition's own where that was edited in place
 */
export function fitOf(
  definition: SagaDefinition,
  id: string,
  parts: StoredState,
  from: number,
): Fit {
  if (!isUnderWay(parts)) return { kind: 'fits', state: restoreStored(definition, id, parts) };
  const target = targetOf(definition, from);
  const place = statePath(parts.machine.value);
  const misplaced = placeFlaw(definition, parts.machine.value, from);
  if (misplaced !== null) return unfit(misplaced);
  let state: SagaState;
  try {
    state = restoreStored(definition, id, parts);
  } catch {
    return unfit(`${target.name} cannot go on in the state ${place} as it is stored`);
  }
  const missing = missingSteps(definition, state);
  if (missing.length > 0) {
    return { kind: 'unfit', missing, why: whyMissing(state.steps, missing, target) };
  }
  const why = strayActivity(definition, state, target) ?? takenName(definition, state, target);
  return why === null ? { kind: 'fits', state } : unfit(why);
}

/** Why a saga cannot stand in that state; `null`: it can. `from`: as in `fitOf`. */
export function placeFlaw(
  definition: SagaDefinition,
  value: StateValue,
  from: number,
): string | null {
  if (hasPlace(definition.machine.root, value)) return null;
  const { name, cure } = targetOf(definition, from);
  return `the state ${statePath(value)} is not in ${name}: ${cure('give another one')}`;
}

function isUnderWay({ machine, isUnstarted, status, resolution = null }: StoredState): boolean {
  return isUnstarted !== true && machine.status === 'active' && !isOver({ status, resolution });
}

function unfit(why: string): Fit {
  return { kind: 'unfit', missing: [], why };
}

/** How a sentence speaks of the definition, and of what helps. */
interface Target {
  readonly name: string;
  readonly isEdited: boolean;
  readonly cure: (what: string) => string;
}

function targetOf({ version }: SagaDefinition, from: number): Target {
  return from === version
    ? {
        name: `version ${version} as it was edited`,
        isEdited: true,
        cure: (what) => `make the edit a version of its own and ${what} in its \`migrate\``,
      }
    : {
        name: `version ${version}`,
        isEdited: false,
        cure: (what) => `${what} in \`migrate\``,
      };
}

// All regions must be known: a new one would be entered without anything in it being started.
function hasPlace(node: AnyStateNode, value: StateValue | undefined): boolean {
  if (value === undefined) return true;
  const inner = typeof value === 'string' ? [[value, undefined] as const] : Object.entries(value);
  if (node.type === 'parallel' && inner.length < Object.keys(node.states).length) return false;
  return inner.every(([key, below]) => {
    const child = node.states[key];
    return child !== undefined && hasPlace(child, below);
  });
}

/**
 * What stands, or may stand, and has nothing that undoes it. Past the pivot nothing is undone any
 * more, where the definition too knows no way back from there. A plain machine undoes nothing.
 */
function missingSteps(definition: SagaDefinition, state: SagaState): readonly MissingStep[] {
  if (!definition.speaksOfSteps) return [];
  const lacking = state.steps.filter(
    (entry) => isOwed(entry) && lacksOf(definition, entry) !== null,
  );
  if (lacking.length === 0) return [];
  const mayTurnBack = canTurnBack(definition, state);
  const isPastReturn = !mayTurnBack && state.steps.some(isPointOfNoReturn);
  return lacking.flatMap((entry) => {
    const lacks = lacksOf(definition, entry);
    if (lacks === null) return [];
    const { name: step, occurrence, kind, status } = entry;
    const isForwardOnly = kind === 'pivot' || kind === 'retriable';
    const isHarmless = isForwardOnly
      ? status === 'completed' && !mayTurnBack
      : isPastReturn || (lacks === 'compensation' && !mayTurnBack);
    return isHarmless ? [] : [{ step, occurrence, lacks }];
  });
}

function lacksOf({ steps }: SagaDefinition, entry: StepEntry): MissingStep['lacks'] | null {
  const known = steps.find(({ name }) => name === entry.name);
  if (known === undefined) return 'step';
  return entry.kind !== 'compensatable' || known.compensation !== null ? null : 'compensation';
}

function isPointOfNoReturn({ kind, status }: StepEntry): boolean {
  return kind === 'retriable' || (kind === 'pivot' && status === 'completed');
}

function canTurnBack({ invokes }: SagaDefinition, { snapshot }: SagaState): boolean {
  return [...reachableFrom(activeNodes(snapshot))].some(
    ({ tags, invoke }) =>
      tags.includes('compensating') ||
      tags.includes('compensated') ||
      invoke.some(({ id }) => invokes.get(id)?.direction === 'compensate'),
  );
}

function whyMissing(
  steps: readonly StepEntry[],
  missing: readonly MissingStep[],
  { name, cure }: Target,
): string {
  const entries = missing.flatMap(
    ({ step, occurrence }) =>
      steps.find((entry) => entry.name === step && entry.occurrence === occurrence) ?? [],
  );
  const standing = unique(entries.map((entry) => `${entry.name} ${wordsFor(entry)}`)).join(', ');
  const isOne = unique(entries.map((entry) => entry.name)).length === 1;
  const forwardOnly = entries.filter(({ kind }) => kind !== 'compensatable');
  const lack =
    forwardOnly.length === entries.length
      ? `no such step${isOne ? '' : 's'}`
      : `no compensation for ${isOne ? 'it' : 'them'}`;
  return `${standing} and ${name} has ${lack}: ${cure(`map ${isOne ? 'it' : 'them'}`)}`;
}

function wordsFor({ status }: StepEntry): string {
  switch (status) {
    case 'completed':
      return 'is done';
    case 'compensating':
      return 'is being compensated';
    case 'compensation_failed':
      return 'is still to be compensated';
    case 'running':
    case 'retrying':
    case 'in_doubt':
    case 'failed':
    case 'pending':
    case 'compensated':
    case 'skipped':
      return 'may have happened';
  }
}

// Nobody would hear the answer of this attempt, or it would be taken for that of another step.
function strayActivity(
  definition: SagaDefinition,
  { snapshot, live, steps }: SagaState,
  { name, cure, isEdited }: Target,
): string | null {
  const nodes = activeNodes(snapshot);
  const invoked = nodes
    .flatMap((node) => node.invoke)
    .flatMap(({ id, src }) => {
      const isStepped =
        typeof src === 'string' && wayOfActor(definition.machine, src) === 'stepped';
      return isStepped ? [] : [id];
    });
  const { invokes } = definition;
  const isRun = (id: string): boolean => invoked.includes(id) || isSpawned(definition, id);
  const elsewhere = cure('lead it to a state that runs it');
  for (const [id, activity] of Object.entries(live.activities)) {
    const { src, step, direction, isSpawned: isSpawnedFreely } = activity;
    const role = invokes.get(id);
    if (isSpawnedFreely === true && wayOfActor(definition.machine, src) !== null) continue;
    if (role === undefined || !isRun(id) || !calls(definition, src)) {
      return `${id} is under way and ${name} does not run it there: ${elsewhere}`;
    }
    if (role.step === step && role.direction === direction) continue;
    return `${id} is under way for ${step} and ${name} uses it for ${role.step}: ${elsewhere}`;
  }
  const unstarted = invoked.filter((id) => live.activities[id] === undefined);
  // In an edited drawing an invoke may be over while the state that holds it goes on.
  const never = unstarted.find((id) => !isEdited || !wasStarted(definition, steps, id));
  if (never === undefined) return null;
  const place = statePath(snapshot.value);
  return `${name} in the state ${place} invokes ${never}, which is not under way; go to one that waits`;
}

function isSpawned({ machine }: SagaDefinition, id: string): boolean {
  return nodesOf(machine).some((node) => spawnsOf(node, machine).some((spawn) => spawn.id === id));
}

function calls({ activities, children }: SagaDefinition, src: string): boolean {
  return activities.includes(src) || Object.hasOwn(children, src) || src === UNWIND_CHILD;
}

function wasStarted({ invokes }: SagaDefinition, steps: readonly StepEntry[], id: string): boolean {
  const role = invokes.get(id);
  return steps.some(({ name, compensation, probes = 0 }) => {
    if (name !== role?.step) return false;
    switch (role.direction) {
      case 'forward':
        return true;
      case 'compensate':
        return compensation !== undefined;
      case 'probe':
        return probes > 0;
    }
  });
}

// The effects of a renamed step stand under keys of its old name.
function takenName(
  { steps: known }: SagaDefinition,
  { steps }: SagaState,
  { name: target }: Target,
): string | null {
  const taken = steps.find(
    ({ name, keyName }) =>
      keyName !== undefined && keyName !== name && known.some((step) => step.name === keyName),
  );
  if (taken === undefined) return null;
  return (
    `${taken.name} was called ${taken.keyName} when it ran, and ${target} has another step of ` +
    'that name, which would share its keys: give that one a new name'
  );
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
