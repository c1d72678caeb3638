/** Connections that are lost at every single message of a batch; at some: unknown-commits.test.ts. */
import { describeOnPostgres } from '../../postgres/databases.ts';
import { triesCuts } from './lost-connections.ts';

describeOnPostgres('a connection that is lost', () => triesCuts(1));
