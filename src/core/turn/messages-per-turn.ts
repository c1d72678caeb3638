/**
 * How many messages one turn may have. Apart from what makes turns: the writer's thread needs the
 * number and starts faster without XState.
 */

/**
 * Messages of one turn that the store can tell apart: their positions are part of its ids, which
 * stay exact integers up to 8 * 10^12 turns.
 */
export const MESSAGES_PER_TURN = 1_024;
