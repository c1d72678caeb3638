/**
 * What must hold of a saga that says it is over: nothing that it recorded is owed, open or in doubt,
 * nothing that its children did stands where it says that all is undone, and what was given up
 * anywhere below it is never shown as compensated.
 *
 * Must never ask the product what is owed: the words of the recorded steps are read here anew.
 */
import type { StepEntry } from '../../src/core/state.ts';
import type { DiskSaga } from './disk.ts';
import { childrenOf } from './family-oracles.ts';
import { memberOf } from './sim-saga.ts';
import type { OracleName, OracleScene } from './violation.ts';

type Fail = (oracle: OracleName, message: string) => void;

/** Checks a saga that is at its end; any other passes. */
export function checkLedger(scene: OracleScene, saga: DiskSaga, fail: Fail): void {
  const { status } = saga.row;
  const { id } = saga.birth;
  if (status !== 'completed' && status !== 'compensated') return;
  const { steps } = scene.states.of(saga.row);
  const { invokes } = memberOf(scene.saga, saga.birth.type).definition;
  const isOpen = status === 'completed' ? isUndecided : isLeft;
  for (const entry of steps.filter(isOpen)) {
    // As with XState, an actor that the machine spawned ends with it.
    if (status === 'completed' && invokes.get(entry.name)?.isSpawned === true) continue;
    fail('ledger-end', `saga ${id} is ${status}, its step ${entry.name} is ${entry.status}`);
  }
  if (status !== 'compensated') return;
  for (const child of childrenOf(scene.disk, scene.states.of(saga.row))) {
    const standing = [scene.disk.books, scene.worldBooks].flatMap((books) =>
      books.familyEntriesOf(child.birth.id).filter(({ state }) => state === 'applied'),
    );
    for (const { step } of standing) {
      fail('ledger-end', `saga ${id} is compensated, ${step} of ${child.birth.id} stands`);
    }
  }
  const given = givenUpIn(scene, saga);
  if (given !== null) fail('given-up', `saga ${id} is compensated, ${given} was given up`);
}

/** A step or compensation of the saga, or of one below it, that a person gave up. */
function givenUpIn(scene: OracleScene, saga: DiskSaga): string | null {
  const parts = scene.states.of(saga.row);
  const own = parts.steps.find(
    ({ status, gaveUp }) => status === 'skipped' || gaveUp !== undefined,
  );
  if (own !== undefined) return `${own.name} of ${saga.birth.id}`;
  for (const child of childrenOf(scene.disk, parts)) {
    if (child.row.status !== 'compensation_failed') continue;
    const below = givenUpIn(scene, child);
    if (below !== null) return below;
  }
  return null;
}

/** It stands, may stand, or is being undone. */
function isLeft({ status, mayHaveHappened }: StepEntry): boolean {
  switch (status) {
    case 'compensated':
    case 'pending':
    case 'skipped':
      return false;
    case 'failed':
      return mayHaveHappened === true;
    case 'running':
    case 'retrying':
    case 'in_doubt':
    case 'completed':
    case 'compensating':
    case 'compensation_failed':
      return true;
  }
}

/** Nobody knows whether it was done, or it was undone half. */
function isUndecided(entry: StepEntry): boolean {
  return entry.status !== 'completed' && isLeft(entry);
}
