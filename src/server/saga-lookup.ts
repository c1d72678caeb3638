/**
 * Finds what a request names: a saga, its state, a definition. One place says that there is none.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { BackstepError } from '../core/errors.ts';
import type { SagaState } from '../core/state.ts';
import type { Backstep } from '../host/backstep.ts';
import { lostInRestore, restoredIn } from '../host/lost-in-restore.ts';
import type { SagaHandle } from '../host/saga-handle.ts';
import type { SagaRecord } from '../store/read-models.ts';

/** What is repeated of a name that was not found. */
const MAX_SHOWN_NAME = 100;
const UNREADABLE: ReadonlySet<string> = new Set(['state-unreadable', 'version-missing']);

/** Whoever can be asked for the state of a saga. */
export interface StateSource extends MaybeLiving {
  saga(id: string): Pick<SagaHandle, 'state'>;
}

/** The refusal of an id that no saga has. */
export function noSaga(id: string, backstep: MaybeLiving = {}): BackstepError {
  const health = backstep.health?.();
  const why = health === undefined ? '' : lostInRestore(id, restoredIn(health));
  return new BackstepError('not-found', `there is no saga ${id.slice(0, MAX_SHOWN_NAME)}${why}`);
}

/** An engine, or a database that is only looked at. */
type MaybeLiving = Partial<Pick<Backstep, 'health'>>;

/** The same as a sentence of a page. */
export function noSagaInWords(id: string): string {
  return `There is no saga ${id.slice(0, MAX_SHOWN_NAME)}.`;
}

/** The saga's row. Throws `not-found`. */
export async function sagaOf(
  backstep: Pick<Backstep, 'read'> & MaybeLiving,
  id: string,
): Promise<SagaRecord> {
  const saga = await backstep.read.saga(id);
  if (saga === null) throw noSaga(id, backstep);
  return saga;
}

/** The saga's state. Throws `not-found`, and what reading it throws. */
export async function stateOf(backstep: StateSource, id: string): Promise<SagaState> {
  const state = await backstep.saga(id).state();
  if (state === null) throw noSaga(id, backstep);
  return state;
}

/** The state, or why it cannot be read: such a saga must still be found and looked at. */
export async function readableState(
  backstep: StateSource,
  id: string,
): Promise<SagaState | BackstepError> {
  try {
    return (await backstep.saga(id).state()) ?? noSaga(id, backstep);
  } catch (error) {
    if (error instanceof BackstepError && UNREADABLE.has(error.code)) return error;
    throw error;
  }
}

/** The definition of a type: of the given version, else the newest. */
export function definitionOf(
  backstep: Pick<Backstep, 'definitions'>,
  type: string,
  version?: number,
): SagaDefinition | undefined {
  const versions = versionsOf(backstep, type);
  return version === undefined ? versions[0] : versions.find((each) => each.version === version);
}

/** The same, where it must be there. Throws `not-found`. */
export function requireDefinition(
  backstep: Pick<Backstep, 'definitions'>,
  type: string,
  version?: number,
): SagaDefinition {
  const definition = definitionOf(backstep, type, version);
  if (definition !== undefined) return definition;
  const what = version === undefined ? 'saga type' : `version ${version} of saga type`;
  throw new BackstepError('not-found', `there is no ${what} ${type.slice(0, MAX_SHOWN_NAME)}`);
}

/** Every registered version of a type, the newest first. */
export function versionsOf(
  backstep: Pick<Backstep, 'definitions'>,
  type: string,
): readonly SagaDefinition[] {
  return backstep
    .definitions()
    .filter(({ id }) => id === type)
    .toSorted((one, other) => other.version - one.version);
}

/** Every registered type, each once, in the order of registration. */
export function typesOf(backstep: Pick<Backstep, 'definitions'>): readonly string[] {
  return [...new Set(backstep.definitions().map(({ id }) => id))];
}
