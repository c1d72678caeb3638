/** A saga that writes down what it is told, and rows of the inbox that tell it. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { durable } from '../../../src/core/define/durable.ts';
import type { ExpectedStatement } from '../../../src/core/activity.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import type { InboxKind } from '../../../src/store/schema.ts';

interface Notebook {
  readonly name: string;
  readonly lines: readonly string[];
}

const machine = setup({
  types: {
    context: {} as Notebook,
    input: {} as { name: string },
    events: {} as { type: 'write'; line: string } | { type: 'close' },
  },
}).createMachine({
  id: 'notebook',
  context: ({ input }) => ({ name: input.name, lines: [] }),
  initial: 'open',
  states: {
    open: {
      tags: ['waiting'],
      on: {
        write: {
          actions: assign({ lines: ({ context, event }) => [...context.lines, event.line] }),
        },
        close: 'closed',
      },
    },
    closed: { type: 'final', tags: ['completed'] },
  },
});

export const notebookSaga = durable(machine, {
  version: 1,
  input: z.object({ name: z.string().min(1) }),
  events: { write: z.object({ line: z.string() }) },
});

interface Row {
  readonly kind: InboxKind;
  readonly target: string;
  readonly payload: unknown;
  readonly key?: string;
  readonly options?: object;
  readonly request?: string;
}

/** The statement of somebody who writes a row by hand. */
export function rowStatement({ kind, target, payload, ...more }: Row): ExpectedStatement {
  const { key = null, options, request = null } = more;
  return {
    sql: `INSERT INTO inbox (kind, target, payload, key, options, request)
      VALUES (?, ?, ?, ?, ?, ?)`,
    parameters: [
      kind,
      target,
      JSON.stringify(payload),
      key,
      options === undefined ? null : JSON.stringify(options),
      request,
    ],
  };
}

export function startRow(name: string, key?: string): ExpectedStatement {
  const row = { kind: 'start', target: 'notebook', payload: { name } } as const;
  return rowStatement(key === undefined ? row : { ...row, key });
}

export function writeRow(sagaId: string, line: string, key?: string): ExpectedStatement {
  const row = { kind: 'event', target: sagaId, payload: { type: 'write', line } } as const;
  return rowStatement(key === undefined ? row : { ...row, key });
}

/** What a notebook has been told, in order. */
export async function linesOf(backstep: Backstep, id: string): Promise<readonly string[]> {
  const state = await backstep.saga(id).state();
  return (state?.snapshot.context as Notebook | undefined)?.lines ?? [];
}

export interface KeptRow {
  readonly target: string;
  readonly code: string;
  readonly message: string;
}

/** What is in the inbox: how many rows wait, and why others were refused. */
export async function inboxOf(
  backstep: Backstep,
): Promise<{ readonly waiting: number; readonly refused: readonly KeptRow[] }> {
  const rows = await backstep.store
    .reader()
    .selectFrom('inbox')
    .selectAll()
    .orderBy('id')
    .execute();
  const refused = rows.flatMap(({ target, answer, request }) => {
    if (answer === null || request !== null) return [];
    const { code, message } = JSON.parse(answer) as KeptRow;
    return [{ target, code, message }];
  });
  return { waiting: rows.filter((row) => row.settled_at === null).length, refused };
}

/** The ids of all sagas, the oldest first. */
export async function sagaIds(backstep: Backstep): Promise<readonly string[]> {
  const rows = await backstep.store
    .reader()
    .selectFrom('sagas')
    .select('id')
    .orderBy('sid')
    .execute();
  return rows.map(({ id }) => id);
}
