/**
 * What can happen next in a run, and which of it does.
 *
 * One decision per step, by the chance of the run. The list is in orderly sequence: what is under
 * way is finished first, callers come next, and time passes only when there is nothing else.
 */
import type { CommandName } from '../../src/core/turn/inbound.ts';
import type { EngineProcess } from './engine-process.ts';
import { ANY_WAY } from './person.ts';
import type { Scene } from './scene.ts';
import type { BatchFault } from './sim-store.ts';

export interface Action {
  readonly name: string;
  /** How likely it is drawn, against the others. */
  readonly weight: number;
  readonly run: () => void;
}

/** Longest that time leaps over at once. */
const MAX_LEAP_MS = 30_000;
const HOUR_MS = 3_600_000;
/** Longest that a slow disk takes for a batch. */
const MAX_SLOW_MS = 20_000;

/** Everything that can happen now, the most orderly first. */
export function nextActions(scene: Scene, step: number): readonly Action[] {
  const { process, chance, world, client, time } = scene;
  const { store, engine, isBroken } = process;
  const isOpen = engine.health().kind === 'ready';
  const actions: Action[] = [];
  const add = (name: string, weight: number, run: () => void): void => {
    actions.push({ name, weight, run });
  };
  if (store.hasBatch && store.busyUntilMs <= time.steadyMs)
    add('batch', 6, () => completeBatch(scene, step));
  for (let index = 0; index < store.readsWaiting; index++) {
    add(`read ${index}`, 5, () => store.answerRead(index));
  }
  for (const [index, name] of world.deliverable.entries()) {
    add(name, 3, () => world.deliver(index));
  }
  for (const former of scene.formerOwners) addFormer(scene, former, add);
  if (isBroken) add('the process exits', 3, () => scene.crash('now', 0));
  if (isOpen) {
    for (const key of client.sendable()) {
      add(`start ${key}`, 1, () => client.send(key, engine, process));
    }
  }
  if (isOpen && chance.fraction('nobody-decides') >= 0.15) {
    for (const id of client.waiting()) {
      const index = chance.between(`event/${step}`, 0, 9);
      add(`tell ${id}`, 0.5, () => client.tell(id, index, engine, process));
    }
  }
  if (isOpen && !chance.isOrderly) add('a caller', 0.3, () => callAgain(scene, step));
  add('time passes', 1, () => passTime(scene, step));
  return actions;
}

/** The action that is taken: the first one in an orderly run, else by weight and chance. */
export function drawAction({ chance }: Scene, actions: readonly Action[], step: number) {
  if (chance.isOrderly) return actions[0];
  const total = actions.reduce((sum, action) => sum + action.weight, 0);
  let rest = chance.fraction(`step/${step}`) * total;
  return actions.find((action) => (rest -= action.weight) < 0) ?? actions.at(-1);
}

/** By how much the wall clock is set now, in milliseconds; `null`: it is left alone. */
export function drawJumpMs({ chance }: Scene, step: number): number | null {
  const jump = chance.fraction('restless-clock') < 0.15 ? 0.06 : 0.002;
  if (chance.fault(`clock/${step}`, { jump }) === null) return null;
  const isForward = chance.fraction(`jump/${step}`) < 0.5;
  const hours = chance.between(`jump-by/${step}`, 1, isForward ? 24 : 1);
  return isForward ? hours * HOUR_MS : -hours * HOUR_MS;
}

function completeBatch({ chance, process, time }: Scene, step: number): void {
  const isSlow = chance.fraction('slow-disk') < 0.1;
  const isRejecting = chance.fraction('rejecting') < 0.15;
  if (chance.fault(`disk/${step}`, { slow: isSlow ? 0.2 : 0.005 }) !== null) {
    process.store.busyUntilMs = time.steadyMs + chance.between(`slow/${step}`, 1, MAX_SLOW_MS);
    return;
  }
  const fault: BatchFault | null = chance.fault(`batch/${step}`, {
    stalled: 0.02,
    'failed-durable': 0.008,
    'failed-lost': 0.008,
    rejected: isRejecting ? 0.25 : 0,
  });
  process.store.complete(fault);
}

function passTime(scene: Scene, step: number): void {
  const { chance, process, world, client, time } = scene;
  const { clock, store } = process;
  const busyMs = store.busyUntilMs > time.steadyMs ? store.busyUntilMs : null;
  const outside = [world.nextAtMs(), client.nextAtMs(), busyMs];
  const nextMs = earliestOf([clock.nextAtMs(), ...outside]);
  if (nextMs === null) return;
  // Mostly a little, sometimes a lot: the machine was asleep, or busy with something else.
  const leap = chance.isOrderly ? 0 : chance.fraction(`leap/${step}`) ** 6;
  const idleMs = drawIdleMs(scene, step, nextMs, [clock.nextWorkAtMs(), ...outside]);
  time.passTo(nextMs + idleMs + Math.floor(leap * MAX_LEAP_MS));
  clock.runNext();
}

/** How long nothing happens but that the engine looks at the clock, each second, for days. */
function drawIdleMs(
  scene: Scene,
  step: number,
  nextMs: number,
  events: readonly (number | null)[],
): number {
  if (!scene.isIdle) return 0;
  const untilMs = earliestOf([...events, scene.nextDueMs()]);
  if (untilMs === null || untilMs <= nextMs) return 0;
  const isThere = scene.chance.isOrderly || scene.chance.fraction(`idle/${step}`) < 0.5;
  const share = isThere ? 1 : scene.chance.fraction(`idle-for/${step}`);
  return Math.floor(share * (untilMs - nextMs));
}

function earliestOf(times: readonly (number | null)[]): number | null {
  const known = times.filter((atMs) => atMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** A process that was taken for dead goes on until it notices that the disk is not its own. */
function addFormer(
  scene: Scene,
  former: EngineProcess,
  add: (name: string, weight: number, run: () => void) => void,
): void {
  const { store, clock, isBroken } = former;
  if (isBroken) return add('a former owner exits', 3, () => scene.dismiss(former));
  if (store.hasBatch) add('batch of a former owner', 3, () => store.complete(null));
  if (store.readsWaiting > 0) add('read of a former owner', 3, () => store.answerRead(0));
  const nextMs = clock.nextAtMs();
  if (nextMs !== null && nextMs <= scene.time.steadyMs) {
    add('a former owner looks at the clock', 0.5, () => clock.runNext());
  }
}

/** Somebody starts an order again, or an operator steps in. */
function callAgain(scene: Scene, step: number): void {
  const { chance, client, process } = scene;
  const { engine } = process;
  const index = chance.between(`whom/${step}`, 0, 3);
  const commands: readonly CommandName[] = ['cancel', 'cancel', 'retry', 'terminate'];
  const draw = chance.between(`what/${step}`, 0, 9);
  const settling = scene.saga.isSettledAnyhow ? ANY_WAY[draw - commands.length] : undefined;
  const name = commands[draw] ?? settling;
  if (name === 'terminate' && chance.fraction('terminates') < 0.8) return;
  if (name === undefined) client.sendAgain(index, draw === 9, engine, process);
  else client.command({ index, whose: chance.fraction(`whose/${step}`) }, name, engine, process);
}
