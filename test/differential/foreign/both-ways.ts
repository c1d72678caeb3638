/**
 * A machine of somebody else, live and durable, with its own actors. Timers of the program's move
 * with the same clock on both sides.
 */
import { vi } from 'vitest';
import { createActor } from 'xstate';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { BackstepError } from '../../../src/core/errors.ts';
import { openTestEngine, type TestEngine } from '../../../src/testing/test-engine.ts';
import type { Watched } from './watched.ts';

/** What anybody can see of it at one moment. */
export interface Sight {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
}

/** What came of it. */
export interface Course {
  /** After the start, and after everything that happened. */
  readonly sights: readonly Sight[];
  /** What threw, or was refused, in the order of it. */
  readonly complaints: readonly string[];
}

/** A span of time is passed in at most so many pieces. */
const MOST_PIECES = 60;
/** Rounds of the event loop after which whatever needs no time is done. */
const ROUNDS = 12;
/** More than any machine has activities: the engine does not wait for those that wait for time. */
const ANY_NUMBER = 1_000;

export async function liveCourse({ machine, input, happened }: Watched): Promise<Course> {
  const [sights, complaints]: [Sight[], string[]] = [[], []];
  const complain = (error: unknown): void => void complaints.push(textOf(error));
  fakeTimers();
  try {
    const actor = createActor(machine, { input });
    actor.subscribe({ error: complain });
    actor.start();
    await pass(1);
    sights.push(sightOf(actor.getSnapshot()));
    for (const it of happened) {
      if (it.kind === 'time') await pass(it.spanMs);
      else if (actor.getSnapshot().status === 'active') actor.send(it.event);
      await pass(0);
      sights.push(sightOf(actor.getSnapshot()));
    }
    actor.stop();
  } catch (error) {
    complain(error);
  } finally {
    vi.useRealTimers();
  }
  return { sights, complaints };
}

/** @param isRestarted the process dies before everything that happens, and another one goes on */
export async function durableCourse(
  { input, happened }: Watched,
  definition: SagaDefinition,
  isRestarted: boolean,
): Promise<Course> {
  const [sights, complaints]: [Sight[], string[]] = [[], []];
  const complain = (error: unknown): void => void complaints.push(textOf(error));
  fakeTimers();
  const engine = await openTestEngine(definition, { activities: {}, hanging: ANY_NUMBER });
  try {
    const id = await engine.spawn(input);
    const look = async (): Promise<void> => {
      const state = await engine.backstep.saga(id).state();
      if (state === null) throw new Error('the saga is gone');
      if (state.parkReason !== null) complain(state.parkReason.message);
      sights.push(sightOf(state.snapshot));
    };
    await pass(1, engine);
    await look();
    for (const it of happened) {
      if (isRestarted) await engine.crash();
      if (it.kind === 'time') await pass(it.spanMs, engine);
      else await engine.send(id, it.event).catch(complain);
      await pass(0, engine);
      await look();
    }
    await engine.story(id);
  } catch (error) {
    complain(error);
  } finally {
    vi.useRealTimers();
    engine.close();
  }
  return { sights, complaints };
}

function fakeTimers(): void {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const;
  vi.useFakeTimers({ now: 0, toFake: [...toFake] });
}

async function pass(spanMs: number, engine?: TestEngine): Promise<void> {
  const pieces = Math.min(MOST_PIECES, Math.ceil(spanMs));
  for (let piece = 1; piece <= pieces; piece++) {
    const pieceMs =
      Math.round((spanMs * piece) / pieces) - Math.round((spanMs * (piece - 1)) / pieces);
    const moved = engine?.advance(pieceMs);
    await vi.advanceTimersByTimeAsync(pieceMs);
    await quiet();
    await moved;
  }
  await quiet();
}

async function quiet(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await vi.advanceTimersByTimeAsync(0);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

function sightOf({ status, value, context, output }: Sight): Sight {
  const [seenContext, seenOutput] = [context, output].map((each) => seen(each));
  return { status, value, context: seenContext, output: seenOutput };
}

/** As it reads: an error by its name and message, an actor as one, without what JSON leaves out. */
function seen(value: unknown, above: readonly object[] = []): unknown {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null)
    return Number.isNaN(value) ? null : (value ?? null);
  if (above.includes(value)) return 'a circle';
  if (value instanceof Error) return { name: value.name, message: value.message };
  if ('send' in value && 'id' in value) return 'an actor';
  const inside = [...above, value];
  if (Array.isArray(value)) return value.map((each: unknown) => seen(each, inside));
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, seen(member, inside)]));
}

function textOf(error: unknown): string {
  if (error instanceof BackstepError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
