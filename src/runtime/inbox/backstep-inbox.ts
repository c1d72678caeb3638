/**
 * The inbox from the other side: what a program writes in a transaction of its own.
 *
 * Needs no engine: the process that writes need not be the one that runs the sagas.
 */
import type { ExpectedStatement } from '../../core/activity.ts';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError } from '../../core/errors.ts';
import { keepJson } from '../../core/json.ts';
import { check, NAME, optionsOf, TEXT } from '../../core/options-reader.ts';
import { parseWith } from '../../core/standard-schema.ts';
import type { OutsideEvent } from '../../core/turn/inbound.ts';
import {
  type InboxConnection,
  inboxInsert,
  type InboxOptions,
  MAX_INBOX_PAYLOAD,
  type NewRow,
} from '../../store/queries/inbox-rows.ts';
import type { InboxKind } from '../../store/schema.ts';
import { EVENT, SEND_OPTIONS, SPAWN_OPTIONS } from '../../host/edge-options.ts';
import type { SendOptions } from '../../host/saga-handle.ts';

export interface InboxStart<Input = unknown> {
  /** Checked against the saga's schema where the saga is given, and again when it is taken. */
  readonly input: Input;
  /** Start key, 1 to 255 characters: same key and same input give the same saga, for ever. */
  readonly key?: string;
  /** When it begins, a Date or milliseconds since 1970; one that has passed: at once. */
  readonly startAt?: Date | number;
}

/** What can be asked for; as promises that resolve once the row is written, or as statements. */
export interface InboxCalls<Answer> {
  /**
   * Asks for the start of a saga. Throws `input-invalid`, `not-json` and `too-large`, before
   * anything is written.
   */
  start<Input>(
    saga: SagaDefinition<object, unknown, unknown, never, Input> | string,
    options: InboxStart<Input>,
  ): Promise<Answer>;
  /**
   * Asks for an event to be sent to the saga of that id. It is taken once; with an `eventId` also
   * where it is asked for more than once. Throws as `start`.
   */
  send(sagaId: string, event: OutsideEvent, options?: SendOptions): Promise<Answer>;
}

export interface InboxWriter extends InboxCalls<void> {
  /** The same for the plan of a transactional activity: nothing is written. */
  readonly statements: InboxCalls<ExpectedStatement>;
}

const OPTIONS = optionsOf({ tablePrefix: TEXT, schema: NAME });

/**
 * The inbox of the engine over this database, written within `db`, which is as a rule a transaction:
 * the engine takes the rows once that is committed, each exactly once.
 *
 * @example
 * await db.transaction().execute(async (trx) => {
 *   await trx.insertInto('orders').values(order).execute();
 *   await backstepInbox(trx).start(orderSaga, { input: order, key: order.id });
 * });
 */
export function backstepInbox(db: InboxConnection, options: InboxOptions = {}): InboxWriter {
  check(options, OPTIONS, 'backstepInbox', 'input-invalid');
  const insert = inboxInsert(db, options);
  const statementOf = (row: NewRow): ExpectedStatement => {
    const { sql, parameters } = insert(row);
    return { sql, parameters };
  };
  const write = async (row: NewRow): Promise<void> => void (await db.executeQuery(insert(row)));
  return {
    start: async (saga, start) => write(await startRow(saga, start)),
    send: async (sagaId, event, sent) => write(eventRow(sagaId, event, sent)),
    statements: {
      start: async (saga, start) => statementOf(await startRow(saga, start)),
      send: async (sagaId, event, sent) => statementOf(eventRow(sagaId, event, sent)),
    },
  };
}

async function startRow(
  saga: SagaDefinition | string,
  { input, key, startAt }: InboxStart,
): Promise<NewRow> {
  const type = typeof saga === 'string' ? saga : saga.id;
  check(type, NAME, 'the inbox, the type', 'input-invalid');
  const given = {
    input,
    ...(key === undefined ? {} : { key }),
    ...(startAt === undefined ? {} : { startAt }),
  };
  check(given, SPAWN_OPTIONS, `start of "${type}" by the inbox`, 'input-invalid');
  const kept = keepJson(input, 'input');
  if (typeof saga !== 'string' && saga.input !== null) await parseWith(saga.input, kept);
  const options = startAt === undefined ? {} : { startAt: Number(startAt) };
  return rowOf('start', type, kept, key, options);
}

function eventRow(sagaId: string, event: OutsideEvent, sent: SendOptions = {}): NewRow {
  check(sagaId, NAME, 'the inbox, the id', 'input-invalid');
  check(event, EVENT, `saga ${sagaId}, event by the inbox`, 'input-invalid');
  check(sent, SEND_OPTIONS, `saga ${sagaId}, options of the event`, 'input-invalid');
  const { eventId, ...options } = sent;
  return rowOf('event', sagaId, keepJson(event, 'event'), eventId, options);
}

function rowOf(
  kind: InboxKind,
  target: string,
  kept: unknown,
  key: string | undefined,
  options: object,
): NewRow {
  const payload = JSON.stringify(kept);
  if (payload.length > MAX_INBOX_PAYLOAD) {
    const message = `a row of the inbox carries at most ${MAX_INBOX_PAYLOAD} characters of JSON`;
    throw new BackstepError('too-large', message);
  }
  const isPlain = Object.keys(options).length === 0;
  return {
    kind,
    target,
    payload,
    key: key ?? null,
    options: isPlain ? null : JSON.stringify(options),
  };
}
