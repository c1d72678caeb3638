/**
 * What the object of a saga knows of moves between hosts: which brought it, which took it away, and
 * how it stood before one that is under way. Pure.
 *
 * Invariant: what is noted of a move is never forgotten but by a way back, so that the same file
 * brings nothing a second time, and an old one nothing at all.
 */
import type { Failure } from '../../core/failure.ts';
import { moveFailure } from '../../core/turn/kept-text/moved.ts';
import type { SagaStatus } from '../../core/status.ts';
import { BackstepError } from '../../core/errors.ts';
import { startedElsewhere } from '../../host/turn/refusals.ts';
import type { PendingStartRow, SagaStanding } from '../../store/commit.ts';

/** How it stood before it began to leave. */
export interface BeforeLeaving {
  /** Without the text, which stays with the saga. */
  readonly standing: SagaStanding;
  readonly path: string;
  readonly pendingStart: PendingStartRow | null;
  readonly parkFailure: Failure | null;
}

/** One move. */
export interface MoveNote {
  readonly move: string;
  readonly phase: 'arriving' | 'here' | 'leaving' | 'gone';
  /** Where it came from, or goes to, as people call that. */
  readonly place: string;
  /** The highest seq of any database that it has been in. */
  readonly lastSeq: number;
  /** Of one that arrives: the last turn that its journal has here. */
  readonly upTo?: number;
  /** Of one that arrives: how it stands once it goes on. */
  readonly stands?: { readonly status: SagaStatus; readonly parkFailure: Failure | null };
  /** Of one that leaves, and had not ended. */
  readonly before?: BeforeLeaving;
}

/** As much of what is kept of a saga as is asked here. */
interface Moved {
  readonly moves?: readonly MoveNote[];
}

/** The move that it is in; `null`: none is under way. */
export function transitOf(facts: Moved): MoveNote | null {
  const last = facts.moves?.at(-1);
  return last?.phase === 'arriving' || last?.phase === 'leaving' ? last : null;
}

/** The move by which it has left; `null`: it is here. */
export function wayOut(facts: Moved): MoveNote | null {
  const last = facts.moves?.at(-1);
  return last?.phase === 'gone' ? last : null;
}

/** What is noted of one move. */
export function noteOf({ moves = [] }: Moved, move: string): MoveNote | null {
  return moves.find((note) => note.move === move) ?? null;
}

/** The notes with that one, in the place of what was noted of the move, or as the last. */
export function withNote({ moves = [] }: Moved, note: MoveNote): readonly MoveNote[] {
  const others = moves.filter(({ move }) => move !== note.move);
  return [...others, note];
}

/** Why it stands still while it is moved. */
export function standingStill({ move, place }: Pick<MoveNote, 'move' | 'place'>): Failure {
  return moveFailure({ kind: 'move', phase: 'leave', move, place });
}

/** Whoever repeats its start is told where it went, or that it is on its way; `null`: it is here. */
export function startRefusal(id: string, facts: Moved): BackstepError | null {
  const note = transitOf(facts) ?? wayOut(facts);
  if (note === null) return null;
  if (note.phase === 'arriving') {
    const message = `its key started saga ${id}, which is on its way here, by move ${note.move}`;
    return new BackstepError('conflict', `${message}; try again later`);
  }
  return startedElsewhere(id, { ...note, isGone: note.phase === 'gone' });
}
