/**
 * The stored text of a saga with the results in it that only its journal has.
 *
 * Pure. Invariant: what comes out holds all that a saga needs to go on, and reads like the state that
 * was encoded; where a line is missing or damaged nothing comes out.
 */
import { BackstepError } from '../errors.ts';
import { type InRow, IN_JOURNAL, type StoredState } from './codec.ts';
import { resultsIn } from './from-journal.ts';
import { dataOfLine, type JournalLine } from './replay.ts';

/** What is needed of a line of the journal. */
export type ResultLine = Pick<JournalLine, 'sagaSeq' | 'cause' | 'data' | 'format'>;

/** A text that wants for results. */
export interface Wanting {
  /** Of the lines that have them, each once. */
  readonly sagaSeqs: readonly number[];
  /** The whole text, which `parseStored` takes; `null` where the lines do not have them. */
  with(lines: readonly ResultLine[]): string | null;
}

/** What a text wants for; `null`: nothing, or it is damaged, which whoever parses it is told. */
export function wantingIn(text: string): Wanting | null {
  if (!text.startsWith(IN_JOURNAL)) return null;
  let row: InRow;
  try {
    row = JSON.parse(text) as InRow; // looked at by `parseStored` once it is whole
  } catch {
    return null;
  }
  const { inJournal, ...stored } = row;
  const wanted = Object.entries(inJournal);
  return {
    sagaSeqs: [...new Set(wanted.map(([, [seq]]) => seq))],
    with: (lines) => {
      const outputs = new Map(lines.map((line) => [line.sagaSeq, line] as const));
      try {
        const found = wanted.map(([name, [seq]]) => [name, outputOf(outputs.get(seq))] as const);
        return whole(stored, inJournal, Object.fromEntries(found));
      } catch (error) {
        if (error instanceof BackstepError) return null;
        throw error;
      }
    },
  };
}

function whole(
  stored: StoredState,
  fromJournal: InRow['inJournal'],
  outputs: Readonly<Record<string, unknown>>,
): string {
  const { machine } = stored;
  const results = { ...resultsIn(machine.context), ...outputs };
  const context = { ...(machine.context as object), results };
  return JSON.stringify({ fromJournal, ...stored, machine: { ...machine, context } });
}

function outputOf(line: ResultLine | undefined): unknown {
  const inbound = line === undefined ? undefined : dataOfLine(line).inbound;
  if (inbound?.kind === 'result' && inbound.outcome.kind === 'done') return inbound.outcome.output;
  throw new BackstepError('state-unreadable', 'the journal line of a result is missing');
}
