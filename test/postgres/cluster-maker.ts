/** Makes a cluster of the programs in a folder, tells of it, and stays until it is killed. */
import { startCluster } from './cluster.ts';

const [programs = ''] = process.argv.slice(2);
const { pid, folder } = await startCluster({ programs });
process.stdout.write(`${JSON.stringify({ pid, folder })}\n`);
setInterval(() => {}, 1_000);
