/**
 * Which version of its definition each record of a saga's journal was written under: between two
 * migrations one and the same, told by the migration that ended it.
 *
 * Pure.
 */
import type { SagaDefinition } from '../define/definition.ts';
import type { JournalRecord } from '../turn/inbound.ts';

/** The definition of a version of the saga's type; `undefined`: nobody has it any more. */
export type VersionLookup = (version: number) => SagaDefinition | undefined;

/** A record's version, as the records around it tell. */
export interface RecordVersion {
  /** `null`: the one that the saga runs under now. */
  readonly version: number | null;
  /** The drawing was edited since under the same version: it may not replay with the present one. */
  readonly isEdited: boolean;
  readonly definition: SagaDefinition | undefined;
}

/** Only what is asked of a record. */
type Placed = Pick<JournalRecord, 'sagaSeq' | 'inbound'>;

/**
 * The version of every record, by its `sagaSeq`.
 *
 * @param current what the saga runs under now, and so what its last records were written under
 */
export function versionsAlong(
  records: readonly Placed[],
  current: SagaDefinition | undefined,
  older: VersionLookup,
): (sagaSeq: number) => RecordVersion {
  const endings = records.flatMap(({ sagaSeq, inbound }) =>
    inbound.kind === 'migrate'
      ? [{ sagaSeq, version: inbound.from, isEdited: inbound.from === inbound.to }]
      : [],
  );
  return (sagaSeq) => {
    // A migration is written under the version that it leads to.
    const ending = endings.find((each) => each.sagaSeq > sagaSeq);
    if (ending === undefined) return { version: null, isEdited: false, definition: current };
    const { version, isEdited } = ending;
    const definition = current?.version === version ? current : older(version);
    return { version, isEdited, definition };
  };
}
