/**
 * Steps under new names: the ledger and what is live of a saga that goes on under a definition that
 * calls them otherwise.
 *
 * Pure. Invariant: the keys that an effect was made under stay those of the name it was made under.
 */
import type { StoredState } from './codec.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { nodesOf } from '../machine/machine-nodes.ts';
import type { LiveActivity, StepEntry } from '../state.ts';

/** New names by old ones. */
export type StepNames = ReadonlyMap<string, string>;

/** The names after several renamings, one on top of the other. */
export function composedNames(renamings: readonly Readonly<Record<string, string>>[]): StepNames {
  const names = new Map<string, string>();
  for (const renaming of renamings) {
    const given = new Map(Object.entries(renaming));
    const known = [...names];
    for (const [old, name] of known) names.set(old, given.get(name) ?? name);
    const passedThrough = new Set(known.map(([, name]) => name));
    for (const [old, name] of given) if (!passedThrough.has(old)) names.set(old, name);
  }
  return new Map([...names].filter(([old, name]) => old !== name));
}

/** The parts with the names in them. Throws with the reason for a name that cannot be. */
export function withStepNames(
  definition: SagaDefinition,
  parts: StoredState,
  names: StepNames,
): StoredState {
  if (names.size === 0) return parts;
  for (const [old, name] of names) {
    if (isKnown(definition, name)) continue;
    throw new Error(`\`migrate\` calls ${old} now ${name}, and there is no step of that name`);
  }
  assertApart(parts.steps, names);
  const { live } = parts;
  const activities = Object.entries(live.activities).map(([id, each]) => [
    id,
    renamed(each, names),
  ]);
  return {
    ...parts,
    steps: parts.steps.map((entry) => renamedEntry(entry, names)),
    live: { ...live, activities: Object.fromEntries(activities) as typeof live.activities },
  };
}

function isKnown({ steps, machine }: SagaDefinition, name: string): boolean {
  return (
    steps.some((step) => step.name === name) || nodesOf(machine).some(({ key }) => key === name)
  );
}

// Occurrences are counted by name: two steps under one name would share their counts and keys.
function assertApart(steps: readonly StepEntry[], names: StepNames): void {
  const oldNames = [...new Set(steps.map(({ name }) => name))];
  const byNewName = Map.groupBy(oldNames, (old) => names.get(old) ?? old);
  for (const [name, olds] of byNewName) {
    if (olds.length === 1) continue;
    throw new Error(
      `\`migrate\` calls both ${olds.join(' and ')} now ${name}: give each its own name`,
    );
  }
}

function renamedEntry(entry: StepEntry, names: StepNames): StepEntry {
  const name = names.get(entry.name);
  if (name === undefined) return entry;
  const { keyName = entry.name, ...rest } = entry;
  return name === keyName ? { ...rest, name } : { ...rest, name, keyName };
}

function renamed(activity: LiveActivity, names: StepNames): LiveActivity {
  const step = names.get(activity.step);
  if (step === undefined) return activity;
  const { keyName = activity.step, ...rest } = activity;
  return step === keyName ? { ...rest, step } : { ...rest, step, keyName };
}
