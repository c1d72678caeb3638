/** The tie between a saga and the one that started it as its child. */

/** The saga that started this one, and for which step. */
export interface ParentLink {
  readonly sagaId: string;
  readonly step: string;
  /** The actor that this saga is to its parent, where that hears of every snapshot of it. */
  readonly shows?: { readonly activity: string; readonly token: number };
}

/**
 * The id of the child that a step runs: the same over attempts and restarts, so that starting it
 * again finds the child that is there; another one for each occurrence of the step.
 */
export function childSagaId(parentId: string, step: string, occurrence: number): string {
  return `${parentId}.${step}.${occurrence}`;
}
