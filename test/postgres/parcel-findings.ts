/** What a database and a file of effects show of parcels at the end of a run. */
import { readFileSync } from 'node:fs';
import type pg from 'pg';
import type { SentParcel } from './parcel-clients.ts';
import type { Effect } from './parcel-process.ts';

/** Which session wrote each line of the journal. */
export const NOTE_WRITERS = `
  CREATE TABLE writers (seq bigint, writer text);
  CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO public.writers VALUES (NEW.seq, current_setting('application_name'));
      RETURN NULL;
    END $$;
  CREATE TRIGGER note_writer AFTER INSERT ON backstep.journal
    FOR EACH ROW EXECUTE FUNCTION note_writer()`;

/** Sagas, journal and writers that are not as they should be. */
export async function sagasIn(client: pg.Client) {
  const unshipped = await client.query<{ id: string }>(
    `SELECT id FROM backstep.sagas WHERE status <> 'completed'`,
  );
  const twice = await client.query<{ name: string }>(
    `SELECT key AS name FROM backstep.sagas GROUP BY key HAVING count(*) > 1 OR key IS NULL`,
  );
  const journal = await one(
    client,
    `SELECT max(seq) - count(DISTINCT seq) AS gaps, count(*) - count(DISTINCT seq) AS doubles,
      count(*) - (SELECT count(*) FROM writers) AS unnoted
      FROM backstep.journal`,
  );
  if (Number(journal['unnoted']) !== 0) throw new Error('it was not noted who wrote each line');
  const runs = await client.query<{ writer: string }>(
    `SELECT writer FROM (SELECT writer, seq, lag(writer) OVER (ORDER BY seq) AS before
      FROM writers) AS lines WHERE before IS DISTINCT FROM writer ORDER BY seq`,
  );
  const writers = runs.rows.map(({ writer }) => writer);
  return {
    unshipped: unshipped.rows.map(({ id }) => id),
    startedTwice: twice.rows.map(({ name }) => name),
    gapsInJournal: Number(journal['gaps']) + Number(journal['doubles']),
    writersThatCameBack: writers.filter((writer, index) => writers.indexOf(writer) < index),
  };
}

/** Calls of one activity for one parcel have one idempotency key, however many there are. */
export function effectsIn(file: string, sent: readonly SentParcel[]) {
  const keys = new Map<string, Set<string>>();
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const { activity, parcel, key } = JSON.parse(line) as Effect;
    const effect = `${activity} ${parcel}`;
    keys.set(effect, (keys.get(effect) ?? new Set()).add(key));
  }
  const wanted = sent.flatMap(({ name }) => [`book ${name}`, `ship ${name}`]);
  return {
    doneUnderTwoKeys: [...keys].filter(([, { size }]) => size > 1).map(([effect]) => effect),
    notDone: wanted.filter((effect) => !keys.has(effect)),
  };
}

/** How many lines are not where they belong, of those up to `last`. */
export function gapsIn(seqs: readonly number[], last: number): number {
  const misplaced = seqs.filter((seq, index) => seq !== index + 1).length;
  return misplaced + Math.abs(seqs.length - last);
}

/** The first row. */
export async function one(
  client: pg.Client,
  sql: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { rows } = await client.query<Record<string, unknown>>(sql);
  return rows[0] ?? {};
}
