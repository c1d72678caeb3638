/**
 * Which versions of Node run Backstep, for the scripts that everything starts with.
 *
 * Plain JavaScript without imports: an older Node cannot read TypeScript, and the SQLite binding
 * takes such a process down without a message.
 */
// The SQLite binding needs Node-API 10, and each line of Node got it in a release of its own.
const MINIMUM = [
  { major: 22, minor: 14 },
  { major: 23, minor: 6 },
];

/**
 * What is wrong with the Node that runs, as one sentence that ends with the cure; nothing when it
 * will do.
 *
 * @param {{ isSource: boolean, cure: string }} wanted `isSource`: what comes next is TypeScript.
 * @returns {string | undefined}
 */
export function nodeRefusal({ isSource, cure }) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const least = MINIMUM.find((each) => major <= each.major);
  const isTooOld = least !== undefined && (major < least.major || minor < least.minor);
  const ending = `this is v${process.versions.node}; ${cure}.`;
  if (isTooOld) return `Backstep needs Node ${least.major}.${least.minor} or newer; ${ending}`;
  // Between 22.14 and 22.18 Node is new enough for Backstep but not for TypeScript as it stands.
  if (isSource && !process.features.typescript) {
    return `Backstep needs Node 22.18 or newer to run from source; ${ending}`;
  }
  return undefined;
}
