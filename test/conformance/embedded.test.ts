/** The embedded host keeps the same promises over each of its stores. */
import { CASES } from './cases.ts';
import { OVER_POSTGRES, OVER_SQLITE } from './embedded-hosts.ts';
import { conforms, conformsByItself, isShort } from './suite.ts';

conformsByItself(OVER_SQLITE, CASES.filter(isShort));
conforms(OVER_POSTGRES, CASES, OVER_SQLITE);
