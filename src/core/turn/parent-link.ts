/** The tie between a saga and the one that started it as its child. */

/** The saga that started this one, and for which step. */
export interface ParentLink {
  readonly sagaId: string;
  readonly step: string;
  /** The actor that this saga is to its parent, where that hears of every snapshot of it. */
  readonly shows?: { readonly activity: string; readonly token: number };
  /** The trace of the parent, which is its child's too; see core/traceparent.ts. */
  readonly trace?: string;
}

/** What a saga knows of its trace. */
export interface Traced {
  /** The `traceparent` that it was started with. */
  readonly trace: string | null;
  readonly parent: ParentLink | null;
}

/** The `traceparent` of a saga, which a child has from its parent; `null`: it is in no trace. */
export function traceOf({ trace, parent }: Traced): string | null {
  return trace ?? parent?.trace ?? null;
}

/** The tie of a child that begins to the saga that starts it. */
export function parentLink(
  parent: Traced & { readonly id: string },
  step: string,
  shows: ParentLink['shows'],
): ParentLink {
  const trace = traceOf(parent);
  return {
    sagaId: parent.id,
    step,
    ...(shows === undefined ? {} : { shows }),
    ...(trace === null ? {} : { trace }),
  };
}

/**
 * The id of the child that a step runs: the same over attempts and restarts, so that starting it
 * again finds the child that is there; another one for each occurrence of the step.
 */
export function childSagaId(parentId: string, step: string, occurrence: number): string {
  return `${parentId}.${step}.${occurrence}`;
}
