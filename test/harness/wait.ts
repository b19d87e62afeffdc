/** Between two looks: less and less often, for what is asked is often what has the work to do that is waited for. */
const [leastMs, mostMs] = [20, 50]
const part = 1 / 20

/** Until a condition holds. @throws when it does not within `ms` milliseconds */
export async function until(holds: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
  const began = Date.now()
  while (!(await holds())) {
    const waited = Date.now() - began
    if (waited > ms) throw new Error(`not within ${ms} ms: ${what}`)
    await pause(Math.min(mostMs, Math.max(leastMs, waited * part)))
  }
}

export const pause = (ms: number): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, ms)
  })
