/**
 * What moves sagas, as its programs reach it: Restate's two ports, and the object of the move that
 * hands on whatever has its ticket, see move-object.ts.
 *
 * Invariant: of two processes that have the same move in hand, the one that came last goes on.
 */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { BackstepError } from '../../core/errors.ts';
import { pause, systemClock } from '../../host/clock.ts';
import { Admin, newestServing } from '../face/admin.ts';
import { Ingress } from '../face/ingress.ts';
import { SERVICES } from '../names.ts';
import { answerOf, doneOf } from '../words.ts';
import { type MoveHandler, TICKET } from './move-words.ts';

/** Which Restate sagas leave or come to. */
export interface RestateAt {
  /** Where it takes calls, such as `http://localhost:8080`. */
  readonly ingress: string;
  /** Its admin port, such as `http://localhost:9070`. */
  readonly admin: string;
}

const TICKET_BYTES = 16;
/** What is put into an object's state is there a moment later. */
const TRIES = 200;
const PAUSE_MS = 50;

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
}

/** Opens it, works, and closes it. Throws `unavailable` and `storage-refused`. */
export async function throughDoor<Result>(
  at: RestateAt,
  move: string,
  work: (door: Door) => Promise<Result>,
): Promise<Result> {
  const admin = new Admin(at.admin);
  const ingress = new Ingress(at.ingress, systemClock);
  const name = `Restate at ${new URL(at.ingress).href}`;
  await assertServed(admin, name);
  const ticket = randomBytes(TICKET_BYTES).toString('hex');
  const pass = async (saga: string, handler: MoveHandler, words: object): Promise<unknown> => {
    const once = randomBytes(TICKET_BYTES).toString('hex');
    const to = { service: SERVICES.move, key: move, handler: 'pass', once };
    return ingress.ask(to, { ticket, saga, handler, words });
  };
  await admin.setState(SERVICES.move, move, { [TICKET]: JSON.stringify(ticket) });
  try {
    await knock(() => pass(move, 'whole', {}));
    return await work({
      admin,
      ingress,
      name,
      ask: async (saga, handler, words, shape) =>
        doneOf(answerOf(shape).parse(await pass(saga, handler, words))),
    });
  } finally {
    await admin.setState(SERVICES.move, move, {});
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
