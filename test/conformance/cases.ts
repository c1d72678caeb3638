/** Every case of the conformance suite. */
import { COMMAND_CASES } from './cases/commands.ts';
import { DATABASE_CASES } from './cases/database.ts';
import { FAMILY_CASES } from './cases/families.ts';
import { POISON_CASES } from './cases/poison.ts';
import { START_CASES } from './cases/starts.ts';
import { STEP_CASES } from './cases/steps.ts';
import { VERSION_CASES } from './cases/versions.ts';
import { WAIT_CASES } from './cases/waits.ts';
import type { Case } from './case.ts';

export const CASES: readonly Case[] = [
  ...STEP_CASES,
  ...WAIT_CASES,
  ...COMMAND_CASES,
  ...START_CASES,
  ...FAMILY_CASES,
  ...VERSION_CASES,
  ...DATABASE_CASES,
  ...POISON_CASES,
];
