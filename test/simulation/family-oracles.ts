/**
 * What must hold between a saga and the sagas that it runs as children, read off the disk at every
 * durable turn.
 *
 * A child is told by its id, which starts with that of its parent.
 */
import { UNWIND_CHILD } from '../../src/core/machine/machine-roles.ts';
import { childSagaId } from '../../src/core/turn/parent-link.ts';
import type { Inbound, AttemptOutcome } from '../../src/core/turn/inbound.ts';
import { UNHANDLED } from '../../src/core/turn/park-instead.ts';
import type { LiveActivity } from '../../src/core/state.ts';
import { isEnded, needsPerson } from '../../src/core/status.ts';
import { sagaMessageOf } from '../../src/host/outside/outbox-messages.ts';
import type { SagaCommit } from '../../src/store/commit.ts';
import type { Books } from './books.ts';
import type { Disk, DiskSaga } from './disk.ts';
import { memberOf } from './sim-saga.ts';
import { isResolved, type StoredParts } from './stored-states.ts';
import type { OracleName, OracleScene } from './violation.ts';

type Fail = (oracle: OracleName, message: string) => void;

export class FamilyOracles {
  readonly #scene: OracleScene;
  readonly #fail: Fail;
  /** Ids of the children whose start was commanded by a durable turn. */
  readonly #commanded = new Set<string>();
  /** Ids of the children that stood still, parked by a failure that nothing handles. */
  readonly #stoodStill = new Set<string>();

  constructor(scene: OracleScene, fail: Fail) {
    this.#scene = scene;
    this.#fail = fail;
  }

  /** A saga was started. */
  onBirth(id: string, isChild: boolean): void {
    if (isChild && !this.#commanded.has(id)) {
      this.#fail('intent-first', `child ${id} began before its parent's turn was durable`);
    }
  }

  /** `before`: `null` at the start. */
  onTurn(
    commit: SagaCommit,
    inbound: Inbound,
    id: string,
    { before, now }: { readonly before: StoredParts | null; readonly now: StoredParts },
  ): void {
    for (const { childId } of Object.values(now.live.activities)) {
      if (childId !== undefined) this.#commanded.add(childId);
    }
    if (now.parkReason?.code === UNHANDLED) this.#stoodStill.add(id);
    if (before !== null && commit.journal.kind !== 'note') {
      this.#checkOutcome(inbound, before);
      this.#checkLeft(commit, inbound, before, now);
    }
    this.#checkOrder(id, now);
    if (now.status === 'completed' || now.status === 'compensated') {
      for (const child of childrenOf(this.#scene.disk, this.#withoutSpawned(id, now))) {
        if (!this.#isOver(child)) {
          this.#fail('no-orphan', `saga ${id} is ${now.status}, ${nameOf(child)} goes on`);
        }
      }
    }
  }

  // An actor that the machine spawned is told to end with it, and does so after it.
  #withoutSpawned(id: string, parts: StoredParts): StoredParts {
    const { disk, saga } = this.#scene;
    const type = childIn(disk, id)?.birth.type ?? '';
    const { invokes } = memberOf(saga, type).definition;
    return { ...parts, steps: parts.steps.filter(({ name }) => !invokes.get(name)?.isSpawned) };
  }

  /** Once all is at rest: no child goes on when its parent is over. */
  checkRest(): void {
    const { disk, states } = this.#scene;
    for (const { row, birth } of disk.sagas.values()) {
      const parts = states.of(row);
      if (!isEnded(row.status) && !isResolved(parts)) continue;
      for (const child of childrenOf(disk, parts)) {
        if (this.#isOver(child) || needsPerson(child.row.status)) continue;
        this.#fail('no-orphan', `saga ${birth.id} is over, ${nameOf(child)} goes on`);
      }
    }
  }

  /** What a parent hears of a child is what became of it. */
  #checkOutcome(inbound: Inbound, before: StoredParts): void {
    if (inbound.kind !== 'result') return;
    const activity = before.live.activities[inbound.activity];
    if (activity?.childId === undefined) return;
    const child = childIn(this.#scene.disk, activity.childId);
    const { outcome } = inbound;
    const isWellEnded = outcome.kind === 'done';
    this.#checkCertainty(activity, outcome);
    if (child === null) {
      // Unwound before it was ever started, or refused at its start.
      if (isWellEnded && !isUnwinding(activity)) this.#failOutcome(activity, 'done', 'not there');
      return;
    }
    const { status } = child.row;
    const { machine, ...parts } = this.#scene.states.of(child.row);
    // It was told at once, and somebody has let the child go on since.
    if (!isWellEnded && this.#stoodStill.has(activity.childId)) return;
    const wanted = isUnwinding(activity)
      ? isUndone({ machine, ...parts })
      : status === 'completed' || status === 'failed';
    if (isWellEnded !== wanted) this.#failOutcome(activity, outcome.kind, status);
    if (!isOverForParent({ machine, ...parts })) {
      this.#failOutcome(activity, outcome.kind, `still ${status}`);
    }
    if (outcome.kind !== 'done' || isUnwinding(activity)) return;
    if (JSON.stringify(outcome.output ?? null) !== JSON.stringify(machine.output ?? null)) {
      this.#failOutcome(activity, 'another output', 'not that');
    }
  }

  /** What failed for certain has left nothing, in it or below it. */
  #checkCertainty(activity: LiveActivity, outcome: AttemptOutcome): void {
    const { childId = '' } = activity;
    if (isUnwinding(activity) || outcome.kind === 'done' || outcome.failure.ambiguous) return;
    const { disk, worldBooks } = this.#scene;
    const left = [disk.books, worldBooks].flatMap((books) =>
      books.familyEntriesOf(childId).filter(({ state }) => state === 'applied'),
    );
    for (const { step } of left) this.#failOutcome(activity, 'nothing', `${step}, which stands`);
  }

  /** A child that is left before it answered is told to end. */
  #checkLeft(commit: SagaCommit, inbound: Inbound, before: StoredParts, now: StoredParts): void {
    for (const [name, { token, childId }] of Object.entries(before.live.activities)) {
      if (childId === undefined || now.live.activities[name]?.token === token) continue;
      if (inbound.kind === 'result' && inbound.activity === name) continue;
      if (now.status === 'parked') continue; // it stands still and is looked at again later
      const isTold = commit.outbox.some((row) => {
        const message = sagaMessageOf(row);
        return (
          message?.kind === 'end-children' && message.children.some(({ id }) => id === childId)
        );
      });
      if (!isTold) this.#fail('no-orphan', `child ${childId} was left and never told`);
    }
  }

  /** A child is over before its parent undoes what it did before it, and before the child itself. */
  #checkOrder(id: string, { live, steps }: StoredParts): void {
    for (const activity of Object.values(live.activities)) {
      if (activity.direction !== 'compensate' || isUnwinding(activity)) continue;
      const from = steps.findIndex(
        ({ name, occurrence }) => name === activity.step && occurrence === activity.occurrence,
      );
      for (const { childId, status } of steps.slice(Math.max(0, from))) {
        const child = childId === undefined ? null : childIn(this.#scene.disk, childId);
        const isGivenUp = status === 'skipped'; // a person said that it may stand as it is
        if (child === null || this.#isOver(child) || isGivenUp) continue;
        this.#fail('child-first', `${id} undoes ${activity.step}, ${nameOf(child)} goes on`);
      }
    }
  }

  #failOutcome({ childId = '', step }: LiveActivity, told: string, is: string): void {
    this.#fail('child-outcome', `${step} was told ${told} of ${childId}, which is ${is}`);
  }

  #isOver({ row }: DiskSaga): boolean {
    return isEnded(row.status) || isResolved(this.#scene.states.of(row));
  }
}

/** True where all that keeps the saga from going on is a child that waits for a person. */
export function waitsForPerson(scene: OracleScene, { row }: DiskSaga): boolean {
  const { disk, states } = scene;
  const { live } = states.of(row);
  const activities = Object.values(live.activities);
  if (activities.length === 0 || Object.keys(live.timers).length > 0) return false;
  return activities.every(({ childId }) => {
    const child = childId === undefined ? null : childIn(disk, childId);
    if (child === null || isOverForParent(states.of(child.row))) return false;
    return needsPerson(child.row.status) || waitsForPerson(scene, child);
  });
}

/** Over, ended by its machine in whatever way, or parked because it has no way on from a failure. */
function isOverForParent(parts: StoredParts): boolean {
  const { status, machine, parkReason } = parts;
  if (isEnded(status) || isResolved(parts)) return true;
  return (machine.status ?? 'active') !== 'active' || parkReason?.code === UNHANDLED;
}

/** What unwinding it came to: nothing of it is left, or a person said that it may be. */
function isUndone(parts: StoredParts): boolean {
  const { status, steps } = parts;
  if (status === 'completed' || status === 'failed') return false;
  if (status === 'compensated') return true;
  if (status === 'compensation_failed') return isResolved(parts);
  return steps.every(({ status: at, mayHaveHappened }) => {
    const isCertain = at === 'failed' || at === 'retrying';
    return at === 'compensated' || at === 'skipped' || (isCertain && mayHaveHappened !== true);
  });
}

/** Every child that the saga ever started and that is there. */
export function childrenOf(disk: Disk, { steps }: StoredParts): readonly DiskSaga[] {
  return steps.flatMap(({ childId }) => {
    const child = childId === undefined ? null : childIn(disk, childId);
    return child === null ? [] : [child];
  });
}

/** True while something stands that this occurrence of a step did, by itself or by a child. */
export function stands(
  books: readonly Books[],
  sagaId: string,
  { step, occurrence }: Pick<LiveActivity, 'step' | 'occurrence'>,
): boolean {
  const key = `${sagaId}/${step}/forward/${occurrence}`;
  const child = childSagaId(sagaId, step, occurrence);
  return books.some((each) => {
    if (each.stateOf(key) === 'applied') return true;
    return each.familyEntriesOf(child).some(({ state }) => state === 'applied');
  });
}

function childIn(disk: Disk, id: string): DiskSaga | null {
  const sid = disk.sidOf(id);
  return sid === null ? null : (disk.sagas.get(sid) ?? null);
}

function isUnwinding({ src }: LiveActivity): boolean {
  return src === UNWIND_CHILD;
}

function nameOf({ row, birth }: DiskSaga): string {
  return `child ${birth.id} (${row.status})`;
}
