/**
 * Work that only the process does which owns the database, whichever process is asked for it: here
 * while this one owns it, else by a row of the inbox.
 */
import { BackstepError } from '../../core/errors.ts';
import { check, FUNCTION, NAME } from '../../core/options-reader.ts';
import type { Standby } from './standby.ts';

type Run = (given: unknown) => Promise<unknown>;

export class OwnerWork {
  readonly #standby: Pick<Standby, 'isOn' | 'work'>;
  readonly #runs = new Map<string, Run>();

  constructor(standby: Pick<Standby, 'isOn' | 'work'>) {
    this.#standby = standby;
  }

  /** See `Backstep.atOwner`. */
  define<Given, Answer>(
    name: string,
    run: (given: Given) => Promise<Answer>,
  ): (given: Given) => Promise<Answer> {
    check(name, NAME, 'atOwner, the name', 'input-invalid');
    check(run, FUNCTION, `atOwner of "${name}"`, 'input-invalid');
    if (this.#runs.has(name)) {
      throw new BackstepError('input-invalid', `atOwner: there is work called "${name}" already`);
    }
    // What is asked for by name was given to the function of that name, as JSON.
    this.#runs.set(name, (given) => run(given as Given));
    return async (given) => {
      if (this.#standby.isOn) return (await this.#standby.work(name, given)) as Answer;
      return run(given);
    };
  }

  /** For a row of the inbox. Throws `not-found`. */
  async run(name: string, given: unknown): Promise<unknown> {
    const run = this.#runs.get(name);
    if (run !== undefined) return (await run(given)) ?? null;
    const message =
      `the process that owns the database does not know the work "${name}"; ` +
      'set all processes over it up alike';
    throw new BackstepError('not-found', message);
  }
}
