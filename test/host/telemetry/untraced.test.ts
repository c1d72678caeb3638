/** What is kept of a trace, and handed on, where nobody traces. */
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../src/host/turn-log.ts';
import { newCaller } from '../../fixtures/traced-order.ts';
import { type Call, openTrips, runTrip } from './traced-trips.ts';

describe('a saga that is not traced', () => {
  it('keeps nothing of a trace where none was given', async () => {
    const seen: unknown[] = [];
    const hotel: Call = (_, { traceparent }) => {
      seen.push(traceparent);
      return null;
    };
    const backstep = await openTrips({ hotel }, { isTraced: false });
    const { id } = await runTrip(backstep);
    const { items } = await backstep.read.transitions(id, { limit: 50, cursor: null });
    expect(JSON.stringify([await backstep.read.saga(id), items])).not.toContain('trace');
    expect(seen).toEqual([null]);
  });

  it('hands on the trace that it was given, and tells it in the log', async () => {
    const lines: object[] = [];
    const note = (details: object): void => void lines.push(details);
    const logger: Logger = {
      debug: note,
      info: note,
      warn: note,
      error: note,
      fatal: note,
      isLevelEnabled: () => true,
    };
    const seen: unknown[] = [];
    const hotel: Call = (_, { traceparent }) => {
      seen.push(traceparent);
      return null;
    };
    const backstep = await openTrips({ hotel }, { isTraced: false, logger });
    const { traceparent, traceId } = newCaller();
    const { id } = await runTrip(backstep, { traceparent });
    expect(seen).toEqual([traceparent]);
    const own = lines.filter((line) => Reflect.get(line, 'sagaId') === id);
    expect(own).toHaveLength(3);
    expect(own.every((line) => Reflect.get(line, 'trace_id') === traceId)).toBe(true);
  });

  it.each(['', 'x', '00-1-2-01', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`])(
    'refuses a trace that is none: "%s"',
    async (traceparent) => {
      const backstep = await openTrips({}, { isTraced: false });
      await expect(runTrip(backstep, { traceparent })).rejects.toMatchObject({
        code: 'input-invalid',
      });
    },
  );
});
