/**
 * A worker of sagas as a process of its own, for trying what becomes of sagas when it is killed. Each
 * call of an activity is written to the file that it is given, and answered some time after that.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityContext } from '../../src/core/activity.ts';
import { PermanentError } from '../../src/core/failure.ts';
import { serveWorker } from '../../src/restate/worker.ts';
import { parcelSaga } from '../conformance/sagas.ts';
import { lineOf } from './left-behind.ts';
import { deathsOf, onceSaga } from './deadly-parcels.ts';
import { isRefused } from './refused-parcels.ts';
import { tellPort } from './worker-process.ts';

/** As long as a call of a service takes, so that a kill finds some between the effect and its record. */
const USUAL_MS = 10;

/** What it is told. */
export interface SagaWorkerSettings {
  /** The file. */
  readonly calls: string;
  /** Default: 10. */
  readonly callMs?: number;
  /** Whether calls of sagas make attempts themselves. Default: not. */
  readonly isInline?: boolean;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as SagaWorkerSettings;
const { calls, callMs = USUAL_MS, isInline = false } = settings;

const call = async (_: { readonly of: string }, context: ActivityContext) => {
  const { key } = context;
  appendFileSync(calls, lineOf(context));
  await pause(callMs);
  return { receipt: key };
};

/** Ends this process in the middle of the first attempts, as many as the parcel says. */
const deadly: typeof call = async (input, context) => {
  appendFileSync(calls, lineOf(context));
  const made = readFileSync(calls, 'utf8').split(` ${context.key}\n`).length - 1;
  if (made <= deathsOf(input)) process.kill(process.pid, 'SIGKILL');
  return { receipt: context.key };
};

const worker = await serveWorker({
  port: 0,
  ...(isInline ? { inlineAttempts: { upTo: '10s' } } : {}),
  register: (it) => {
    it.register(onceSaga, { activities: { call: deadly, uncall: call } });
    it.register(parcelSaga, {
      activities: {
        reserve: call,
        release: call,
        pay: call,
        refund: call,
        pack: (input, context) => (deathsOf(input) > 0 ? deadly : call)(input, context),
        unpack: call,
        ship: async (input, context) => {
          if (isRefused(input.of)) throw new PermanentError('refused', 'no van goes there');
          return call(input, context);
        },
        recall: call,
        findPayment: () => ({ kind: 'unknown' }),
      },
    });
  },
});
tellPort(worker.port);
