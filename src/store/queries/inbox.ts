/**
 * The inbox in the database: what waits there, what was refused, what was answered; and the
 * statements that settle rows, for the writer.
 *
 * Invariant: what waits is read as it is there, never after the id that was read last. Where ids are
 * given before a commit, a lower one may come to light after a higher one.
 */
import { type Kysely, sql } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import { statementOf } from '../dialect.ts';
import type { EngineTables, InboxKind } from '../schema.ts';
import { MAX_INBOX_PAYLOAD, type NewRow } from './inbox-rows.ts';

/** Characters of payload that one read brings; more than one row may have. */
const MAX_READ_CHARS = 4 * MAX_INBOX_PAYLOAD;

const WAITING = [
  'id',
  'kind',
  'target',
  'payload',
  'key',
  'options',
  'request',
  'created_at as createdAtMs',
] as const;

/** A row that waits. */
export interface InboxRow {
  readonly id: number;
  readonly kind: InboxKind;
  readonly target: string;
  readonly payload: string;
  readonly key: string | null;
  readonly options: string | null;
  readonly request: string | null;
  readonly createdAtMs: number;
}

/** A row that was refused. */
export interface RefusedRow extends InboxRow {
  readonly refusedAtMs: number;
  /** JSON of why. */
  readonly answer: string;
}

export interface InboxFigures {
  readonly waiting: number;
  /** When the one that waits for longest was written, milliseconds since 1970. */
  readonly oldestAtMs: number | null;
  /** Refused rows that are kept; requests of other processes are not among them. */
  readonly refused: number;
  /** Answers that nobody has fetched yet. */
  readonly answers: number;
}

/** Which settled rows are no longer kept. */
export interface InboxAge {
  readonly answeredBeforeMs: number;
  readonly refusedBeforeMs: number;
  /** Refused rows that are kept at most, the newest. */
  readonly refusedKept: number;
}

export interface InboxReads {
  /** Rows that wait, by id, after that one; at most `limit`. */
  waiting(afterId: number, limit: number): Promise<readonly InboxRow[]>;
  figures(): Promise<InboxFigures>;
  /** The newest refused rows. */
  refused(limit: number): Promise<readonly RefusedRow[]>;
  /** The answers of these requests as far as there are any. */
  answers(requests: readonly string[]): Promise<readonly RequestAnswer[]>;
  /** Settles a row that waits; one that is gone, or settled, is left alone. */
  settling(id: number, answer: string | null, atMs: number): ExpectedStatement;
  /** Removes settled rows that are old enough. */
  clearing(age: InboxAge): readonly ExpectedStatement[];
  /** Writes requests; 1 to 100. */
  asking(requests: readonly InboxRequest[]): ExpectedStatement;
  /** Removes a request that was not answered yet. */
  takingBack(request: string): ExpectedStatement;
  /** Removes requests that were answered. */
  forgetting(requests: readonly string[]): ExpectedStatement;
}

/** What another process than the owner asks for. */
export type InboxRequest = NewRow & { readonly request: string };

/** What was answered to a request. */
export interface RequestAnswer {
  readonly request: string;
  /** JSON. */
  readonly answer: string;
}

export function createInboxReads(db: Kysely<EngineTables>): InboxReads {
  return {
    ...createInboxWrites(db),

    async waiting(afterId, limit) {
      const page = db
        .selectFrom('inbox')
        .select(WAITING)
        .where('settled_at', 'is', null)
        .where('id', '>', afterId)
        .orderBy('id')
        .limit(limit);
      return db
        .selectFrom(
          db
            .selectFrom(page.as('page'))
            .selectAll()
            .select(sql<number>`sum(length(payload)) over (order by id)`.as('chars'))
            .as('counted'),
        )
        .select(['id', 'kind', 'target', 'payload', 'key', 'options', 'request', 'createdAtMs'])
        .where('chars', '<=', MAX_READ_CHARS)
        .orderBy('id')
        .execute();
    },

    async figures() {
      const open = await db
        .selectFrom('inbox')
        .select((eb) => [
          eb.fn.countAll<number>().as('waiting'),
          eb.fn.min('created_at').as('oldestAtMs'),
        ])
        .where('settled_at', 'is', null)
        .executeTakeFirst();
      const settled = await db
        .selectFrom('inbox')
        .select((eb) => [
          eb.fn.countAll<number>().as('all'),
          eb.fn.count<number>('request').as('answers'),
        ])
        .where('settled_at', 'is not', null)
        .executeTakeFirst();
      const answers = settled?.answers ?? 0;
      return {
        waiting: open?.waiting ?? 0,
        oldestAtMs: open?.oldestAtMs ?? null,
        refused: (settled?.all ?? 0) - answers,
        answers,
      };
    },

    refused(limit) {
      return db
        .selectFrom('inbox')
        .select(WAITING)
        .select((eb) => [
          eb.ref('settled_at').$notNull().as('refusedAtMs'),
          eb.ref('answer').$notNull().as('answer'),
        ])
        .where('settled_at', 'is not', null)
        .where('request', 'is', null)
        .orderBy('settled_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
    },

    answers(requests) {
      return db
        .selectFrom('inbox')
        .select((eb) => [
          eb.ref('request').$notNull().as('request'),
          eb.ref('answer').$notNull().as('answer'),
        ])
        .where('request', 'in', requests)
        .where('answer', 'is not', null)
        .execute();
    },
  };
}

type Statements = 'settling' | 'clearing' | 'asking' | 'takingBack' | 'forgetting';

/** The statements; see `InboxReads`. */
function createInboxWrites(db: Kysely<EngineTables>): Pick<InboxReads, Statements> {
  return {
    asking: (requests) => statementOf(db.insertInto('inbox').values(requests)),

    takingBack: (request) =>
      statementOf(
        db.deleteFrom('inbox').where('request', '=', request).where('settled_at', 'is', null),
      ),

    forgetting: (requests) =>
      statementOf(
        db.deleteFrom('inbox').where('request', 'in', requests).where('settled_at', 'is not', null),
      ),

    settling(id, answer, atMs) {
      if (answer === null) {
        const taken = db.deleteFrom('inbox').where('id', '=', id).where('settled_at', 'is', null);
        return statementOf(taken);
      }
      return statementOf(
        db
          .updateTable('inbox')
          .set({ settled_at: atMs, answer })
          .where('id', '=', id)
          .where('settled_at', 'is', null),
      );
    },

    clearing({ answeredBeforeMs, refusedBeforeMs, refusedKept }) {
      const settled = db.selectFrom('inbox').select('id').where('settled_at', 'is not', null);
      const tooMany = settled
        .where('request', 'is', null)
        .orderBy('settled_at', 'desc')
        .orderBy('id', 'desc')
        .limit(CLEARED_AT_ONCE)
        .offset(refusedKept);
      const tooOld = settled
        .where((eb) =>
          eb.or([
            eb('request', 'is not', null).and('settled_at', '<', answeredBeforeMs),
            eb('request', 'is', null).and('settled_at', '<', refusedBeforeMs),
          ]),
        )
        .orderBy('settled_at')
        .limit(CLEARED_AT_ONCE);
      return [tooOld, tooMany].map((rows) =>
        statementOf(db.deleteFrom('inbox').where('id', 'in', rows)),
      );
    },
  };
}

/** Settled rows that one statement removes. */
const CLEARED_AT_ONCE = 1_000;
