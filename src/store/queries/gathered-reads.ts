/**
 * Reads of single rows that share statements: what is asked for while one is out goes with the next.
 *
 * A lone read waits for nothing. Invariant: whoever asks is told of its own row only; one that cannot be
 * read makes no other fail.
 */
import { isPassing } from '../../core/errors.ts';

/** Rows of one statement; a state may be large. */
const MOST_AT_ONCE = 64;

interface Asked<Key, Row> {
  readonly key: Key;
  readonly resolve: (row: Row | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads one row by its key; `null`: there is none. `read` is given from 1 to 64 keys, whose number is a
 * power of two so that there are few statements to prepare; one may stand in there more than once.
 */
export function gatheredReads<Key, Row>(
  read: (keys: readonly Key[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Key,
): (key: Key) => Promise<Row | null> {
  let waiting: Asked<Key, Row>[] = [];
  let isReading = false;

  async function readAll(): Promise<void> {
    while (waiting.length > 0) {
      const asked = waiting.slice(0, MOST_AT_ONCE);
      waiting = waiting.slice(MOST_AT_ONCE);
      await answer(asked);
    }
    isReading = false;
  }

  async function answer(asked: readonly Asked<Key, Row>[]): Promise<void> {
    try {
      const keys = asked.map(({ key }) => key);
      const rows = await read(filledUp(keys));
      const byKey = new Map(rows.map((row) => [keyOf(row), row]));
      for (const { key, resolve } of asked) resolve(byKey.get(key) ?? null);
    } catch (error) {
      if (asked.length === 1 || isPassing(error)) for (const { reject } of asked) reject(error);
      else for (const one of asked) await answer([one]);
    }
  }

  return (key) => {
    const { promise, resolve, reject } = Promise.withResolvers<Row | null>();
    waiting.push({ key, resolve, reject });
    if (!isReading) {
      isReading = true;
      queueMicrotask(() => void readAll()); // what the same turn of the loop asks for goes along
    }
    return promise;
  };
}

/** As many keys as a power of two, so that there are few statements to prepare. */
export function filledUp<Key>(keys: readonly Key[]): readonly Key[] {
  const [first] = keys;
  const count = 2 ** Math.ceil(Math.log2(keys.length));
  if (first === undefined || count === keys.length) return keys;
  return [...keys, ...Array.from({ length: count - keys.length }, () => first)];
}
