/**
 * Preloaded into a process of a test (`--import`), it makes every connection use
 * `synchronous=NORMAL` and say FULL: what the tests of durability must be able to tell.
 */
import Database from 'better-sqlite3';

const pragma = Database.prototype.pragma;

Database.prototype.pragma = function lessDurable(this: Database.Database, source, options) {
  if (source === 'synchronous = FULL') return pragma.call(this, 'synchronous = NORMAL', options);
  if (source === 'synchronous') return 2;
  return pragma.call(this, source, options);
};
