import { setTimeout as sleep } from 'node:timers/promises'
import { NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'

/** Asks again until `look` gives something. @throws TilthError `loop.timeout` naming what was awaited. */
export async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | undefined>,
  every = 200
): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline)
      throw new TilthError('loop.timeout', `${what} did not happen within ${seconds} s`, {
        help: "The daemons' logs (daemon.log in each folder of the local network) say what they were doing."
      })
    await sleep(every)
  }
}

/** What a call gives, or undefined while the daemon does not know what it is about. */
export async function unlessUnknown<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
