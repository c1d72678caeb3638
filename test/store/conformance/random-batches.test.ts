/**
 * Batches of every kind of item, mixed at random, against the same items written one at a time by
 * SQLite: the same outcomes in the same order, and the same rows after the store was opened again.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CommitOutcome, SagaCommit, WriteOutcome } from '../../../src/store/commit.ts';
import type { Store } from '../../../src/store/store.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { ITEMS, POSTGRES, SQLITE, type StoreDatabase, type StoreKind } from './stores.ts';

const RUNS = 3;
const TIMEOUT_MS = 120_000;
const MAX_ITEMS = 500;
const KEYS = 12;
/** Rows of the inbox; that many more are asked for that are not there. */
const ROWS = 60;
const NAMES = ['pen', 'ink', 'nib'];

/** What to make of an item; the numbers choose among what there is then. */
interface Draft {
  readonly kind: 'start' | 'turn' | 'write' | 'acknowledge';
  readonly flaw: 'none' | 'stale' | 'same-id' | 'too-many' | 'nul';
  readonly shape: 'turn' | 'progress' | 'parking' | 'version';
  readonly isKeyed: boolean;
  readonly statement: 'none' | 'met' | 'unmet' | 'failing';
  readonly extra: 'none' | 'outbox' | 'letter' | 'close' | 'audit' | 'pending' | 'leave' | 'row';
  readonly pick: number;
}

const oneOf = <const T extends string>(common: T, ...others: readonly T[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(common) }, fc.constantFrom(...others));

const DRAFT: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constantFrom('start', 'start', 'turn', 'turn', 'write', 'acknowledge'),
  flaw: fc.oneof(
    { weight: 60, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('stale', 'same-id', 'too-many', 'nul'),
  ),
  shape: fc.constantFrom('turn', 'progress', 'parking', 'version'),
  isKeyed: fc.boolean(),
  statement: oneOf('none', 'met', 'unmet', 'failing'),
  extra: oneOf('none', 'outbox', 'letter', 'close', 'audit', 'pending', 'leave', 'row'),
  pick: fc.nat(10_000),
});

const BATCHES = fc.array(fc.array(DRAFT, { maxLength: MAX_ITEMS, size: 'max' }), {
  minLength: 1,
  maxLength: 2,
});

type Item =
  | { readonly kind: 'commit'; readonly commit: SagaCommit }
  | { readonly kind: 'write'; readonly statements: SagaCommit['statements'] }
  | { readonly kind: 'acknowledge'; readonly id: number };
type Outcome = CommitOutcome | WriteOutcome | { readonly kind: 'acknowledged' };

/** Makes items of drafts, for the database of one kind. */
class Items {
  readonly #kind: StoreKind;
  /** What each saga's row has. */
  readonly #seqs = new Map<number, number>();
  readonly #messages: number[] = [];
  #nextSid = 1;

  constructor(kind: StoreKind) {
    this.#kind = kind;
  }

  batchOf(drafts: readonly Draft[]): readonly Item[] {
    const sids = [...this.#seqs.keys()];
    const used = new Set<number>();
    return drafts.map((draft): Item => {
      if (draft.kind === 'write') return { kind: 'write', statements: this.#statements(draft) };
      if (draft.kind === 'acknowledge') {
        // Never one that the same batch brings: nobody has heard of it yet.
        return { kind: 'acknowledge', id: this.#messages[draft.pick % 50] ?? -draft.pick };
      }
      const sid = sids[draft.pick % sids.length];
      // Of one saga at most one turn is under way.
      const isTurn = draft.kind === 'turn' && sid !== undefined && !used.has(sid);
      if (!isTurn) return { kind: 'commit', commit: this.#start(draft) };
      used.add(sid);
      return { kind: 'commit', commit: this.#turn(draft, sid) };
    });
  }

  note(items: readonly Item[], outcomes: readonly Outcome[]): void {
    for (const [index, item] of items.entries()) {
      const outcome = outcomes[index];
      if (item.kind !== 'commit' || outcome?.kind !== 'committed' || !('seq' in outcome)) continue;
      this.#seqs.set(item.commit.saga.sid, item.commit.saga.seq);
      if (item.commit.outbox.length > 0) this.#messages.push(outcome.seq * 1_024);
    }
  }

  #start(draft: Draft): SagaCommit {
    const [taken] = this.#seqs.keys();
    const sid = draft.flaw === 'stale' && taken !== undefined ? taken : this.#nextSid;
    this.#nextSid += 1;
    const key = draft.isKeyed ? `key-${draft.pick % KEYS}` : null;
    const inputHash = key === null ? null : `hash-${sid}`;
    const id = draft.flaw === 'same-id' ? 'same' : `id-${this.#nextSid}`;
    return this.#dressed(draft, startOf(sid, { birth: { id, key, inputHash } }));
  }

  #turn(draft: Draft, sid: number): SagaCommit {
    const seq = (this.#seqs.get(sid) ?? 0) + (draft.flaw === 'stale' ? 2 : 1);
    const isStandingSame = draft.shape === 'progress';
    const text = draft.shape === 'parking' ? ({ isTextKept: true } as const) : {};
    const saga = { isStandingSame, attempts: draft.pick, step: null, ...text };
    const commit = this.#dressed(draft, turnOf(sid, seq, { saga }));
    if (draft.shape !== 'version') return commit;
    return { ...commit, version: { version: 2, definitionHash: 'other' } };
  }

  #dressed(draft: Draft, commit: SagaCommit): SagaCommit {
    const { extra, flaw, pick } = draft;
    const { seq } = commit.saga;
    const message = { index: flaw === 'too-many' ? 1_024 : 0, event: 'told', data: '{}' };
    return {
      ...commit,
      saga: {
        ...commit.saga,
        error: flaw === 'nul' ? 'X: a\0b' : null,
        state: JSON.stringify({ seq, pick, steps: [] }).concat('\ud800 '),
        checksum: 4_294_967_295,
        updatedAtMs: Number.MAX_SAFE_INTEGER,
      },
      outbox: extra === 'outbox' || flaw === 'too-many' ? [message] : [],
      deadLetter: letterOf(draft),
      audit: extra === 'audit' ? { command: 'cancel', by: 'ann', reason: `r${pick}` } : null,
      pendingStart: pendingOf(draft),
      ...(extra === 'row' ? { inbox: rowOf(draft) } : {}),
      statements: draft.statement === 'none' ? [] : this.#statements(draft),
    };
  }

  #statements({ statement, pick }: Draft): SagaCommit['statements'] {
    const name = NAMES[pick % NAMES.length];
    const sql = 'UPDATE items SET amount = amount - 1 WHERE name = ? AND amount > 0';
    const met = { changes: 1, code: 'OutOfStock', message: `no ${name}` };
    const take = { sql: this.#kind.placeholders(sql), parameters: [name], expect: met };
    switch (statement) {
      case 'none':
        return [];
      case 'met':
        return [take];
      case 'unmet':
        return [take, { ...take, expect: { ...met, changes: 7 } }];
      case 'failing':
        return [take, { sql: "INSERT INTO items VALUES ('pen', 1)", parameters: [] }];
    }
  }
}

function letterOf({ extra, pick }: Draft): SagaCommit['deadLetter'] {
  if (extra === 'letter') return { kind: 'failed', letter: `{"n":${pick}}` };
  return extra === 'close' ? { kind: 'running', letter: null } : null;
}

function pendingOf({ extra, pick }: Draft): SagaCommit['pendingStart'] {
  if (extra === 'pending') return { kind: 'enter', startAtMs: pick % 2 === 0 ? null : pick };
  return extra === 'leave' ? { kind: 'leave' } : null;
}

function rowOf({ pick }: Draft): NonNullable<SagaCommit['inbox']> {
  return { id: 1 + (pick % (2 * ROWS)), answer: pick % 3 === 0 ? `{"n":${pick}}` : null };
}

/** A store and its database, and the items that go to it. */
class Side {
  readonly #database: StoreDatabase;
  readonly #items: Items;
  store: Store;

  constructor(kind: StoreKind, database: StoreDatabase, store: Store) {
    this.#database = database;
    this.#items = new Items(kind);
    this.store = store;
  }

  async together(drafts: readonly Draft[]): Promise<readonly Outcome[]> {
    const items = this.#items.batchOf(drafts);
    return this.#note(items, await Promise.all(items.map((item) => this.#write(item))));
  }

  async oneByOne(drafts: readonly Draft[]): Promise<readonly Outcome[]> {
    const items = this.#items.batchOf(drafts);
    const outcomes: Outcome[] = [];
    for (const item of items) outcomes.push(await this.#write(item));
    return this.#note(items, outcomes);
  }

  /** All rows, as they are read after the store was opened again; ids that nothing names are not. */
  async rows(): Promise<unknown> {
    await this.store.close();
    this.store = await this.#database.open();
    const db = this.store.tables();
    const own = this.store.reader<{ items: { name: string; amount: number } }>();
    const letter = ['sid', 'kind', 'letter', 'opened_at', 'resolved_at'] as const;
    const line = ['sid', 'saga_seq', 'at', 'command', 'by', 'reason'] as const;
    const rows = await Promise.all([
      db.selectFrom('sagas').selectAll().orderBy('sid').execute(),
      db.selectFrom('journal').selectAll().orderBy('seq').execute(),
      db.selectFrom('outbox').selectAll().orderBy('id').execute(),
      db.selectFrom('start_keys').selectAll().orderBy('type').orderBy('key').execute(),
      db.selectFrom('dead_letters').select(letter).orderBy('sid').orderBy('id').execute(),
      db.selectFrom('audit').select(line).orderBy('id').execute(),
      db.selectFrom('pending_starts').selectAll().orderBy('sid').execute(),
      db.selectFrom('inbox').select(['id', 'settled_at', 'answer']).orderBy('id').execute(),
      own.selectFrom('items').selectAll().orderBy('name').execute(),
    ]);
    const { lastSeq, lastSid } = await this.store.own();
    // What is only told to people is kept without a NUL where a text of the database has none.
    const text = JSON.stringify({ rows, lastSeq, lastSid });
    return JSON.parse(text.replaceAll('\\u0000', '\ufffd'));
  }

  #write(item: Item): Promise<Outcome> {
    switch (item.kind) {
      case 'commit':
        return this.store.commit(item.commit);
      case 'write':
        return this.store.write(item.statements);
      case 'acknowledge':
        return this.store.acknowledge(item.id).then(() => ({ kind: 'acknowledged' }));
    }
  }

  /** Each database says in its own words why it rejects. */
  #note(items: readonly Item[], outcomes: readonly Outcome[]): readonly Outcome[] {
    this.#items.note(items, outcomes);
    return outcomes.map((each) => (each.kind === 'rejected' ? { ...each, message: '' } : each));
  }
}

async function opened(kind: StoreKind): Promise<Side> {
  const database = await kind.database();
  await (await database.open()).close();
  const rows = NAMES.map((name) => `('${name}', 30)`).join(', ');
  const asked = Array.from({ length: ROWS }, () => "('start', 'order', '{}')").join(', ');
  const ask = `INSERT INTO ${kind.inbox} (kind, target, payload) VALUES ${asked}`;
  await database.exec(ITEMS, `INSERT INTO items VALUES ${rows}`, ask);
  return new Side(kind, database, await database.open());
}

/** The outcomes that are not what they should be, with what they belong to. */
function differences(
  drafts: readonly Draft[],
  came: readonly Outcome[],
  expected: readonly Outcome[],
): readonly object[] {
  return drafts.flatMap((draft, index) => {
    const [is, should] = [came[index], expected[index]];
    const isRight = isDeepStrictEqual(is, should) || isEither(draft, is, should);
    return isRight ? [] : [{ index, of: drafts.length, draft, is, should }];
  });
}

/** Where rows and statements are refused, no order of the two is promised. */
function isEither({ flaw }: Draft, ...outcomes: readonly (Outcome | undefined)[]): boolean {
  const isRefused = flaw === 'same-id' || flaw === 'too-many';
  return isRefused && outcomes.every((each) => each?.kind === 'unmet' || each?.kind === 'rejected');
}

/** Throws what went wrong, with the seed of it; the drafts, hundreds, are made of that again. */
async function check(property: fc.IAsyncProperty<[Draft[][]]>): Promise<void> {
  const report = await fc.check(property, { numRuns: RUNS, endOnFailure: true });
  if (!report.failed) return;
  const again = `{ seed: ${report.seed}, path: '${report.counterexamplePath ?? ''}' }`;
  throw new Error(`batches made with ${again} came to something else`, {
    cause: report.errorInstance,
  });
}

for (const kind of [SQLITE, POSTGRES]) {
  kind.describe(`random batches over ${kind.name}`, () => {
    it(
      'come to what their items come to one at a time',
      async () => {
        await check(
          fc.asyncProperty(BATCHES, async (batches) => {
            const [subject, reference] = [await opened(kind), await opened(SQLITE)];
            for (const drafts of batches) {
              const expected = await reference.oneByOne(drafts);
              const came = await subject.together(drafts);
              expect(differences(drafts, came, expected)).toEqual([]);
            }
            expect(await subject.rows()).toEqual(await reference.rows());
            await Promise.all([subject.store.close(), reference.store.close()]);
          }),
        );
      },
      TIMEOUT_MS,
    );
  });
}
