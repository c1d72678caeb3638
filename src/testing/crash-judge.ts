/**
 * The judgement on what a run with crashes has left: of every stored saga that its journal gives
 * it, that each compensation was called for the run that it undoes, with what that run brought, and
 * that nothing of a child stands where its parent says that all is undone.
 *
 * It believes the fakes, which stand for the world, and the journal; never the ledger of a saga.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { childSagaId } from '../core/turn/parent-link.ts';
import { recordOfLine, replay } from '../core/history/replay.ts';
import type { StepEntry } from '../core/state.ts';
import { judgeHistory, type Undoing } from '../verify/history.ts';
import { isSameValue } from '../verify/checks/undoing.ts';
import { examineSaga } from '../host/upkeep/examination.ts';
import { lineOf } from '../host/upkeep/journal-export.ts';
import type { SagaAsStored } from '../store/as-stored.ts';
import type { FakeActivities, FakeCall } from './fake-activities.ts';

/** What is wrong with a stored saga, in words; none: nothing is. */
export function flawsOf(
  definition: SagaDefinition,
  stored: SagaAsStored,
  fakes: readonly FakeActivities[],
): readonly string[] {
  const { row, journal } = stored;
  const records = Array.from(journal, (line) => recordOfLine(lineOf(line)));
  const { turns } = replay(definition, row.id, records);
  const { faults, undoings } = judgeHistory(definition, turns);
  const { status, steps } = turns.at(-1)?.state ?? { status: null, steps: [] };
  return [
    ...examineSaga(definition, stored).flaws.map(({ kind, message }) => `${kind}: ${message}`),
    ...faults.filter(({ severity }) => severity === 'error').map(({ what }) => what),
    ...fakes.flatMap(({ calls }) => calls.flatMap((call) => wrongCall(call, undoings))),
    ...(status === 'compensated' ? steps.flatMap((step) => leftOfChild(row.id, step, fakes)) : []),
  ];
}

function wrongCall(
  { activity, key, forwardKey, input }: FakeCall,
  undoings: ReadonlyMap<string, Undoing>,
): string[] {
  const wanted = undoings.get(key);
  if (wanted === undefined) return [];
  if (forwardKey === wanted.forwardKey && isSameValue(input, wanted.input)) return [];
  const called = `${activity} was called for ${forwardKey} with ${JSON.stringify(input)}`;
  return [`${called}; it undoes ${wanted.forwardKey} with ${JSON.stringify(wanted.input)}`];
}

/** What a child did and nobody took back: neither itself, nor its parent, nor one between them. */
function leftOfChild(
  id: string,
  { childId }: StepEntry,
  fakes: readonly FakeActivities[],
): string[] {
  if (childId === undefined) return [];
  const all = fakes.flatMap(({ effects }) => effects);
  const takenBack = all.flatMap(({ sagaId, step, key, state }) =>
    state === 'applied' ? [] : [childSagaId(sagaId, step, Number(key.split('/').at(-1)))],
  );
  return all
    .filter(({ sagaId, state }) => state === 'applied' && isOfFamily(sagaId, childId))
    .filter(({ sagaId }) => !takenBack.some((child) => isOfFamily(sagaId, child)))
    .map(({ step, sagaId }) => `saga ${id} is compensated and ${step} of ${sagaId} stands`);
}

/** The ids of a saga's children start with its own. */
function isOfFamily(id: string, root: string): boolean {
  return id === root || id.startsWith(`${root}.`);
}
