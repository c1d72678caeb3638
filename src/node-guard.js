/**
 * Refuses a Node that the SQLite binding would take down without a message; to be imported first
 * by what others import.
 */
import { nodeRefusal } from './node-version.js';

const refusal = nodeRefusal({ isSource: false, cure: 'update Node' });
if (refusal !== undefined) throw new Error(refusal);
