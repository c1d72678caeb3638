/** What spans tell of sagas, read back from OpenTelemetry's own SDK. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PermanentError, TransientError } from '../../../src/core/failure.ts';
import { newCaller } from '../../fixtures/traced-order.ts';
import { openTrips, runTrip, tourSaga, tripSaga } from './traced-trips.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});
// Other files run in this process after this one.
afterAll(() => {
  trace.disable();
  context.disable();
});
beforeEach(() => exporter.reset());

interface Told {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The spans that ended, by name, with the name of their parent. */
function spans(): readonly (Told & { readonly traceId: string; readonly text: string })[] {
  const ended = exporter.getFinishedSpans();
  return ended.map((span) => {
    const { name, attributes, parentSpanContext, events, status } = span;
    const parent = ended.find((each) => each.spanContext().spanId === parentSpanContext?.spanId);
    const text = JSON.stringify([name, attributes, events, status]);
    const { traceId } = span.spanContext();
    return { name, attributes, traceId, text, parent: parent?.name ?? parentSpanContext?.spanId };
  });
}

/** Which span is below which; in no order, since a first attempt may end before its start does. */
function treeOf(told: readonly Told[]): readonly string[] {
  return told.map(({ name, parent }) => `${name} < ${parent ?? 'nothing'}`).sort();
}

describe('a saga that is traced', () => {
  it('is below the span that was active at its start, with a span for each attempt', async () => {
    const backstep = await openTrips({
      car: () => {
        throw new PermanentError('sold-out', 'no car for password=hunter2');
      },
    });
    const tracer = provider.getTracer('caller');
    const outcome = await tracer.startActiveSpan('checkout', async (span) => {
      const settled = await runTrip(backstep);
      span.end();
      return settled;
    });
    expect(outcome.status).toBe('compensated');
    const told = spans();
    expect(treeOf(told)).toEqual([
      'attempt car < start trip',
      'attempt hotel < start trip',
      'checkout < nothing',
      'compensate hotel < start trip',
      'saga trip < start trip',
      'start trip < checkout',
    ]);
    expect(new Set(told.map(({ traceId }) => traceId)).size).toBe(1);
    expect(told.find(({ name }) => name === 'attempt car')?.attributes).toEqual({
      'backstep.saga.type': 'trip',
      'backstep.saga.id': outcome.id,
      'backstep.step': 'car',
      'backstep.direction': 'forward',
      'backstep.activity': 'car',
      'backstep.attempt': 1,
      'backstep.idempotency_key': `${outcome.id}/car/forward/1`,
      'backstep.outcome': 'failed',
      'error.type': 'sold-out',
    });
    const texts = told.map(({ text }) => text).join('\n');
    expect(texts).toContain('no car for');
    expect(texts).not.toContain('hunter2');
    expect(texts).not.toContain('t-1');
  });

  it('counts attempts, and says which took too long', async () => {
    let calls = 0;
    const backstep = await openTrips({
      hotel: () => {
        calls += 1;
        if (calls === 1) throw new TransientError('away', 'try again');
        return null;
      },
      car: (_, { signal, attempt }) =>
        attempt === 1
          ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)))
          : null,
    });
    expect((await runTrip(backstep)).status).toBe('completed');
    const attempts = spans().filter(({ name }) => name.startsWith('attempt'));
    expect(
      attempts.map(({ name, attributes: of }) => [
        name,
        of['backstep.attempt'],
        of['backstep.outcome'],
      ]),
    ).toEqual([
      ['attempt hotel', 1, 'failed'],
      ['attempt hotel', 2, 'done'],
      ['attempt car', 1, 'timed-out'],
      ['attempt car', 2, 'done'],
    ]);
  });

  it('has the span of the attempt active while the activity runs, and hands it on', async () => {
    const seen: unknown[] = [];
    const backstep = await openTrips({
      hotel: async (_, { traceparent }) => {
        await Promise.resolve();
        seen.push([traceparent?.split('-')[2], trace.getActiveSpan()?.spanContext().spanId]);
        return null;
      },
    });
    await runTrip(backstep);
    const span = exporter.getFinishedSpans().find(({ name }) => name === 'attempt hotel');
    const { spanId } = span?.spanContext() ?? {};
    expect(seen).toEqual([[spanId, spanId]]);
  });

  it('begins a trace of its own where nobody asks in one', async () => {
    const backstep = await openTrips();
    await runTrip(backstep);
    await runTrip(backstep);
    const starts = spans().filter(({ name }) => name === 'start trip');
    expect(starts.map(({ parent }) => parent)).toEqual([undefined, undefined]);
    expect(new Set(starts.map(({ traceId }) => traceId)).size).toBe(2);
  });

  it('has its child sagas in its trace', async () => {
    const backstep = await openTrips();
    const caller = newCaller();
    const { traceparent } = caller;
    const tour = await backstep.spawn(tourSaga, { input: { trip: 't-1' }, traceparent });
    await tour.settled({ within: '20s' });
    const told = spans();
    expect(treeOf(told)).toEqual([
      'attempt car < start tour',
      'attempt hotel < start tour',
      'saga tour < start tour',
      'saga trip < start tour',
      `start tour < ${caller.spanId}`,
    ]);
    expect(told.every(({ traceId }) => traceId === caller.traceId)).toBe(true);
  });

  it('says of a start that found a saga which one it is, and of a refused one why', async () => {
    const backstep = await openTrips();
    const options = { input: { trip: 't-1' }, key: 'k' };
    const { id } = await backstep.spawn(tripSaga, options);
    await backstep.spawn(tripSaga, options);
    await expect(backstep.spawn('none', { input: null })).rejects.toThrow('none');
    const starts = spans().filter(({ name }) => name.startsWith('start'));
    expect(
      starts.map(({ attributes: of }) => [
        of['backstep.saga.id'],
        of['backstep.saga.is_new'],
        of['error.type'],
      ]),
    ).toEqual([
      [id, true, undefined],
      [id, false, undefined],
      [undefined, undefined, 'not-found'],
    ]);
  });

  it('is not recorded where its caller was not, and hands that on', async () => {
    const seen: unknown[] = [];
    const backstep = await openTrips({
      hotel: (_, { traceparent }) => {
        seen.push(traceparent?.slice(0, 35), traceparent?.slice(-2));
        return null;
      },
    });
    const { traceId, spanId } = newCaller();
    await runTrip(backstep, { traceparent: `00-${traceId}-${spanId}-00` });
    expect(spans()).toEqual([]);
    expect(seen).toEqual([`00-${traceId}`, '00']);
  });
});
