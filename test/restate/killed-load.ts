/**
 * Sagas under way on Restate while something is killed, and what must hold when it is over. Server,
 * workers and face are processes; what starts the sagas is a client that asks again, with the same
 * start key, until it knows how each came out.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Balancer } from '../../src/restate/balancer.ts';
import { typed } from '../cli/typed-commands.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase, temporaryFolder } from '../store/store-fixture.ts';
import type { FaceSettings } from './face-program.ts';
import { calledIn, type Called, findingsIn, storedIn, type Stored } from './left-behind.ts';
import { isRefused, refusedOf } from './refused-parcels.ts';
import { balancer, restateNodes, worker } from './rig.ts';
import type { SagaWorkerSettings } from './saga-worker.ts';
import type { KeptCall, RestateServer } from './server.ts';
import type { WorkerProcess } from './worker-process.ts';

const AT_ONCE = 16;
const PATIENCE_MS = 120_000;
const AGAIN_AFTER_MS = 50;

/** What a load leaves behind. */
export type Ended = Omit<Stored, 'interrupted'> &
  Omit<Called, 'runAgain'> & {
    /** Calls that Restate has not completed. */
    readonly callsLeft: readonly KeptCall[];
    readonly findings: readonly unknown[];
  };

/** As many sagas in each run as the promise speaks of; else what the tests have time for. */
const WHOLE = Number(process.env['BACKSTEP_RESTATE_SAGAS'] ?? 0);
export const IS_WHOLE = WHOLE > 0;
export const KILLED_SAGAS = WHOLE || 30;
export const KILLS_LIMIT_MS = IS_WHOLE ? 900_000 : 90_000;

/** How many of so many kills are made here. */
export const ofKills = (kills: number): number => (IS_WHOLE ? kills : Math.min(kills, 2));

/** What is left when each saga has ended, once, and nothing of it is anywhere. */
export function endedWell(sagas: number): Ended {
  const compensated = refusedOf(sagas);
  // Four effects, and where the last step is refused three that are undone instead of it.
  const keys = sagas * 4 + compensated * 2;
  const completed = sagas - compensated;
  const none = { doubledStartKeys: [], holes: [], otherKeys: [], callsLeft: [], findings: [] };
  return { sagas, completed, compensated, keys, ...none };
}

export interface LoadOptions {
  /** Nodes of Restate; with more than one all is kept twice. Default: 1. */
  readonly nodes?: number;
  /** Faces over one database, of which one writes it. Default: 1. */
  readonly faces?: number;
  /** Default: a file. */
  readonly database?: string;
  /** Calls of sagas make attempts themselves. Default: not. */
  readonly isInline?: boolean;
  /** Another worker is started for each that ends by itself. Default: not. */
  readonly keepsWorkers?: boolean;
}

/** Sagas under way, and everything they need as processes that can be killed. */
export class KilledLoad {
  readonly #nodes: readonly RestateServer[];
  #address: Balancer;
  readonly #calls = join(temporaryFolder(), 'calls');
  readonly #settings: FaceSettings;
  readonly #workers: WorkerProcess[] = [];
  readonly #faces: WorkerProcess[] = [];

  readonly #added: Promise<void>[] = [];
  readonly #isInline: boolean;
  #keepsWorkers: boolean;

  private constructor(
    nodes: readonly RestateServer[],
    address: Balancer,
    settings: FaceSettings,
    { keepsWorkers = false, isInline = false }: LoadOptions,
  ) {
    this.#keepsWorkers = keepsWorkers;
    this.#isInline = isInline;
    this.#nodes = nodes;
    this.#address = address;
    this.#settings = settings;
  }

  /** Two workers behind one address, and what else is asked for. */
  static async open(options: LoadOptions = {}): Promise<KilledLoad> {
    const { nodes: count = 1, faces = 1, database = temporaryDatabase() } = options;
    const [nodes, address] = await Promise.all([restateNodes(count), balancer()]);
    const [first] = nodes;
    if (first === undefined) throw new Error('there is no node');
    const { ingress, admin } = first;
    const listen = { port: await freePort() };
    const load = new KilledLoad(nodes, address, { ingress, admin, listen, database }, options);
    await Promise.all([load.#addWorker(), load.#addWorker()]);
    await first.register(address.url);
    while (load.#faces.length < faces) await load.#addFace();
    return load;
  }

  /**
   * Starts so many sagas, and calls `strike` whenever so many more have ended, one strike after the
   * other.
   */
  async run(sagas: number, strikes: number, strike: () => Promise<void>): Promise<void> {
    const every = Math.floor(sagas / (strikes + 1));
    let strikesMade = 0;
    let striking = Promise.resolve();
    const left = Array.from({ length: sagas }, (_, index) => `${index + 1}`);
    let ended = 0;
    const runSome = async (): Promise<void> => {
      for (let of = left.shift(); of !== undefined; of = left.shift()) {
        const status = await this.outcome('parcel', of);
        if (status !== (isRefused(of) ? 'compensated' : 'completed')) {
          throw new Error(`parcel ${of} is ${status}`);
        }
        ended += 1;
        if (ended % every !== 0 || strikesMade === strikes) continue;
        strikesMade += 1;
        striking = striking.then(strike);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runSome));
    await striking;
    if (strikesMade < strikes) throw new Error(`there were ${strikesMade} strikes only`);
  }

  /** Another worker takes the place of one that is killed. */
  async killWorker(): Promise<void> {
    const killed = this.#workers.shift();
    await killed?.kill();
    await this.#addWorker();
  }

  /** Puts two new workers, behind an address of their own, in the place of the old ones. */
  async swapWorkers(): Promise<void> {
    const old = this.#workers.splice(0);
    this.#address = await balancer();
    await Promise.all([this.#addWorker(), this.#addWorker()]);
    const { admin } = this.#settings;
    const url = `http://127.0.0.1:${this.#faces[0]?.port}`;
    const ran = await typed(['deploy', this.#address.url, '--admin', admin, '--url', url]);
    if (ran.code !== 0) throw new Error(`deploy ends with ${ran.code}: ${ran.out}${ran.err}`);
    await Promise.all(old.map((each) => each.kill()));
  }

  /** The node goes on with what it had. */
  async killNode(nth = 0): Promise<void> {
    await this.#nodes[nth]?.kill();
    await this.#nodes[nth]?.start();
  }

  /** The node goes on with what it had, once others have had to do without it. */
  async loseNode(nth: number, awayMs: number): Promise<void> {
    await this.#nodes[nth]?.kill();
    await pause(awayMs);
    await this.#nodes[nth]?.start();
  }

  /** Kills the face that was there first; another one comes, as the last in line. */
  async killFace(): Promise<void> {
    const killed = this.#faces.shift();
    await killed?.kill();
    await this.#addFace();
  }

  /** What there is once everything is quiet again. */
  async end(): Promise<Ended> {
    const callsLeft = await this.#callsAtRest();
    this.#keepsWorkers = false;
    await Promise.all(this.#added);
    await Promise.all(this.#faces.map((face) => face.kill()));
    const { database } = this.#settings;
    const { interrupted, ...stored } = await storedIn({ database });
    const { runAgain, ...called } = calledIn(this.#calls);
    const findings = await findingsIn({ database });
    if (IS_WHOLE) {
      const { sagas, completed, compensated, holes, doubledStartKeys } = stored;
      const figures = { sagas, stranded: sagas - completed - compensated, interrupted, runAgain };
      const none = { otherKeys: called.otherKeys.length, holes: holes.length };
      const more = { callsLeft: callsLeft.length, findings: findings.length };
      const doubled = { doubledStartKeys: doubledStartKeys.length };
      console.info(JSON.stringify({ ...figures, ...doubled, ...none, ...more }));
    }
    return { ...stored, ...called, callsLeft, findings };
  }

  async #callsAtRest(): Promise<readonly KeptCall[]> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      // Nobody can tell while a partition goes back to the node that was away.
      const calls = await this.#nodes[0]?.calls().catch((error: unknown) => {
        if (deadline.aborted) throw error;
      });
      const moving = calls?.filter(({ status }) => status !== 'scheduled');
      if (moving !== undefined && (moving.length === 0 || deadline.aborted)) return moving;
      await pause(AGAIN_AFTER_MS);
    }
  }

  /** Starts a saga, and asks one face after the other until one says how it ended. */
  async outcome(type: string, of: string): Promise<string> {
    const body = JSON.stringify({ input: { of }, key: `${type}-${of}` });
    const headers = { 'content-type': 'application/json' };
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    let last = '';
    for (let turn = 0; !deadline.aborted; turn += 1) {
      const { port } = this.#faces[turn % this.#faces.length] ?? { port: 0 };
      try {
        const url = `http://127.0.0.1:${port}/api/sagas/${type}?wait=20s`;
        const answer = await fetch(url, { method: 'POST', headers, body });
        last = await answer.text();
        const status = String(Reflect.get(Object(JSON.parse(last)), 'status'));
        if (answer.status === 200 && status !== 'running') return status;
      } catch (error) {
        last = String(error);
      }
      await pause(AGAIN_AFTER_MS);
    }
    throw new Error(`${type} ${of} came to nothing: ${last}`);
  }

  async #addWorker(): Promise<void> {
    const settings: SagaWorkerSettings = { calls: this.#calls, isInline: this.#isInline };
    const added = await worker('saga-worker.ts', JSON.stringify(settings));
    await this.#address.add(added.port);
    this.#workers.push(added);
    void added.ended.then(() => {
      if (this.#keepsWorkers) this.#added.push(this.#addWorker());
    });
  }

  async #addFace(): Promise<void> {
    this.#faces.push(await worker('face-program.ts', JSON.stringify(this.#settings)));
  }
}
