/** What a compensation of a built saga is given, against the run that it undoes. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../src/core/define/saga.ts';
import { verify } from '../../src/verify/verify.ts';
import { fittingSaga, instalmentsSaga, legsSaga, parcelsSaga } from '../simulation/block-sagas.ts';
import { inPresentRound, keepsEventsAs } from '../simulation/redrawn.ts';

/** Enough to meet a round that turns back while it waits for a retry. */
const SOME_STATES = 1_500;

const LOOPS = [instalmentsSaga, parcelsSaga, legsSaga];

describe.each(LOOPS)('the loop of the $id saga', (saga) => {
  test('undoes each run under its key, with its round and what it brought', () => {
    expect(verify(saga, { maxStates: SOME_STATES }).findings.filter(isDefect)).toEqual([]);
  });

  test('is found out where it undoes a run with what the present round has brought', () => {
    const findings = verify(inPresentRound(saga), { maxStates: SOME_STATES }).findings;
    const [finding] = findings.filter(isDefect);
    expect(finding?.what).toMatch(/^"\w+" compensates run \d of step "\w+" of round \d, with/);
    expect(finding?.way.length).toBeGreaterThan(2);
  });
});

test('rounds with made-up answers are told apart even where no input names the round', () => {
  const { waysBack } = instalmentsSaga;
  const unnumbered = new Map(
    [...waysBack].map(([step, way]) => [
      step,
      {
        ...way,
        input: ({
          results,
        }: {
          readonly results: { readonly charge?: { readonly key: string } };
        }) => ({ payment: results.charge?.key ?? null }) as const,
      },
    ]),
  );
  const named = { ...instalmentsSaga, waysBack: unnumbered };
  const ofLastRound = verify(inPresentRound(named)).findings.filter(isDefect);
  expect(ofLastRound[0]?.what).toContain('with the input {"payment":null}');
});

test('an event that is kept as the answer of a later step is told from a wait that expires', () => {
  const saga = defineSaga({ id: 'visit', input: z.object({}), activities: {} as VisitActivities })
    .wait('visit', { on: { come: 'continue' }, within: '1h', onExpired: 'continue' })
    .step('fetch', {
      input: () => ({}),
      timeout: '1s',
      compensate: {
        activity: 'bringBack',
        input: ({ results }) => ({ what: results.fetch ?? null }),
      },
    })
    .step('pay', { input: () => ({}), kind: 'pivot' })
    .build();
  expect(verify(saga).findings.filter(isDefect)).toEqual([]);
  const [finding] = verify(keepsEventsAs(saga, 'fetch')).findings.filter(isDefect);
  expect(finding?.what).toContain('"bringBack" compensates step "fetch", with the input');
});

interface VisitActivities {
  fetch(input: object): { what: string };
  bringBack(input: { what: unknown }): void;
  pay(input: object): void;
}

test('blocks within blocks have no such finding', () => {
  expect(verify(fittingSaga, { maxStates: SOME_STATES }).findings.filter(isDefect)).toEqual([]);
});

function isDefect({ code }: { readonly code: string }): boolean {
  return code === 'engine-defect';
}
