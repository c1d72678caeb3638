/**
 * Which versions of Node run Backstep, for the scripts that everything starts with.
 *
 * Plain JavaScript without imports: an older Node cannot read TypeScript, and the SQLite binding
 * takes such a process down without a message.
 */
const MINIMUM = { major: 22, minor: 12 };

/**
 * What is wrong with the Node that runs, as one sentence that ends with the cure; nothing when it
 * will do.
 *
 * @param {{ isSource: boolean, cure: string }} wanted `isSource`: what comes next is TypeScript.
 * @returns {string | undefined}
 */
export function nodeRefusal({ isSource, cure }) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isTooOld = major < MINIMUM.major || (major === MINIMUM.major && minor < MINIMUM.minor);
  const ending = `this is v${process.versions.node}; ${cure}.`;
  if (isTooOld) return `Backstep needs Node ${MINIMUM.major}.${MINIMUM.minor} or newer; ${ending}`;
  // Between 22.12 and 22.18 Node is new enough for Backstep but not for TypeScript as it stands.
  if (isSource && !process.features.typescript) {
    return `Backstep needs Node 22.18 or newer to run from source; ${ending}`;
  }
  return undefined;
}
