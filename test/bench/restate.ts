/**
 * `npm run bench:restate`: what a saga costs on Restate on this machine, with a call for each attempt
 * and with attempts inline, one after the other in each round. For each form a node, two workers behind
 * one address and the face with its pages, all processes of their own; the client that starts sagas and
 * the balancers are in this one.
 *
 * Compare only figures of one run; the last lines say how busy the machine was with something else.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { Balancer } from '../../src/restate/balancer.ts';
import { readFlags, refuse } from '../fixtures/tool-flags.ts';
import { freePort } from '../ports.ts';
import type { FaceSettings } from '../restate/face-program.ts';
import type { SagaWorkerSettings } from '../restate/saga-worker.ts';
import { type RestateServer, startRestate } from '../restate/server.ts';
import { startWorker, type WorkerProcess } from '../restate/worker-process.ts';
import { Figures, quantile, toTable } from './figures.ts';
import { cpuSecondsOf, machineSeconds } from './machine-load.ts';

const USAGE = `npm run bench:restate -- [--sagas 300] [--rounds 2] [--at-once 1,16,120]
  sagas of four steps without failures; CPU is of all processes together but those of other work`;
const WORKERS = 2;
/** One saga after the other takes so much longer that fewer of them do. */
const ALONE_SHARE = 10;

const flags = readFlags(USAGE, {
  sagas: { type: 'string', default: '300' },
  rounds: { type: 'string', default: '2' },
  'at-once': { type: 'string', default: '1,16,120' },
});
const sagas = wholeOf(flags.sagas);
const rounds = wholeOf(flags.rounds);
const levels = flags['at-once'].split(',').map(wholeOf);
if (process.platform !== 'linux') refuse('CPU time is read where Linux keeps it', USAGE);

/** One form: all the processes that its sagas need. */
interface Stand {
  /** Before the names of its figures. */
  readonly name: string;
  readonly server: RestateServer;
  readonly workers: readonly WorkerProcess[];
  readonly face: WorkerProcess;
  end(): Promise<void>;
}

const FORMS = [
  { name: '', isInline: false },
  { name: 'inline, ', isInline: true },
];

const figures = new Figures();
let started = 0;
const stands = await Promise.all(FORMS.map(standOf));
try {
  for (const stand of stands) await measure(stand, 20, 4); // code is compiled, connections are open
  for (let round = 1; round <= rounds; round += 1) {
    for (const atOnce of levels) {
      for (const stand of stands) {
        process.stderr.write(`round ${round} of ${rounds}: ${stand.name}${atOnce} at once\n`);
        const count = atOnce === 1 ? Math.ceil(sagas / ALONE_SHARE) : sagas;
        for (const [name, value, unit, digits] of await measure(stand, count, atOnce)) {
          figures.note(`${stand.name}${atOnce} at once: ${name}`, value, unit, digits);
        }
      }
    }
  }
  console.log(toTable(figures.all()));
  const load = loadavg().map((each) => each.toFixed(1));
  console.log(`${availableParallelism()} cores; load of 1, 5 and 15 minutes: ${load.join(', ')}`);
} finally {
  await Promise.all(stands.map((stand) => stand.end()));
}

async function standOf({ name, isInline }: (typeof FORMS)[number]): Promise<Stand> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-bench-restate-'));
  const server = await startRestate();
  const balancer = await Balancer.open();
  const ofWorkers: SagaWorkerSettings = { calls: join(folder, 'calls'), callMs: 0, isInline };
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, () =>
      startWorker('saga-worker.ts', [JSON.stringify(ofWorkers)]),
    ),
  );
  for (const { port } of workers) await balancer.add(port);
  await server.register(balancer.url);
  const settings: FaceSettings = {
    ingress: server.ingress,
    admin: server.admin,
    listen: { port: await freePort() },
    database: join(folder, 'projection.db'),
  };
  const face = await startWorker('face-program.ts', [JSON.stringify(settings)]);
  const end = async (): Promise<void> => {
    await Promise.all([face, ...workers].map((each) => each.kill()));
    await balancer.close();
    await server.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  return { name, server, workers, face, end };
}

type Measured = readonly [name: string, value: number, unit: string, digits: number];

/** Runs so many sagas, and says what each took. */
async function measure(stand: Stand, count: number, atOnce: number): Promise<readonly Measured[]> {
  const lags: number[] = [];
  const feed = await follow(stand.face, lags);
  const durations: number[] = [];
  const before = spent(stand);
  const beganMs = performance.now();
  let left = count;
  const runSome = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const startedMs = performance.now();
      await runOne(stand.face);
      durations.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runSome));
  const tookMs = performance.now() - beganMs;
  const after = spent(stand);
  feed.terminate();
  const used = (part: keyof Spent): number => after[part] - before[part];
  const ours = used('server') + used('workers') + used('face') + used('here');
  const perSaga = (ms: number): number => ms / count;
  return [
    ['sagas a second', (count * 1_000) / tookMs, '/s', 1],
    ['CPU a saga', perSaga(ours), 'ms', 1],
    ['CPU a saga, Restate', perSaga(used('server')), 'ms', 1],
    ['CPU a saga, workers', perSaga(used('workers')), 'ms', 1],
    ['CPU a saga, face', perSaga(used('face')), 'ms', 1],
    ['CPU a saga, balancer and client', perSaga(used('here')), 'ms', 1],
    ['a saga, p50', quantile(durations, 0.5), 'ms', 0],
    ['a saga, p99', quantile(durations, 0.99), 'ms', 0],
    ['from a turn to its line in the feed, p50', quantile(lags, 0.5), 'ms', 0],
    ['from a turn to its line in the feed, p99', quantile(lags, 0.99), 'ms', 0],
    ['other work on the machine', ((used('machine') - ours) * 100) / used('idleAndWork'), '%', 0],
  ];
}

/** Starts one saga, waits for its end, and throws where that is not the one it should be. */
async function runOne(face: WorkerProcess): Promise<void> {
  started += 1;
  // One in ten is refused by the workers: not these.
  const of = `${started}1`;
  const answer = await fetch(`http://127.0.0.1:${face.port}/api/sagas/parcel?wait=60s`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: { of }, key: `parcel-${of}` }),
  });
  const text = await answer.text();
  if (!text.includes('"completed"')) throw new Error(`${answer.status} ${text}`);
}

/** Notes how old each turn is when its line comes. */
async function follow(face: WorkerProcess, lags: number[]): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${face.port}/ws/transitions`);
  socket.on('message', (data: Buffer) => {
    const { time } = JSON.parse(data.toString()) as { readonly time?: string };
    if (time !== undefined) lags.push(Date.now() - Date.parse(time));
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** CPU time so far, in milliseconds. */
interface Spent {
  readonly server: number;
  readonly workers: number;
  readonly face: number;
  readonly here: number;
  /** Of everything that runs on the machine. */
  readonly machine: number;
  /** The same with the time in which nothing ran. */
  readonly idleAndWork: number;
}

function spent({ server, workers, face }: Stand): Spent {
  const { user, system } = process.cpuUsage();
  const of = (pid: number): number => cpuSecondsOf(pid) * 1_000;
  const { all, busy } = machineSeconds();
  return {
    server: of(server.pid ?? 0),
    workers: workers.reduce((sum, { pid }) => sum + of(pid), 0),
    face: of(face.pid),
    here: (user + system) / 1_000,
    machine: busy * 1_000,
    idleAndWork: all * 1_000,
  };
}

function wholeOf(text: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0
    ? number
    : refuse(`${text} is no number of at least 1`, USAGE);
}
