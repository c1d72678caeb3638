/**
 * What a verification can find, and the list it is gathered in.
 *
 * Invariant: one finding per kind and subject. The exploration goes breadth first, so the first
 * one reported has a shortest path.
 */

/** How bad: an error breaks a promise on some path, a warning deserves a look. */
export type Severity = 'error' | 'warning';

/** What is wrong, for programs. */
export type FindingKind =
  /** Nothing is live, nothing is accepted, and the saga has not ended. */
  | 'stuck'
  /** `compensation_failed` or `failed` without anything a person may do but terminate. */
  | 'no-operator-exit'
  /** A result or timer that the machine does not handle where it can arrive. */
  | 'unhandled-outcome'
  /** A guard, mapper, delay or assign throws. */
  | 'throws'
  /** The machine refuses the made-up input, so nothing could be explored. */
  | 'needs-example'
  /** Ends compensated with a step that happened, or may have. */
  | 'left-uncompensated'
  /** Ends compensated although a compensation failed. */
  | 'hidden-compensation-failure'
  /** Ends completed with a step that is not. */
  | 'completed-unfinished'
  | 'wrong-order'
  | 'double-compensation'
  | 'compensation-of-nothing'
  /** Two attempts of one step run at once. */
  | 'started-twice'
  | 'forward-while-compensating'
  /** Repeats for ever, by the clock, without a status that says so. */
  | 'endless-retry'
  /** Repeats for ever without even a delay. */
  | 'busy-loop'
  | 'no-end-reachable'
  | 'unreachable-state'
  /** A guarded transition that no example satisfied, so what follows was not looked at. */
  | 'untaken-branch'
  | 'no-compensation'
  /** An activity that never answers would hold the saga for ever. */
  | 'no-timeout'
  /** The ledger differs from what happened, or the like: a defect of Backstep itself. */
  | 'engine-defect'
  | 'too-many-states';

/** One turn of a counter-example: what came in, and where the saga then was. */
export interface PathStep {
  readonly event: string;
  readonly state: string;
}

export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** Names the place and the cure. */
  readonly message: string;
  /** From the start to where it shows; empty when it shows in the drawing alone. */
  readonly path: readonly PathStep[];
}

/** A finding before it has its path. `subject` tells it apart from others of its kind. */
export interface Fault {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly subject: string;
  readonly message: string;
}

export class Findings {
  readonly #bySubject = new Map<string, Finding>();

  /** Keeps the first of each kind and subject; an error replaces a warning. */
  add({ kind, severity, subject, message }: Fault, path: readonly PathStep[]): void {
    const key = `${kind} ${subject}`;
    const known = this.#bySubject.get(key);
    if (known !== undefined && (known.severity === 'error' || severity === 'warning')) return;
    this.#bySubject.set(key, { kind, severity, message, path });
  }

  has(kind: FindingKind, subject?: string): boolean {
    if (subject !== undefined) return this.#bySubject.has(`${kind} ${subject}`);
    return [...this.#bySubject.values()].some((finding) => finding.kind === kind);
  }

  /**
   * Errors first, each group in the order found. What the engine records of a saga that breaks a
   * rule is nobody's defect: that is only told of sound ones.
   */
  sorted(): readonly Finding[] {
    const found = [...this.#bySubject.values()];
    const isSound = found.every(({ kind, severity }) => severity === 'warning' || isOurs(kind));
    const all = isSound ? found : found.filter(({ kind }) => !isOurs(kind));
    return [
      ...all.filter(({ severity }) => severity === 'error'),
      ...all.filter(({ severity }) => severity === 'warning'),
    ];
  }
}

function isOurs(kind: FindingKind): boolean {
  return kind === 'engine-defect';
}
