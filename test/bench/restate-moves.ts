/**
 * `npm run bench:restate-moves`: what moves of sagas cost others on Restate: how long plain sagas take
 * while many sagas that wait come from a file, and while they go back into one. A node, two workers
 * behind one address, the face, and whoever moves the sagas are processes of their own.
 *
 * Compare only figures of one run; the last line says how busy the machine was with something else.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportFromRestate, importToRestate } from '../../src/restate/face/moves/moving.ts';
import { openRestateBackstep } from '../../src/restate/face/open-restate.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { exportSagas } from '../../src/host/moves/export-sagas.ts';
import { Balancer } from '../../src/restate/balancer.ts';
import { serveWorker } from '../../src/restate/worker.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { serveBackstep } from '../../src/server.ts';
import { INPUT, parcelSaga, requestSaga } from '../conformance/sagas.ts';
import { readFlags, refuse } from '../fixtures/tool-flags.ts';
import { freePort } from '../ports.ts';
import type { FaceSettings } from '../restate/face-program.ts';
import { startRestate } from '../restate/server.ts';
import { startWorker, tellPort } from '../restate/worker-process.ts';
import { Figures, quantile, toTable } from './figures.ts';
import { verdictOn, watchOtherWork } from './machine-load.ts';

const USAGE = `npm run bench:restate-moves -- [--moved 200] [--at-once 4] [--rounds 3]
  plain sagas of four steps, so many at once, while the others are moved to Restate and back`;
const PROGRAM = '../bench/restate-moves.ts';
const WORKERS = 2;
const QUIET_MS = 8_000;

/** What waits for a person, and is moved. */
const waiting = requestSaga();
const answer = (_: unknown, { key }: { readonly key: string }) => ({ receipt: key });
const answers = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, answer]));

function register({ register: add }: Pick<Backstep, 'register'>): void {
  for (const saga of [parcelSaga, waiting]) {
    add<object>(saga, { activities: answers(saga.activities) });
  }
}

/** An order of a move, as a process that ends with it. */
interface Order {
  readonly ingress: string;
  readonly admin: string;
  readonly file: string;
  readonly to: 'restate' | 'file';
}

async function runFace(settings: FaceSettings): Promise<void> {
  const backstep = await openRestateBackstep({ ...settings, verifyAtRegistration: 'off' });
  register(backstep);
  const server = await serveBackstep({ backstep, port: 0, requestsPerSecond: null });
  tellPort(Number(new URL(server.url).port));
  await backstep.start();
}

async function move({ file, to, ...at }: Order): Promise<void> {
  tellPort(0);
  if (to === 'restate') await importToRestate({ ...at, from: file });
  else
    await exportFromRestate({
      ...at,
      to: file,
      sagas: { filter: { type: waiting.id } },
      place: 'a file',
    });
  process.exit();
}

async function bench(): Promise<void> {
  const flags = readFlags(USAGE, {
    moved: { type: 'string', default: '200' },
    'at-once': { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
  });
  const [moved, atOnce, rounds] = [flags.moved, flags['at-once'], flags.rounds].map(wholeOf);
  const otherWork = watchOtherWork();
  const figures = new Figures();
  for (let round = 1; round <= (rounds ?? 1); round += 1) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    await measure(figures, moved ?? 1, atOnce ?? 1);
  }
  console.log(toTable(figures.all()));
  // Processes that this one has started count with it, but their own server does not.
  console.log(`beside this bench and Restate: ${verdictOn(otherWork())}`);
}

/** Each round has a Restate of its own: what was moved stays there as what has left. */
async function measure(figures: Figures, moved: number, atOnce: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-bench-moves-'));
  const file = (name: string): string => join(folder, name);
  const server = await startRestate();
  const balancer = await Balancer.open();
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, () => startWorker(PROGRAM, ['worker'])),
  );
  for (const { port } of workers) await balancer.add(port);
  await server.register(balancer.url);
  const { ingress, admin } = server;
  const listen = { port: await freePort() };
  const settings: FaceSettings = { ingress, admin, listen, database: file('projection.db') };
  const face = await startWorker(PROGRAM, ['face', JSON.stringify(settings)]);
  try {
    await fill(file('source.db'), file('going.jsonl'), moved);
    const order = async (given: Pick<Order, 'file' | 'to'>): Promise<void> => {
      const moving = await startWorker(PROGRAM, [
        'move',
        JSON.stringify({ ingress, admin, ...given }),
      ]);
      await moving.ended;
      if (!existsSync(given.file)) throw new Error('nothing was moved');
    };
    const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const load = new PlainSagas(face.port, atOnce);
    await load.during(quiet); // code is compiled, connections are open
    const phases: readonly (readonly [string, () => Promise<void>])[] = [
      ['nothing is moved', quiet],
      [`${moved} come`, () => order({ file: file('going.jsonl'), to: 'restate' })],
      ['nothing is moved', quiet],
      [`${moved} leave`, () => order({ file: file('back.jsonl'), to: 'file' })],
    ];
    for (const [name, act] of phases) {
      process.stderr.write(`  ${name}\n`);
      const { durations, tookMs } = await load.during(act);
      figures.note(`${name}: a plain saga, p50`, quantile(durations, 0.5), 'ms');
      figures.note(`${name}: a plain saga, p99`, quantile(durations, 0.99), 'ms');
      figures.note(`${name}: plain sagas a second`, (durations.length * 1_000) / tookMs, '/s', 1);
      if (act !== quiet) figures.note(`${name}: it takes`, tookMs / 1_000, 's', 1);
    }
    await load.end();
  } finally {
    await Promise.all([face, ...workers].map((each) => each.kill()));
    await balancer.close();
    await server.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file of sagas that wait. */
async function fill(database: string, to: string, count: number): Promise<void> {
  const backstep = await openBackstep({ database, verifyAtRegistration: 'off' });
  register(backstep);
  await backstep.start();
  for (let at = 0; at < count; at += 1) {
    const saga = await backstep.spawn(waiting, { input: INPUT, key: `moved-${at}` });
    await saga.waitFor(({ status }) => status === 'waiting', { within: '20s' });
  }
  await backstep.stop({ within: '1s' });
  await exportSagas({ database, sagas: 'all', to, place: 'Restate' });
}

/** Plain sagas one after the other, so many at once, until they are ended. */
class PlainSagas {
  readonly #port: number;
  readonly #running: Promise<unknown>;
  #durations: number[] = [];
  #started = 0;
  #isOver = false;

  constructor(port: number, atOnce: number) {
    this.#port = port;
    this.#running = Promise.all(Array.from({ length: atOnce }, () => this.#runSome()));
  }

  /** How long those took that ended while `act` ran. */
  async during(act: () => Promise<void>): Promise<{ durations: number[]; tookMs: number }> {
    this.#durations = [];
    const beganMs = performance.now();
    await act();
    return { durations: this.#durations, tookMs: performance.now() - beganMs };
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #runSome(): Promise<void> {
    while (!this.#isOver) {
      const startedMs = performance.now();
      this.#started += 1;
      const answered = await fetch(`http://127.0.0.1:${this.#port}/api/sagas/parcel?wait=60s`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: { of: `p-${this.#started}` } }),
      });
      const text = await answered.text();
      if (!text.includes('"completed"')) throw new Error(`${answered.status} ${text}`);
      this.#durations.push(performance.now() - startedMs);
    }
  }
}

function wholeOf(text: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0
    ? number
    : refuse(`${text} is no number of at least 1`, USAGE);
}

const [role, given = '{}'] = process.argv.slice(2);
if (role === 'worker') tellPort((await serveWorker({ port: 0, register })).port);
else if (role === 'face') await runFace(JSON.parse(given) as FaceSettings);
else if (role === 'move') await move(JSON.parse(given) as Order);
else await bench();
