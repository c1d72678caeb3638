/**
 * Two processes contend for a database while owners are killed, stopped, cut off and told to leave,
 * and the server is restarted, at random. Acknowledged and lost, or written twice, is nothing.
 *
 * `BACKSTEP_TORTURE_CYCLES` is how often; a run says the seed that it began with.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Contender } from '../../postgres/contender.ts';
import { connectTo, describeOnPostgres, ownCluster } from '../../postgres/databases.ts';
import { migratePostgres } from '../../../src/store/postgres/migrate.ts';

const CYCLES = Number(process.env['BACKSTEP_TORTURE_CYCLES'] ?? 8);
const CYCLE_LIMIT_MS = 20_000;
const TIMINGS = { beatEveryMs: 100, pollEveryMs: 50, deadAfterMs: 500, hungAfterMs: 2_000 };
/** Turns between two blows. */
const PROGRESS = 50;
const SIDS_EACH = 100;
/** Why a process may end that was not struck: it lost the database, or came while the server was away. */
const EXPECTED_END = /^$|another process took the database over|it may pass: try again$/;
/** Flaws of a kind that are told. */
const FLAWS_TOLD = 10;
/** A run of so many blows says what it was. */
const LONG_RUN = 60;

const BLOWS = ['kill', 'stand-still', 'cut', 'immediate', 'fast', 'power', 'leave'] as const;

describeOnPostgres('processes that contend for a database', () => {
  it(
    'lose nothing that was acknowledged, whatever befalls them',
    async () => {
      const seed = Number(process.env['BACKSTEP_TORTURE_SEED'] ?? Date.now() % 1_000_000);
      const [blows = []] = fc.sample(
        fc.array(fc.constantFrom(...BLOWS), { minLength: CYCLES, maxLength: CYCLES }),
        { seed, numRuns: 1 },
      );
      const arena = await Arena.open();
      for (const [index, blow] of blows.entries()) {
        await arena.strike(blow).catch((cause: unknown) => {
          const message = `seed ${seed}, blow ${index + 1}, ${blow}: ${arena.oddEnds().join('; ')}`;
          throw new Error(message, { cause });
        });
      }
      // Before the lines are read: the owner goes on.
      const acknowledged = arena.acknowledged();
      const journal = await arena.journal();
      const there = new Set(journal.map(({ line }) => line));
      // With what it takes to see the same again, and small: it is printed where it differs.
      const seen = {
        seed,
        misplaced: journal.filter(({ seq }, index) => seq !== index + 1).slice(0, FLAWS_TOLD),
        twice: journal.length - there.size,
        missing: acknowledged.filter((line) => !there.has(line)).slice(0, FLAWS_TOLD),
        oddEnds: arena.oddEnds(),
      };
      expect(seen).toEqual({ seed, misplaced: [], twice: 0, missing: [], oddEnds: [] });
      if (CYCLES >= LONG_RUN)
        console.info(`${CYCLES} blows: ${acknowledged.length} acknowledgements, seed ${seed}`);
    },
    CYCLES * CYCLE_LIMIT_MS,
  );
});

class Arena {
  readonly #cluster: Awaited<ReturnType<typeof ownCluster>>;
  readonly #all: Contender[] = [];

  constructor(cluster: Awaited<ReturnType<typeof ownCluster>>) {
    this.#cluster = cluster;
  }

  static async open(): Promise<Arena> {
    const cluster = await ownCluster();
    const admin = await connectTo(cluster.adminUrl('postgres'));
    await admin.query('CREATE DATABASE sagas OWNER owner');
    await migratePostgres(cluster.url('sagas'));
    return new Arena(cluster);
  }

  acknowledged(): readonly string[] {
    return this.#all.flatMap((contender) => contender.acknowledged);
  }

  /** What those that ended by themselves said, but for what is to be expected under blows. */
  oddEnds(): readonly string[] {
    return this.#all.map(({ reason }) => reason).filter((reason) => !EXPECTED_END.test(reason));
  }

  /** In order of the global seq. */
  async journal(): Promise<readonly { readonly seq: number; readonly line: string }[]> {
    const client = await connectTo(this.#cluster.url('sagas'));
    const { rows } = await client.query<{ seq: string; line: string }>(
      `SELECT seq, sid || '/' || saga_seq AS line FROM backstep.journal ORDER BY seq`,
    );
    return rows.map(({ seq, line }) => ({ seq: Number(seq), line }));
  }

  async strike(blow: (typeof BLOWS)[number]): Promise<void> {
    const alive = this.#all.filter((contender) => !contender.isOver);
    while (alive.length < 2) alive.push(this.#enter());
    const owner = await Promise.any(
      alive.map((contender) => contender.until('acknowledged', PROGRESS).then(() => contender)),
    );
    const others = alive.filter((contender) => contender !== owner);
    switch (blow) {
      case 'kill':
        owner.process.kill('SIGKILL');
        break;
      case 'stand-still':
        owner.process.kill('SIGSTOP');
        await Promise.all(others.map((other) => other.until('owned')));
        owner.process.kill('SIGCONT');
        await owner.until('failed');
        break;
      case 'cut':
        await this.#cutWriters();
        break;
      case 'immediate':
      case 'fast':
        await this.#cluster.stop(blow);
        await this.#cluster.start();
        break;
      case 'power':
        await this.#cluster.stop('kill');
        await this.#cluster.start();
        break;
      case 'leave':
        owner.process.send('leave');
        await owner.until('stopped');
        break;
    }
    // Whoever it is now: it goes on. One that comes while the server is away ends, and on a busy machine
    // another one may just have lost the database to it.
    const left = this.#all.filter((contender) => !contender.isOver);
    if (left.length === 0) left.push(this.#enter());
    await Promise.any(left.map((contender) => contender.until('acknowledged', PROGRESS)));
  }

  #enter(): Contender {
    const firstSid = 1 + this.#all.length * SIDS_EACH;
    const contender = new Contender(this.#cluster.url('sagas'), firstSid, TIMINGS);
    this.#all.push(contender);
    return contender;
  }

  async #cutWriters(): Promise<void> {
    const client = await connectTo(this.#cluster.adminUrl('sagas'));
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'backstep-writer%'`,
    );
    await client.end();
  }
}
