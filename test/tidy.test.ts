/**
 * The rules of the repository that no linter knows, as a test.
 *
 * It enforces the import table of the architecture, the purity of src/core, and the shape of
 * files. It reads text, never runs the code it judges, and asserts how many files it saw, so that
 * it cannot pass by looking at nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reachingDemo } from './package/without-demo.ts';
import { filesUnder, importedPath, type SourceFile } from './source-files.ts';

const MAX_LINES = 300;
const EXCUSE = 'Longer than 300 lines because';
const EXCUSE_WITHIN_LINES = 15;
/** More files side by side than this want an inner room. */
const MAX_FILES_PER_ROOM = 25;
const BANNED_NAMES = ['utils', 'util', 'common', 'types', 'lib', 'manager', 'helpers', 'helper'];

/** What a layer may import: other layers, and packages by pattern. */
interface Layer {
  readonly layers: readonly string[];
  readonly packages: readonly RegExp[];
  /** Fewer files than this means that the test looks in the wrong place. */
  readonly atLeast: number;
}

const NODE = /^node:(?!sqlite$)/;
const DOORS = [/^(xstate|zod|kysely|nodemailer)$/];
const HONO = [/^hono(\/.+)?$/, /^@hono\/node-server(\/.+)?$/];

/** The import table. A file under src/ that is in no row is an error. */
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { layers: [], packages: [/^xstate(\/(graph|guards))?$/], atLeast: 10 },
  verify: { layers: ['core'], packages: [/^xstate$/], atLeast: 10 },
  explain: { layers: ['core'], packages: [/^xstate$/], atLeast: 5 },
  // Pictures of charts; the page and the command line both draw them.
  drawing: {
    layers: ['core', 'explain', 'verify'],
    packages: [/^hono\/html$/, /^elkjs\/.+$/],
    atLeast: 3,
  },
  store: {
    layers: ['core'],
    packages: [NODE, /^(better-sqlite3|pg)$/, /^kysely/],
    atLeast: 4,
  },
  // A saga is verified when it is registered.
  host: {
    layers: ['store', 'core', 'verify'],
    packages: [NODE, /^(xstate|piscina)$/, /^@opentelemetry\/api$/],
    atLeast: 10,
  },
  runtime: {
    layers: ['host', 'store', 'core'],
    packages: [NODE, /^xstate$/],
    atLeast: 3,
  },
  // No other room loads the SDK.
  restate: {
    layers: ['node-guard', 'host', 'store', 'core'],
    packages: [NODE, /^(xstate|zod)$/, /^@restatedev\/restate-sdk(\/.+)?$/],
    atLeast: 3,
  },
  server: {
    layers: ['node-guard', 'host', 'store', 'core', 'verify', 'explain', 'drawing'],
    packages: [NODE, ...HONO, /^(marked|ws|zod|xstate)$/, /^elkjs\/.+$/],
    atLeast: 3,
  },
  // Loads nothing of the engine: of these but for the core it takes types alone.
  client: { layers: ['server', 'host', 'core'], packages: [/^zod$/], atLeast: 5 },
  testing: {
    layers: ['node-guard', 'runtime', 'host', 'store', 'core', 'verify'],
    packages: [NODE, /^xstate(\/graph)?$/, /^vitest$/],
    atLeast: 5,
  },
  index: {
    layers: ['node-guard', 'testing', 'runtime', 'host', 'store', 'core', 'verify'],
    packages: [/^xstate$/],
    atLeast: 1,
  },
  // Plain JavaScript that any Node reads: it runs before the version is known to be new enough.
  'node-version': { layers: [], packages: [], atLeast: 1 },
  'node-guard': { layers: ['node-version'], packages: [], atLeast: 1 },
  cli: {
    layers: [
      'index',
      'client',
      'server',
      'restate',
      'node-version',
      'host',
      'store',
      'core',
      'verify',
      'drawing',
    ],
    packages: [NODE, /^commander$/, ...DOORS],
    atLeast: 5,
  },
  // The only room that knows machines/ and actors/.
  demo: {
    layers:
      'index node-version restate server runtime host store core explain machines actors actors/*-provider'.split(
        ' ',
      ),
    packages: [NODE, ...DOORS, ...HONO, /^pino$/],
    atLeast: 10,
  },
  machines: { layers: ['core'], packages: [/^(xstate|zod)$/], atLeast: 1 },
  // They implement what the machines ask for, and the types of that are the machines' own.
  actors: {
    layers: ['core', 'index', 'machines'],
    packages: [NODE, /^(kysely|nodemailer|zod)$/],
    atLeast: 4,
  },
  // A participant that is a server of its own, with its own database.
  'actors/*-provider': {
    layers: ['core', 'actors'],
    packages: [/^node:/, ...HONO, /^(kysely|zod)$/],
    atLeast: 0,
  },
  migrations: { layers: ['store'], packages: [/^kysely(\/migration)?$/], atLeast: 1 },
};

/** XState's internals are named where its steps are made, so that an upgrade has one place to break. */
const XSTATE_INTERNALS =
  /getInitialSnapshot\(|\.transition\([^,()]+,[^,()]+,|\b_nodes\b|restoreSnapshot/;
const XSTATE_INTERNALS_HOMES = ['scope', 'microstep-table'].map(
  (name) => `src/core/machine/macrostep/${name}.ts`,
);

const CORE_BANNED =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bprocess\.|\bperformance\.|['"]node:|\bcrypto\.|\bfetch\(/;

/**
 * A call on Restate is made again over what was kept of it: what it says must not depend on a clock,
 * on chance, or on which of two promises comes first.
 */
const REPLAYED_BANNED =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandom(?:UUID|Bytes)\b|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\.|\bPromise\.(?:all|race|any|allSettled)\b/;
/** Where workers have their clock and their chance, and what no call makes again. */
const NOT_REPLAYED = /^src\/restate\/(?:face\/|attempt-desk\.ts|http-server\.ts|worker\.ts)/;

const MACHINE_PATH = /['"`\s](?:\/(?:home|work|Users|root|tmp)\/|[A-Z]:\\\\)/;

const SOURCES = ['src', 'machines', 'actors', 'migrations'].flatMap(filesUnder);
const TESTS = filesUnder('test');
/** Rows of the table that go with the demo. */
const DEMO_ROWS = ['demo', 'machines', 'actors', 'actors/*-provider'];
const HAS_DEMO = SOURCES.some(({ path }) => path.startsWith('src/demo/'));
const ROWS = Object.entries(LAYERS).filter(([name]) => HAS_DEMO || !DEMO_ROWS.includes(name));

describe('the import table', () => {
  it.each(ROWS)('sees the files of %s', (name, layer) => {
    expect(SOURCES.filter((file) => layerOf(file.path) === name).length).toBeGreaterThanOrEqual(
      layer.atLeast,
    );
  });

  it('finds imports at all', () => {
    const edges = SOURCES.flatMap((file) => file.imports);
    expect(edges.length).toBeGreaterThan(SOURCES.length);
  });

  it('lets imports point one way only, and packages only where they belong', () => {
    expect(SOURCES.flatMap(importFaults)).toEqual([]);
  });

  it('says of every room what the map of the architecture says', () => {
    const map = readFileSync('src/ARCHITECTURE.md', 'utf8');
    const said = [...map.matchAll(/^\| `(\w+)\/` +\|.*\| ([\w, ]+?) +\|$/gm)];
    const rooms = Object.fromEntries(
      said.map(([, room = '', others = '']) => [room, new Set(others.split(', '))]),
    );
    const held = Object.entries(LAYERS)
      .filter(([room]) => room in rooms)
      .map(([room, { layers }]) => {
        const named = layers.filter((layer) => !/^node-|-provider$/.test(layer));
        return [room, new Set(named.length === 0 ? ['nothing'] : named)];
      });
    expect(rooms).toEqual(Object.fromEntries(held));
    const folders = readdirSync('src', { withFileTypes: true }).filter((each) =>
      each.isDirectory(),
    );
    expect(Object.keys(rooms)).toEqual(expect.arrayContaining(folders.map(({ name }) => name)));
  });

  it('has no cycle, type imports included', () => {
    expect(firstCycle(SOURCES)).toEqual([]);
  });
});

describe('the core', () => {
  it('has no clock, no randomness, no timers and no input or output', () => {
    const core = SOURCES.filter((file) =>
      ['core', 'verify', 'explain'].includes(layerOf(file.path)),
    );
    expect(core.flatMap((file) => hits(file, CORE_BANNED))).toEqual([]);
  });

  it('is the only place that touches what XState marks internal, in two files', () => {
    const others = SOURCES.filter(({ path }) => !XSTATE_INTERNALS_HOMES.includes(path));
    expect(others.flatMap((file) => hits(file, XSTATE_INTERNALS))).toEqual([]);
    for (const home of XSTATE_INTERNALS_HOMES) {
      expect(SOURCES.find(({ path }) => path === home)?.code).toMatch(XSTATE_INTERNALS);
    }
  });
});

describe('what Restate makes again', () => {
  it('has no clock, no chance and no race but those that Restate keeps', () => {
    const replayed = SOURCES.filter(
      ({ path }) => path.startsWith('src/restate/') && !NOT_REPLAYED.test(path),
    );
    expect(replayed.length).toBeGreaterThan(10);
    const calls = replayed.map((file) => ({
      ...file,
      code: file.code.replaceAll('RestatePromise.', 'kept.'),
    }));
    expect(calls.flatMap((file) => hits(file, REPLAYED_BANNED))).toEqual([]);
  });
});

describe('every room', () => {
  it(`has at most ${MAX_FILES_PER_ROOM} files side by side`, () => {
    const rooms = Map.groupBy(SOURCES, ({ path }) => dirname(path));
    expect(rooms.size).toBeGreaterThan(20);
    const full = [...rooms].filter(([, files]) => files.length > MAX_FILES_PER_ROOM);
    expect(full.map(([room, files]) => `${room}: ${files.length}`)).toEqual([]);
  });
});

describe('every file', () => {
  it(`has at most ${MAX_LINES} lines, or says why not`, () => {
    expect([...SOURCES, ...TESTS].filter(isTooLong).map((file) => file.path)).toEqual([]);
  });

  it('is named for what it holds', () => {
    const badNames = [...SOURCES, ...TESTS]
      .map((file) => file.path)
      .filter((path) => BANNED_NAMES.includes(stemOf(path)) || !isKebabCase(path));
    expect(badNames).toEqual([]);
  });

  it('opens with a header that says its responsibility', () => {
    const bare = SOURCES.filter((file) => !file.text.replace(/^#!.*\n/, '').startsWith('/**'));
    expect(bare.map((file) => file.path)).toEqual([]);
  });

  it('names no path of one machine', () => {
    expect([...SOURCES, ...TESTS].flatMap((file) => hits(file, MACHINE_PATH))).toEqual([]);
  });
});

describe('the tests', () => {
  it('of the product need nothing of the demo, where no whole program is tried', () => {
    const tests = reachingDemo().filter((path) => path.endsWith('.test.ts'));
    expect(tests.filter((path) => !/^test\/(hazards|simulation)\//.test(path))).toEqual([]);
    expect(tests.length > 0).toBe(HAS_DEMO);
  });

  it('run with the development build of xstate', () => {
    expect(import.meta.resolve('xstate')).toContain('development');
  });
});

function layerOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  if (top === 'src') return stemOf(second);
  return top === 'actors' && path.includes('-provider') ? 'actors/*-provider' : top;
}

function importFaults(file: SourceFile): string[] {
  const own = layerOf(file.path);
  const layer = LAYERS[own];
  if (layer === undefined) return [`${file.path}: "${own}" is not in the import table`];
  return file.imports.flatMap((specifier) => {
    const target = importedPath(file, specifier);
    if (target === undefined) {
      const isAllowed = layer.packages.some((pattern) => pattern.test(specifier));
      return isAllowed ? [] : [`${file.path} must not import ${specifier}`];
    }
    const other = layerOf(target);
    const isAllowed = other === own || layer.layers.includes(other);
    return isAllowed ? [] : [`${file.path} must not import ${target}`];
  });
}

function firstCycle(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .map((specifier) => importedPath(file, specifier))
        .filter((path) => path !== undefined),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  return files.map((file) => visit(file.path, [])).find((cycle) => cycle.length > 0) ?? [];
}

function hits(file: SourceFile, pattern: RegExp): string[] {
  return file.code
    .split('\n')
    .flatMap((line, index) =>
      pattern.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : [],
    );
}

function isTooLong(file: SourceFile): boolean {
  const lines = file.text.split('\n');
  return (
    lines.length - 1 > MAX_LINES &&
    !lines.slice(0, EXCUSE_WITHIN_LINES).some((line) => line.includes(EXCUSE))
  );
}

function stemOf(path: string): string {
  return basename(path).replace(/\.(test\.)?(ts|js|mjs|cjs)$/, '');
}

function isKebabCase(path: string): boolean {
  return path.split('/').every((part) => /^[a-z0-9]+([-.][a-z0-9]+)*$/.test(part));
}
