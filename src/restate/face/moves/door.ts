/**
 * What moves sagas, as its programs reach it: Restate's two ports, and the object of the move that
 * hands on whatever has its ticket, see move-object.ts.
 *
 * Invariant: of two processes that have the same move in hand, the one that came last goes on.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { BackstepError } from '../../../core/errors.ts';
import { assertHttpUrl } from '../../../core/http-url.ts';
import { pause, systemClock } from '../../../host/clock.ts';
import { Admin, newestServing, quoted } from '../admin.ts';
import { Ingress } from '../ingress.ts';
import type { KeptSaga } from '../../kept-saga.ts';
import { SERVICES } from '../../names.ts';
import { answerOf, doneOf } from '../../words.ts';
import { HELD, type HeldCall, type MoveHandler, TICKET } from '../../moves/move-words.ts';

/** Which Restate sagas leave or come to. */
export interface RestateAt {
  /** Where it takes calls, such as `http://localhost:8080`. */
  readonly ingress: string;
  /** Its admin port, such as `http://localhost:9070`. */
  readonly admin: string;
}

const TICKET_BYTES = 16;
/** As the object of a saga gives it. */
const WHOLE = z.object({ facts: z.looseObject({}), text: z.string(), held: HELD }).nullable();
/** What is put into an object's state is there a moment later. */
const TRIES = 200;
const PAUSE_MS = 50;
const AWAKE_MS = 60_000;

/** All that is kept of a saga. */
export interface WholeSaga extends KeptSaga {
  readonly held: readonly HeldCall[];
}

/** A move that this process has in hand. */
export interface Door {
  readonly admin: Admin;
  readonly ingress: Ingress;
  /** As people may see it, and known again by on this machine. */
  readonly name: string;
  /** Asks a saga. Throws what it refuses, and `unavailable`. */
  ask<Done>(
    saga: string,
    handler: MoveHandler,
    words: object,
    shape: z.ZodType<Done>,
  ): Promise<Done>;
  /** All that is kept of a saga. Throws `not-found` and `unavailable`. */
  whole(saga: string): Promise<WholeSaga>;
}

/** Its admin port, asked directly. Throws `input-invalid` where either address is none. */
export function adminAt({ ingress, admin }: RestateAt): Admin {
  for (const url of [ingress, admin]) assertHttpUrl(url);
  return new Admin(admin);
}

/** Opens it, works, and closes it. Throws `unavailable` and `storage-refused`. */
export async function throughDoor<Result>(
  at: RestateAt,
  move: string,
  work: (door: Door) => Promise<Result>,
): Promise<Result> {
  const admin = adminAt(at);
  const ingress = new Ingress(at.ingress, systemClock);
  const name = `Restate at ${new URL(at.ingress).origin}`;
  await assertServed(admin, name);
  const ticket = randomBytes(TICKET_BYTES).toString('hex');
  const pass = async (saga: string, handler: MoveHandler, words: object): Promise<unknown> => {
    const once = randomBytes(TICKET_BYTES).toString('hex');
    const to = { service: SERVICES.move, key: move, handler: 'pass', once };
    return ingress.ask(to, { ticket, saga, handler, words });
  };
  const ours = JSON.stringify(ticket);
  await admin.setState(SERVICES.move, move, { [TICKET]: ours });
  // Timers of the clock keep no process alive, and this one must not end while it waits for Restate.
  const awake = setInterval(() => {}, AWAKE_MS);
  try {
    await knock(() => pass(move, 'whole', {}));
    return await work({
      admin,
      ingress,
      name,
      ask: async (saga, handler, words, shape) =>
        doneOf(answerOf(shape).parse(await pass(saga, handler, words))),
      whole: async (saga) => {
        const kept = WHOLE.parse(await pass(saga, 'whole', {}));
        // Its own object wrote it, and checks it whenever it loads it.
        if (kept !== null) return kept as unknown as WholeSaga;
        throw new BackstepError('not-found', `no saga with id "${saga}"`);
      },
    });
  } finally {
    clearInterval(awake);
    await letGo(admin, move, ours);
  }
}

/**
 * Takes the ticket away, unless by now it is that of a process that came later. Never throws: what came
 * of the work is told, and nobody knows a ticket that stays.
 */
async function letGo(admin: Admin, move: string, ours: string): Promise<void> {
  try {
    const [row] = await admin.query(`SELECT value_utf8 AS ticket FROM state
      WHERE service_name = ${quoted(SERVICES.move)} AND service_key = ${quoted(move)}
      AND key = ${quoted(TICKET)}`);
    if (row?.['ticket'] === ours) await admin.setState(SERVICES.move, move, {});
  } catch {
    // Restate is away.
  }
}

// Nobody has a saga that is called like a move, so that an answer means that the ticket is there.
async function knock(ask: () => Promise<unknown>): Promise<void> {
  for (let left = TRIES; (await ask()) !== null; left -= 1) {
    if (left === 0) throw new BackstepError('unavailable', 'another process has this move in hand');
    await pause(systemClock, PAUSE_MS);
  }
}

async function assertServed(admin: Admin, name: string): Promise<void> {
  const deployments = await admin.deployments();
  const missing = [
    [SERVICES.move, 'workers of this version: deploy them'],
    [SERVICES.journal, 'a face, which writes journals: start it'],
  ] as const;
  for (const [service, what] of missing) {
    if (newestServing(deployments, service) !== null) continue;
    throw new BackstepError('storage-refused', `${name}: it has no ${what}`);
  }
}
