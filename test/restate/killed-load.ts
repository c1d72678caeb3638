/** Sagas under way on Restate while something is killed, and what must hold when it is over. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { type DoctorFinding, examineDatabase } from '../../src/host/upkeep/doctor.ts';
import { openRestateBackstep } from '../../src/restate/face/open-restate.ts';
import { parcelSaga } from '../conformance/sagas.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase, temporaryFolder } from '../store/store-fixture.ts';
import type { Balancer } from './balancer.ts';
import { isRefused, refusedOf } from './refused-parcels.ts';
import { balancer, restateServer, worker } from './rig.ts';
import type { KeptCall, RestateServer } from './server.ts';
import type { WorkerProcess } from './worker-process.ts';

const AT_ONCE = 16;
const PATIENCE = '2m';

/** What a load leaves behind. */
export interface Ended {
  readonly sagas: number;
  readonly completed: number;
  readonly compensated: number;
  /**
   * Keys that activities were called with, one for each effect, however often it was called; without
   * those of a last step that was undone.
   */
  readonly keys: number;
  /** Calls that Restate has not completed. */
  readonly callsLeft: readonly KeptCall[];
  readonly findings: readonly DoctorFinding[];
}

/** `all`: as many sagas and kills as the promise speaks of; else what the tests have time for. */
const IS_WHOLE = process.env['BACKSTEP_CONFORMANCE'] === 'all';
export const KILLED_SAGAS = IS_WHOLE ? 220 : 30;
export const KILLS_LIMIT_MS = IS_WHOLE ? 600_000 : 90_000;

/** How many of so many kills are made here. */
export const ofKills = (kills: number): number => (IS_WHOLE ? kills : Math.min(kills, 2));

/** What is left when each saga has ended, once, and nothing of it is anywhere. */
export function endedWell(sagas: number): Ended {
  const compensated = refusedOf(sagas);
  // Four effects, and where the last step is refused three that are undone instead of it.
  const keys = sagas * 4 + compensated * 2;
  const completed = sagas - compensated;
  return { sagas, completed, compensated, keys, callsLeft: [], findings: [] };
}

/** Sagas under way on one node, with two workers that can be killed. */
export class KilledLoad {
  readonly server: RestateServer;
  readonly #address: Balancer;
  readonly #calls: string;
  readonly #database: string;
  readonly #port: number;
  readonly #workers: WorkerProcess[] = [];
  #backstep: Backstep | null = null;

  private constructor(server: RestateServer, address: Balancer, port: number) {
    this.server = server;
    this.#address = address;
    this.#port = port;
    this.#calls = join(temporaryFolder(), 'calls');
    this.#database = temporaryDatabase();
  }

  /** A node, two workers as processes behind one address, and a projection in this process. */
  static async open(): Promise<KilledLoad> {
    const [server, address] = await Promise.all([restateServer(), balancer()]);
    const load = new KilledLoad(server, address, await freePort());
    await Promise.all([load.#addWorker(), load.#addWorker()]);
    await server.register(address.url);
    await load.openFace();
    onTestFinished(() => load.closeFace());
    return load;
  }

  /** Starts so many sagas, and calls `strike` whenever so many more turns were written. */
  async run(sagas: number, strikes: number, strike: () => Promise<void>): Promise<void> {
    // Each has five turns at least.
    const everyLines = Math.floor((sagas * 5) / (strikes + 1));
    const struck: Promise<void>[] = [];
    let lines = 0;
    const stop = this.backstep.subscribe(() => {
      lines += 1;
      if (lines % everyLines === 0 && struck.length < strikes) struck.push(strike());
    });
    const left = Array.from({ length: sagas }, (_, index) => `${index + 1}`);
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#runSome(left)));
    await Promise.all(struck);
    stop();
    if (struck.length < strikes) throw new Error(`there were ${struck.length} strikes only`);
  }

  /** Another worker takes the place of one that is killed. */
  async killWorker(): Promise<void> {
    const killed = this.#workers.shift();
    await killed?.kill();
    await this.#addWorker();
  }

  async killServer(): Promise<void> {
    await this.server.kill();
    await this.server.start();
  }

  async openFace(): Promise<void> {
    const { ingress, admin } = this.server;
    const listen = { port: this.#port };
    const database = this.#database;
    const backstep = await openRestateBackstep({ ingress, admin, listen, database });
    const never = () => Promise.reject(new Error('no saga runs here'));
    const activities = Object.fromEntries(parcelSaga.activities.map((name) => [name, never]));
    backstep.register(parcelSaga as never, { activities } as never);
    await backstep.start();
    this.#backstep = backstep;
  }

  async closeFace(): Promise<void> {
    await this.#backstep?.stop({ within: 0 });
    this.#backstep = null;
  }

  get backstep(): Backstep {
    if (this.#backstep === null) throw new Error('the face is closed');
    return this.#backstep;
  }

  /** What there is once everything is quiet again. */
  async end(): Promise<Ended> {
    const { read } = this.backstep;
    const { completed, compensated } = await read.statusCounts();
    const sagas = await read.countSagas({});
    const calls = await this.server.calls();
    await this.closeFace();
    const examination = examineDatabase({ database: this.#database }, [parcelSaga]);
    let step = await examination.next();
    while (step.done !== true) step = await examination.next();
    // One that was interrupted before it was refused may have happened, and is undone as well.
    const keys = new Set(
      readFileSync(this.#calls, 'utf8')
        .trim()
        .split('\n')
        .filter((key) => !key.includes('/ship/compensate/')),
    );
    const callsLeft = calls.filter(({ status }) => status !== 'scheduled');
    const { findings } = step.value;
    return { sagas, completed, compensated, keys: keys.size, callsLeft, findings };
  }

  async #runSome(left: string[]): Promise<void> {
    for (let of = left.shift(); of !== undefined; of = left.shift()) {
      const { id } = await this.backstep.spawn('parcel', { input: { of }, key: `parcel-${of}` });
      const { status } = await this.backstep.saga(id).settled({ within: PATIENCE });
      if (status !== (isRefused(of) ? 'compensated' : 'completed')) {
        throw new Error(`saga ${id} is ${status}`);
      }
    }
  }

  async #addWorker(): Promise<void> {
    const added = await worker('saga-worker.ts', this.#calls);
    await this.#address.add(added.port);
    this.#workers.push(added);
  }
}
