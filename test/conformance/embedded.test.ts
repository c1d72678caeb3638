/** The embedded host keeps the same promises over each of its stores. */
import { CASES } from './cases.ts';
import { OVER_POSTGRES, OVER_SQLITE } from './embedded-hosts.ts';
import { conforms, conformsByItself } from './suite.ts';

conformsByItself(OVER_SQLITE, CASES);
conforms(OVER_POSTGRES, CASES, OVER_SQLITE);
