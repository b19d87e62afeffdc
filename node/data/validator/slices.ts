/** Steps after which the process may do something else, and milliseconds: a row may be a quarter of a megabyte. */
const slice = { steps: 50, ms: 20 } as const

/** Goes a few steps at a time through what pauses after each: the process has other things to do. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  let since = performance.now()
  for (let taken = 1; ; taken++) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (taken % slice.steps !== 0 && performance.now() - since < slice.ms) continue
    await new Promise(resolve => {
      setImmediate(resolve)
    })
    since = performance.now()
  }
}
