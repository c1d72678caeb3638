/**
 * A host as the conformance suite sees it: something that runs sagas for a while, can be deployed
 * anew, and leaves a database behind.
 */
import type { Duration } from '../../src/core/duration.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import type { Capabilities, CapabilityName } from '../../src/host/capabilities.ts';
import type { StoredDatabase } from '../../src/store/stored-sagas.ts';

/** Binds the sagas of a case, at everything that has to know them. */
export type Register = (backstep: Pick<Backstep, 'register'>) => void;

/** What is deployed, beside the sagas. */
export interface Deployment {
  /** How long ended sagas are kept. Default: for ever. */
  readonly keepEndedFor?: Duration;
}

export interface Host {
  readonly name: string;
  /** As `describe`; leaves out what the machine has no means for and the person said so. */
  readonly describe: (name: string, tests: () => void) => void;
  /** A place of its own for a case; what is in it goes when the test ends. */
  place(): Promise<Place>;
  /** What it can and cannot promise. */
  readonly capabilities: Capabilities;
  /** Of what it promises less by a choice of the user: cases of that are tried of it elsewhere. */
  readonly chosenLess?: readonly CapabilityName[];
}

/** Where one case runs. */
export interface Place {
  /** Starts what runs sagas. */
  open(register: Register, deployment: Deployment): Promise<Backstep>;
  /** Ends it in good order, so that another one can be opened over the same database. */
  close(): Promise<void>;
  /** Resolves once nothing moves any more but what waits for a time or for an event. */
  rest(): Promise<void>;
  /** What every turn was written to. */
  readonly database: StoredDatabase;
}
