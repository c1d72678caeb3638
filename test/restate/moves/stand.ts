/** A Restate to which sagas of a file are moved, or from which they come. */
import { onTestFinished } from 'vitest';
import type { Backstep } from '../../../src/host/backstep.ts';
import { importToRestate } from '../../../src/restate/face/moves/moving.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { type Register, Stage } from '../stage.ts';
import type { Trips } from './trips.ts';

/** Restate with one worker and a face. */
export interface Stand {
  readonly stage: Stage;
  readonly face: Backstep;
  /** Of the face. */
  readonly database: string;
  readonly at: { readonly ingress: string; readonly admin: string };
}

export async function standOf(register: Register): Promise<Stand> {
  const stage = await Stage.open(register);
  const database = temporaryDatabase();
  const face = await stage.face(database);
  const { ingress, admin } = stage.server;
  return { stage, face, database, at: { ingress, admin } };
}

/** Brings a file to it. */
export function bring({ at }: Pick<Stand, 'at'>, from: string) {
  return importToRestate({ ...at, from });
}

/** The embedded host over a database. */
export async function embedded(database: string, trips: Trips): Promise<Backstep> {
  const backstep = await openBackstep({ database });
  onTestFinished(() => backstep.stop({ within: 0 }));
  trips.register(backstep);
  await backstep.start();
  return backstep;
}
