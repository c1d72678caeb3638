/**
 * What a verification can find, and the list it is gathered in.
 *
 * Invariant: one finding per code and subject. The exploration goes breadth first, so the first
 * one reported has a shortest way.
 */
import { customerWords, type FindingCode } from './finding-codes.ts';

/** How bad: an error breaks a promise on some path, a warning deserves a look. */
export type Severity = 'error' | 'warning';

/** One turn of a counter-example. */
export interface WayStep {
  /** What came in: `start`, `charge: refused`, `timer deadline`, `command cancel`. */
  readonly event: string;
  /** Where the saga then was; regions of a parallel state are joined by ` + `. */
  readonly state: string;
  /** The drawn transitions it took, each as `<id of a state> → <id of a state>`. */
  readonly takes: readonly string[];
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What may happen to a customer, in one sentence. */
  readonly customer: string;
  /** From the start to where it shows, a shortest one; empty when the drawing alone shows it. */
  readonly way: readonly WayStep[];
  /** What to change. */
  readonly cure: string;
  /** The step, state or value that it is about. */
  readonly where: string;
  /** What the machine does, for the author of the saga. */
  readonly what: string;
}

/** A finding before it has its way. `subject` tells it apart from others of its code. */
export interface Fault {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly subject: string;
  readonly where: string;
  readonly what: string;
  readonly cure: string;
}

export class Findings {
  readonly #bySubject = new Map<string, Finding>();

  /** Keeps the first of each code and subject; an error replaces a warning. */
  add({ code, severity, subject, where, what, cure }: Fault, way: readonly WayStep[]): void {
    const key = `${code} ${subject}`;
    const known = this.#bySubject.get(key);
    if (known !== undefined && (known.severity === 'error' || severity === 'warning')) return;
    const customer = customerWords(code, where);
    this.#bySubject.set(key, { code, severity, customer, way, cure, where, what });
  }

  has(code: FindingCode, subject?: string): boolean {
    if (subject !== undefined) return this.#bySubject.has(`${code} ${subject}`);
    return [...this.#bySubject.values()].some((finding) => finding.code === code);
  }

  /**
   * Errors first, each group in the order found. What the engine records of a saga that breaks a
   * rule is nobody's defect: that is only told of sound ones.
   */
  sorted(): readonly Finding[] {
    const found = [...this.#bySubject.values()];
    const isSound = found.every(({ code, severity }) => severity === 'warning' || isOurs(code));
    const all = isSound ? found : found.filter(({ code }) => !isOurs(code));
    return [
      ...all.filter(({ severity }) => severity === 'error'),
      ...all.filter(({ severity }) => severity === 'warning'),
    ];
  }
}

function isOurs(code: FindingCode): boolean {
  return code === 'engine-defect';
}
