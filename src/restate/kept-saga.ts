/**
 * A saga as its object keeps it: one value, so that a reader never sees half of a turn.
 *
 * The text of the state stands unchanged behind one line of JSON. Inside of that JSON each quote in
 * it would be escaped, which makes it a fifth longer.
 */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { Failure } from '../core/failure.ts';
import { SAGA_STATUSES, type SagaStatus } from '../core/status.ts';
import type { StartHold } from '../core/turn/inbound.ts';
import type { ParentLink } from '../core/turn/parent-link.ts';
import type { StoredText } from '../host/versions/version-standing.ts';
import { parkedRecord } from '../host/turn/projection.ts';
import type { TurnRecord } from '../store/commit.ts';
import type { MoveNote } from './moves/move-notes.ts';
import { type StoredWords, WATCH, type Watch } from './words.ts';

/** A saga that begins, its input parsed. */
export interface NewSaga {
  readonly input: unknown;
  readonly key: string | null;
  readonly inputHash: string;
  readonly hold: StartHold | null;
  readonly parent: ParentLink | null;
  /** The `traceparent` of whoever asked for it. */
  readonly trace: string | null;
}

/** By which its object keeps the saga. */
export const SAGA = 's';

/** Where a saga of a bounded type stands at the gate of its type. */
export type GatePlace = 'none' | 'waits' | 'holds';

/** What is kept beside the text of the state. */
export interface KeptFacts {
  readonly type: string;
  readonly version: number;
  readonly definitionHash: string;
  /** In which form the text is written. */
  readonly format: number;
  readonly status: SagaStatus;
  readonly seq: number;
  /** Start key; `null`: none. */
  readonly key: string | null;
  readonly inputHash: string;
  /** Time of its last turn: no later turn has an earlier one, whatever clocks say. */
  readonly atMs: number;
  /** When the earliest call under way that wakes it is due; `null`: there is none. */
  readonly wakeMs: number | null;
  /** Who waits for its end. */
  readonly watch: Watch | null;
  readonly gate: GatePlace;
  /** Why it is parked, where its text does not say so. */
  readonly parkFailure: Failure | null;
  /** Moves between hosts that it has been in, the last one last; absent: none. */
  readonly moves?: readonly MoveNote[];
}

/** What is not said by the state: where it is known before the state is. */
export type OwnFacts = Omit<KeptFacts, 'format' | 'status' | 'seq' | 'parkFailure'>;

/** Those facts without the others that may stand beside them. */
export function ownFactsOf(known: OwnFacts): OwnFacts {
  const { type, version, definitionHash, key, inputHash, atMs, wakeMs, watch, gate, moves } = known;
  const own = { type, version, definitionHash, key, inputHash, atMs, wakeMs, watch, gate };
  return moves === undefined ? own : { ...own, moves };
}

export interface KeptSaga {
  readonly facts: KeptFacts;
  readonly text: string;
}

/** What is left of a saga that was removed: its start key, and how it ended. */
export const TOMB = z.object({
  inputHash: z.string(),
  endedAs: z.enum(SAGA_STATUSES),
  /** Where it went, of one that was moved. */
  way: z.object({ move: z.string(), place: z.string() }).exactOptional(),
});
/** Which saga a start key names that came from another host, where ids are not made of keys. */
export const FORWARD = z.object({ inputHash: z.string(), saga: z.string() });
/** What a start finds where there is no saga. */
export type KnownKey = z.infer<typeof TOMB> | z.infer<typeof FORWARD>;

const facts = z.looseObject({ type: z.string(), seq: z.int(), watch: WATCH.nullable() });

/** How the value is written. */
export const keptSaga = {
  contentType: 'application/octet-stream',
  serialize: ({ facts: kept, text }: KeptSaga): Uint8Array =>
    Buffer.from(`${JSON.stringify(kept)}\n${text}`),
  deserialize: (bytes: Uint8Array): KeptSaga => {
    const whole = Buffer.from(bytes).toString();
    const end = whole.indexOf('\n');
    const parsed: unknown = facts.parse(JSON.parse(whole.slice(0, end)));
    return { facts: parsed as KeptFacts, text: whole.slice(end + 1) };
  },
};

/** The saga as what opens stored sagas takes it. */
export function textOf(id: string, { facts: kept, text }: KeptSaga): StoredText {
  const { type, version, definitionHash, format, status, seq } = kept;
  return { id, type, version, definitionHash, format, status, seq, state: text };
}

/** The same for callers of the ingress. */
export function wordsOf({ facts: kept, text }: KeptSaga): StoredWords {
  const { type, version, definitionHash, format, status, seq, parkFailure } = kept;
  return { type, version, definitionHash, format, status, seq, state: text, parkFailure };
}

/** Parks a saga that cannot be opened: its text stays as it is, see `parkedRecord`. */
export function parkedAsItIs(
  { facts: kept, text }: KeptSaga,
  failure: Failure,
  nowMs: number,
): { readonly kept: KeptSaga; readonly record: TurnRecord } {
  const stored = { seq: kept.seq, state: text, checksum: crc32(text) };
  const record = parkedRecord(stored, failure, nowMs);
  const { seq, status } = record.saga;
  const after = { ...kept, seq, status, parkFailure: failure, atMs: nowMs };
  return { kept: { facts: after, text }, record };
}
