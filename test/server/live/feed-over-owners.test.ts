/** A feed while one owner of the database follows the other, and what it hears has gaps. */
import { expect, test } from 'vitest';
import type { Backstep, EngineHealth } from '../../../src/host/backstep.ts';
import { openFeed } from '../../../src/server/live/live-feed.ts';
import type { FeedEpoch } from '../../../src/store/queries/feed-epochs.ts';
import type { FeedEntry, FeedFilter, ReadModels } from '../../../src/store/read-models.ts';

const STANDBY: EngineHealth = { kind: 'standby', reason: 'another process owns it', owner: null };

test('names each line by the epoch that it belongs to, on a standby and after its take-over', async () => {
  const journal = new Journal();
  const cursors = journal.follow(0);
  await journal.commit();
  journal.begin('b');
  await journal.commit();
  // While the epochs are read for the line before.
  journal.say();
  journal.begin('c');
  journal.say();
  await turns();
  journal.begin('d');
  journal.health = { kind: 'ready' };
  await journal.commit();
  await journal.commit();
  expect(cursors).toEqual(['a.1', 'b.2', 'b.3', 'c.4', 'd.5', 'd.6']);
});

test('asks for the epochs no more once they are final', async () => {
  const journal = new Journal();
  journal.health = { kind: 'ready' };
  journal.follow(null);
  await journal.commit();
  const { epochReads } = journal;
  await journal.commit();
  expect(journal.epochReads).toBe(epochReads);
});

test('reads the journal where lines were left out on the way to it', async () => {
  const journal = new Journal();
  const cursors = journal.follow(null);
  await journal.commit();
  journal.isHeard = false;
  await journal.commit();
  journal.isHeard = true;
  await journal.commit();
  expect(cursors).toEqual(['a.1', 'a.2', 'a.3']);
});

test('a rare line is found among many by reads that are short', async () => {
  const journal = new Journal();
  for (let line = 0; line < 250_000; line += 1)
    journal.say(line === 240_000 ? 'failed' : 'running');
  const cursors = journal.follow(0, { status: 'failed' });
  await turns();
  expect(cursors).toEqual(['a.240001']);
  expect(journal.looks).toEqual([100_000, 100_000, 50_000]);
});

class Journal {
  health = STANDBY;
  /** How many lines each read looked at. */
  readonly looks: number[] = [];
  isHeard = true;
  epochReads = 0;
  readonly #lines: FeedEntry[] = [];
  readonly #epochs: FeedEpoch[] = [{ name: 'a', afterSeq: 0 }];
  readonly #listeners = new Set<(entry: FeedEntry) => void>();

  /** The next owner. */
  begin(name: string): void {
    this.#epochs.push({ name, afterSeq: this.#lines.length });
  }

  say(status = 'running'): void {
    const seq = this.#lines.length + 1;
    const line = { seq, sagaId: 's', type: 't', sagaSeq: seq, atMs: 0, kind: 'transition' };
    const rest = { cause: 'event', event: 'e', from: null, to: 'x', status };
    const entry = { ...line, ...rest } as FeedEntry;
    this.#lines.push(entry);
    if (this.isHeard) for (const listener of this.#listeners) listener(entry);
  }

  async commit(): Promise<void> {
    this.say();
    await turns();
  }

  /** The cursors that a client is sent. */
  follow(since: number | null, filter: FeedFilter = {}): readonly string[] {
    const cursors: string[] = [];
    const read = {
      feedAfter: async (seq: number, _: number, { status }: FeedFilter, untilSeq: number) => {
        const lines = this.#lines.slice(seq, untilSeq);
        this.looks.push(lines.length);
        return lines.filter((line) => status === undefined || line.status === status);
      },
      lastSeq: async () => this.#lines.length,
      feedEpochs: async () => {
        this.epochReads += 1;
        return [...this.#epochs];
      },
    } as unknown as ReadModels;
    const source: Pick<Backstep, 'subscribe' | 'read' | 'health'> = {
      read,
      health: () => this.health,
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    const from = since === null ? null : { seq: since, isLost: false };
    const query = { filter, since: from, epochs: [...this.#epochs], areEpochsFinal: false };
    openFeed(
      source,
      query,
      {
        send: (_, cursor) => cursors.push(cursor),
        backlogBytes: () => 0,
        drained: () => Promise.resolve(),
      },
      {
        resync: () => {},
        failed: (error) => {
          throw error;
        },
      },
    );
    return cursors;
  }
}

async function turns(): Promise<void> {
  for (let round = 0; round < 10; round += 1) await new Promise(setImmediate);
}
