/** What one turn leaves behind, as it is checked where it arrives; see `TurnRecord`. */
import { z } from 'zod';
import { SAGA_STATUSES } from '../core/status.ts';
import { COUNTED_OF_STEPS } from '../core/history/counted.ts';
import type { TurnRecord } from '../store/commit.ts';

const text = z.string();
const count = z.int().nonnegative();
/** Milliseconds since 1970. */
const atMs = z.number();
const status = z.enum(SAGA_STATUSES);

const journalRow = z.object({
  sagaSeq: count,
  atMs,
  kind: z.enum(['transition', 'note']),
  cause: text,
  event: text,
  from: text.nullable(),
  to: text,
  status,
  data: text,
});
const standing = z.object({
  expectedSeq: count,
  seq: count,
  status,
  wakeAtMs: atMs.nullable(),
  state: text,
  checksum: count,
  step: text.nullable(),
  attempts: count,
  error: text.nullable(),
  updatedAtMs: atMs,
  endedAtMs: atMs.nullable(),
  isStandingSame: z.boolean(),
  isTextKept: z.literal(true).exactOptional(),
});
const birth = z.object({
  id: text,
  type: text,
  version: count,
  definitionHash: text,
  key: text.nullable(),
  inputHash: text.nullable(),
  createdAtMs: atMs,
});
const counted = z.union([
  z.object({ what: z.enum(['started', 'settled']) }),
  z.object({ what: z.enum(COUNTED_OF_STEPS), step: text }),
]);
export const turnRecord: z.ZodType<TurnRecord> = z.object({
  saga: standing,
  birth: birth.nullable(),
  journal: journalRow,
  deadLetter: z.object({ kind: status, letter: text.nullable() }).nullable(),
  audit: z.object({ command: text, by: text, reason: text.nullable() }).nullable(),
  pendingStart: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('enter'), startAtMs: atMs.nullable() }),
      z.object({ kind: z.literal('leave') }),
    ])
    .nullable(),
  counted: z.array(counted).exactOptional(),
  version: z.object({ version: count, definitionHash: text }).exactOptional(),
  stepFailure: z.object({ step: text, error: text }).exactOptional(),
});
