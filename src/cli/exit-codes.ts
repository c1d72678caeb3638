/**
 * What the exit codes of the `backstep` command mean; 0 is well.
 */

/** Something was found, or the work could not be done. */
export const EXIT_FAILED = 1;

/** The command line asks for something that makes no sense. */
export const EXIT_USAGE = 2;
