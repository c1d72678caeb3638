/**
 * What `createServer` and `serveBackstep` take, so that what they do not take is refused.
 */
import {
  ANYTHING,
  either,
  FLAG,
  FUNCTION,
  type Kind,
  kindOf,
  listOf,
  type Members,
  optionsOf,
  required,
  TEXT,
  whole,
} from '../core/options-reader.ts';
import { isToken, TOKEN_WANTS } from './access/token.ts';
import type { Extension } from './extension.ts';

const MAX_CLIENTS = 1_500;
const MAX_PORT = 65_535;

const BACKSTEP = kindOf(
  'an engine of openBackstep',
  (value) => value !== null && typeof value === 'object' && 'legalCommands' in value,
);
const PREFIX = kindOf(
  'a path such as "/ops"',
  (value) => value === '' || (typeof value === 'string' && /^(?:\/[\w.~-]+)+$/.test(value)),
);
const LOGGER = kindOf(
  'a pino logger or the like',
  (value) => value !== null && typeof value === 'object' && 'error' in value,
);
const HOST_NAME = kindOf(
  'a name without scheme and port',
  (value) => typeof value === 'string' && /^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(value),
);
// Never shown: it may be a token that is only too short.
const TOKEN: Kind = {
  takes: `${TOKEN_WANTS}, or null`,
  faultOf: (value) =>
    value === null || (typeof value === 'string' && isToken(value))
      ? null
      : { path: '', what: `is not usable; give ${TOKEN.takes}` },
};
const RATE = kindOf(
  'a number from 1, or null',
  (value) => value === null || (typeof value === 'number' && value >= 1),
);
const EXTENSION_MEMBERS: Record<keyof Extension, Kind> = {
  name: required(TEXT),
  routes: ANYTHING,
  pages: listOf(ANYTHING, 'pages'),
  panels: listOf(ANYTHING, 'panels'),
  styles: TEXT,
  operations: listOf(ANYTHING, 'operations'),
  invariants: FUNCTION,
  overview: FUNCTION,
  banner: FUNCTION,
  isDisturbed: FUNCTION,
  start: FUNCTION,
  stop: FUNCTION,
};
const EXTENSION = either(FUNCTION, {
  ...optionsOf(EXTENSION_MEMBERS),
  takes: 'an extension with a name',
});

const MEMBERS: Members = {
  backstep: required(BACKSTEP),
  prefix: PREFIX,
  token: TOKEN,
  authorize: FUNCTION,
  allowedHosts: listOf(HOST_NAME, 'names without scheme and port'),
  readOnly: FLAG,
  trustedProxies: listOf(TEXT, 'addresses such as 10.0.0.5 or 10.0.0.0/8'),
  requestsPerSecond: RATE,
  maxClients: whole(1, MAX_CLIENTS),
  inspectorsMaySend: FLAG,
  extensions: listOf(EXTENSION, 'extensions'),
  logger: LOGGER,
  lostLogLines: FUNCTION,
  settings: listOf(ANYTHING, 'facts'),
};

/** Of `createServer`. */
export const SERVER_OPTIONS = optionsOf(MEMBERS);

/** Of `serveBackstep`. */
export const SERVE_OPTIONS = optionsOf({
  ...MEMBERS,
  host: TEXT,
  port: whole(0, MAX_PORT),
  timeouts: optionsOf({
    headersMs: whole(1),
    requestMs: whole(1),
    keepAliveMs: whole(1),
    writeMs: whole(1),
  }),
  connectionsPerAddress: whole(1),
});
