/** What work that tells how far it is comes to in the end. */
export async function resultOf<Result>(work: AsyncGenerator<unknown, Result>): Promise<Result> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}
