/** Rows judged before the process may do something else. */
const slice = 50

/** Goes a few rows at a time through what pauses after each: the process has other things to do. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  for (let row = 1; ; row++) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (row % slice === 0)
      await new Promise(resolve => {
        setImmediate(resolve)
      })
  }
}
