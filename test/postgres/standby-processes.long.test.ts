/**
 * Whole processes over one database, asked through any of them, while owners and standbys are
 * killed, hang, are told to stop, and the server of the database is restarted, at random. Nothing
 * acknowledged is lost, and nothing is done twice.
 *
 * `BACKSTEP_TORTURE_CYCLES` is how often, `BACKSTEP_TORTURE_SEED` what it begins with. A long run
 * says how long take-overs took.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { migratePostgres } from '../../src/store/postgres/migrate.ts';
import { connectTo, describeOnPostgres, ownCluster } from './databases.ts';
import { ParcelClients, type SentParcel } from './parcel-clients.ts';
import { ParcelFeed } from './parcel-feed.ts';
import { effectsIn, gapsIn, NOTE_WRITERS, one, sagasIn } from './parcel-findings.ts';
import { ParcelProcesses } from './parcel-processes.ts';

const CYCLES = Number(process.env['BACKSTEP_TORTURE_CYCLES'] ?? 6);
const CYCLE_LIMIT_MS = 60_000;
const IS_LONG = CYCLES > 12;
const PROGRESS_EVERY = 10;
const PROCESSES = 3;
const LANES = 6;
const FEEDS = 3;
/** Acknowledgements between two blows. */
const PROGRESS = 20;

const BLOWS = ['kill', 'kill-standby', 'hang', 'stop', 'restart-database'] as const;
type Blow = (typeof BLOWS)[number];

describeOnPostgres('processes with the same configuration', () => {
  it(
    'lose and double nothing that any of them was asked, whatever befalls them',
    async () => {
      const seed = Number(process.env['BACKSTEP_TORTURE_SEED'] ?? Date.now() % 1_000_000);
      const blows = blowsOf(seed);
      const arena = await Arena.open();
      for (const [index, blow] of blows.entries()) {
        await arena.strike(blow);
        const count = index + 1;
        if (IS_LONG && count % PROGRESS_EVERY === 0) console.info(arena.told(count));
      }
      const found = await arena.end();
      // With what it takes to see the same again.
      expect({ seed, blows, ...found }).toEqual({ seed, blows, ...ALL_IS_WELL });
      if (IS_LONG) console.info(arena.told(blows.length));
    },
    (CYCLES + 2) * CYCLE_LIMIT_MS,
  );
});

/** Each blow once before any comes again, in an order of the seed. */
function blowsOf(seed: number): readonly Blow[] {
  const rounds = Math.ceil(CYCLES / BLOWS.length);
  const shuffled = fc.shuffledSubarray([...BLOWS], { minLength: BLOWS.length });
  return fc.sample(shuffled, { seed, numRuns: rounds }).flat().slice(0, CYCLES);
}

/** What there is to find at the end, by what it is a sign of. */
interface Found {
  readonly missing: readonly string[];
  readonly unshipped: readonly string[];
  readonly startedTwice: readonly string[];
  readonly doneUnderTwoKeys: readonly string[];
  readonly notDone: readonly string[];
  readonly gapsInJournal: number;
  readonly writersThatCameBack: readonly string[];
  readonly feeds: readonly { readonly gaps: number; readonly others: readonly string[] }[];
  readonly waitingInInbox: number;
  readonly answersLeftOver: boolean;
  /** Told by Node to whoever reads the log, such as of a package that is used as it should not be. */
  readonly deprecations: readonly string[];
}

const ALL_IS_WELL: Found = {
  missing: [],
  unshipped: [],
  startedTwice: [],
  doneUnderTwoKeys: [],
  notDone: [],
  gapsInJournal: 0,
  writersThatCameBack: [],
  feeds: Array.from({ length: FEEDS }, () => ({ gaps: 0, others: [] })),
  waitingInInbox: 0,
  answersLeftOver: false,
  deprecations: [],
};

class Arena {
  readonly #cluster: Awaited<ReturnType<typeof ownCluster>>;
  readonly #effects: string;
  readonly #processes: ParcelProcesses;
  readonly #clients: ParcelClients;
  readonly #feeds: readonly ParcelFeed[];
  readonly #takeOvers = { kill: [] as number[], hang: [] as number[], stop: [] as number[] };
  readonly #lookers = new Set<() => void>();
  #blows = 0;

  static async open(): Promise<Arena> {
    const cluster = await ownCluster({ fsync: true });
    const admin = await connectTo(cluster.adminUrl('postgres'));
    await admin.query('CREATE DATABASE sagas OWNER owner');
    await migratePostgres(cluster.url('sagas'));
    const owner = await connectTo(cluster.url('sagas'));
    await owner.query(NOTE_WRITERS);
    const folder = mkdtempSync(join(tmpdir(), 'backstep-parcels-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const arena = new Arena(cluster, join(folder, 'effects'));
    onTestFinished(() => arena.#processes.dispose());
    await arena.#processes.untilComplete();
    return arena;
  }

  constructor(cluster: Awaited<ReturnType<typeof ownCluster>>, effects: string) {
    this.#cluster = cluster;
    this.#effects = effects;
    this.#processes = new ParcelProcesses(cluster.url('sagas'), effects, PROCESSES);
    const urls = () => this.#processes.running.flatMap(({ url }) => (url === null ? [] : [url]));
    const tell = (): void => {
      for (const look of this.#lookers) look();
    };
    let turn = 0;
    const pick = (count: number): number => (turn += 1) % count;
    this.#clients = new ParcelClients({ urls, pick, onAnswer: tell, lanes: LANES });
    this.#feeds = Array.from(
      { length: FEEDS },
      (_, number) => new ParcelFeed({ urls, pick: (count) => number % count, onLine: tell }),
    );
    onTestFinished(() => this.#feeds.forEach((feed) => feed.stop()));
  }

  async strike(blow: Blow): Promise<void> {
    this.#blows += 1;
    const owner = await this.#processes.untilComplete();
    await this.#progress();
    const startedMs = performance.now();
    switch (blow) {
      case 'kill':
        owner.child.kill('SIGKILL');
        await this.#timed(blow, startedMs, this.#processes.untilTakenOver(owner));
        break;
      case 'kill-standby': {
        const standby = this.#processes.running.find((each) => each !== owner);
        if (standby === undefined) throw new Error('no standby is there');
        const ended = once(standby.child, 'exit');
        standby.child.kill('SIGKILL');
        await ended;
        break;
      }
      case 'hang': {
        const ended = once(owner.child, 'exit');
        owner.child.kill('SIGSTOP');
        await this.#timed(blow, startedMs, this.#processes.untilTakenOver(owner));
        await this.#progress();
        for (const feed of this.#feeds) feed.leave(owner.url);
        owner.child.kill('SIGCONT');
        await ended;
        break;
      }
      case 'stop': {
        const ended = once(owner.child, 'exit');
        owner.child.kill('SIGTERM');
        await this.#timed(blow, startedMs, this.#processes.untilTakenOver(owner));
        const [code] = (await ended) as unknown[];
        if (code !== 0)
          throw new Error(`an owner that was told to stop ended with ${String(code)}`);
        break;
      }
      case 'restart-database':
        await this.#cluster.stop('immediate');
        await this.#cluster.start();
        break;
    }
    await this.#progress();
  }

  /** Waits for what is under way, and looks at everything. */
  async end(): Promise<Found> {
    await this.#clients.stop();
    await this.#processes.untilComplete();
    const client = await connectTo(this.#cluster.url('sagas'));
    const { sent } = this.#clients;
    const last = await this.#untilShipped(client);
    const missing: string[] = [];
    for (const parcel of sent) if (!(await this.#isThere(parcel))) missing.push(parcel.name);
    const inbox = await one(
      client,
      `SELECT count(*) FILTER (WHERE settled_at IS NULL) AS waiting, count(*) AS all_rows
        FROM backstep.inbox`,
    );
    return {
      missing,
      ...(await sagasIn(client)),
      ...effectsIn(this.#effects, sent),
      feeds: this.#feeds.map(({ seqs, others }) => ({ gaps: gapsIn(seqs, last), others })),
      waitingInInbox: Number(inbox['waiting']),
      // An answer is left where the process that asked, or its way to the database, died: each
      // client waits for one.
      answersLeftOver: Number(inbox['all_rows']) > LANES * this.#blows,
      deprecations: this.#processes.errors.filter((line) => /DeprecationWarning/.test(line)),
    };
  }

  /** Progress and figures, for people. */
  told(blows: number): string {
    const { sent, acknowledged, unanswered } = this.#clients;
    const figures = Object.entries(this.#takeOvers).map(([blow, times]) => figureOf(blow, times));
    return (
      `${blows} blows: ${sent.length} sagas, ${acknowledged} acknowledgements, ${unanswered} ` +
      `asked again; take-over after ${figures.join(', ')}`
    );
  }

  /** Resolves after so many more acknowledgements; rejects with what a client was refused with. */
  async #progress(): Promise<void> {
    const wanted = this.#clients.acknowledged + PROGRESS;
    await this.#heard(() => this.#clients.acknowledged >= wanted);
  }

  async #heard(isSo: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (isSo()) resolve();
    };
    this.#lookers.add(look);
    look();
    await Promise.race([promise, this.#clients.failed]).finally(() => this.#lookers.delete(look));
  }

  async #timed(blow: 'kill' | 'hang' | 'stop', startedMs: number, over: Promise<unknown>) {
    await over;
    this.#takeOvers[blow].push(performance.now() - startedMs);
  }

  /** Gives the last seq of the journal, once all is shipped and every feed has told of it. */
  async #untilShipped(client: pg.Client): Promise<number> {
    for (;;) {
      const row = await one(
        client,
        `SELECT (SELECT max(seq) FROM backstep.journal) AS last,
          (SELECT count(*) FROM backstep.sagas WHERE ended_at IS NULL) AS open`,
      );
      const last = Number(row['last']);
      await this.#heard(() => this.#feeds.every(({ seqs }) => (seqs.at(-1) ?? 0) >= last));
      if (Number(row['open']) === 0) return last;
      // Something is still to come of those that are open.
      await this.#heard(() => this.#feeds.every(({ seqs }) => (seqs.at(-1) ?? 0) > last));
    }
  }

  async #isThere({ id, name, lines, commands }: SentParcel): Promise<boolean> {
    const saga = await this.#clients.ask('GET', `/api/sagas/${id}`);
    const context = saga.body['context'] as
      { name?: string; lines?: readonly string[] } | undefined;
    const audit = (saga.body['audit'] ?? []) as readonly { readonly command: string }[];
    const ordered = audit.map(({ command }) => command).filter((each) => COMMANDS.includes(each));
    return (
      context?.name === name &&
      JSON.stringify(context.lines) === JSON.stringify(lines) &&
      JSON.stringify(ordered.toSorted()) === JSON.stringify(commands.toSorted())
    );
  }
}

const COMMANDS: readonly string[] = ['pause', 'resume'];

function figureOf(blow: string, times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const most = sorted.at(-1) ?? 0;
  return `${blow} ${sorted.length} times, median ${ms(median)}, most ${ms(most)}`;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
