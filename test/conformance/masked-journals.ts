/**
 * Journals without what differs from one run to the next, so that those of two hosts can be compared:
 * ids of sagas and of events are numbered as they come, times are left out.
 */
import { type StoredDatabase, openStoredSagas } from '../../src/store/stored-sagas.ts';

const TIME = /(?:At|due|Due)?Ms$/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** The delivery key of what one saga says to another: each host has its own way to make it unique. */
const MESSAGE = /\bmessage-[\w.-]+/g;
/** Restate keeps a state whole: it names no lines of the journal that have its results. */
const LENGTH = /\bstate of \d+ characters/g;

/** The lines of each saga by its masked id. */
export async function maskedJournals(
  database: StoredDatabase,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const stored = await openStoredSagas(database);
  try {
    const sagas = [];
    for await (const { row, journal } of stored.sagas()) {
      sagas.push({ id: row.id, type: row.type, lines: [...journal] });
    }
    const mask = masking(sagas);
    return Object.fromEntries(
      sagas.map(({ id, lines }) => [
        mask(id),
        lines.map(({ saga_seq, kind, cause, event, from_state, to_state, status, data }) =>
          mask(
            JSON.stringify([
              saga_seq,
              [kind, cause, event, from_state, to_state, status],
              JSON.parse(data, withoutTimes),
            ]),
          ),
        ),
      ]),
    );
  } finally {
    await stored.close();
  }
}

/** Sagas by type and the order of their start; the id of a child begins with that of its parent. */
function masking(
  sagas: readonly { readonly id: string; readonly type: string }[],
): (text: string) => string {
  const counts = new Map<string, number>();
  const names = sagas.map(({ id, type }): [string, string] => {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    return [id, `${type}-${count}`];
  });
  const longestFirst = names.toSorted(([a], [b]) => b.length - a.length);
  return (text) =>
    longestFirst
      .reduce((masked, [id, name]) => masked.replaceAll(id, name), text)
      .replace(MESSAGE, 'message')
      .replace(LENGTH, 'state of many characters')
      .replace(UUID, 'id');
}

function withoutTimes(this: unknown, key: string, value: unknown): unknown {
  // The encoded state that a migration left: what it makes of a saga is told by the lines after it.
  if (key === 'state' && typeof value === 'string') return 'state';
  return TIME.test(key) ? 0 : value;
}
