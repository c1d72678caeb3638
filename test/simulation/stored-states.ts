/**
 * Stored states as the oracles read them: the parts of a state's text, read for themselves. The
 * last text of each saga is kept, for whoever asks about the turn after.
 */
import { inFull } from '../../src/core/history/codec.ts';
import type { SagaState } from '../../src/core/state.ts';

/** The parts that the oracles look at. */
export interface StoredParts extends Pick<SagaState, 'live' | 'steps' | 'status' | 'seq'> {
  /** Absent while it is not parked. */
  readonly parkReason?: SagaState['parkReason'];
  /** Absent while no person has settled the saga. */
  readonly resolution?: SagaState['resolution'];
  readonly machine: {
    readonly context: { readonly input?: unknown };
    readonly output?: unknown;
    /** Of the machine, as XState has it. */
    readonly status?: string;
  };
}

interface StoredText {
  readonly sid: number;
  readonly state: string;
}

export class StoredStates {
  readonly #read = new Map<number, { readonly state: string; readonly parts: StoredParts }>();

  of({ sid, state }: StoredText): StoredParts {
    const known = this.#read.get(sid);
    if (known?.state === state) return known.parts;
    const parts = inFull(JSON.parse(state)) as StoredParts;
    this.#read.set(sid, { state, parts });
    return parts;
  }

  /** Spares the reading of a text that the replayed state was found to give as well. */
  keep({ sid, state }: StoredText, replayed: SagaState): void {
    const machine: StoredParts['machine'] = replayed.snapshot;
    this.#read.set(sid, { state, parts: { ...replayed, machine } });
  }
}

/** Settled by a person, so that nobody needs to look at it any more. */
export function isResolved({ resolution }: StoredParts): boolean {
  return resolution !== undefined && resolution !== null;
}
