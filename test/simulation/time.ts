import type { ManualClock } from '../../node/runtime/index.ts'

/** How a story's time passes. */
export interface StoryTime {
  /** Lets time pass; blocks are made meanwhile. */
  readonly pass: (ms: number, meanwhile?: () => Promise<void> | void) => Promise<void>
  /** What a call gives within some time, while time passes; undefined: nothing yet. @throws what it throws */
  readonly asked: <T>(call: Promise<T>, ms: number) => Promise<T | undefined>
}

export const stepMs = 100
const blockMs = 1_000

const turn = (): Promise<void> =>
  new Promise(resolve => {
    setImmediate(resolve)
  })
/** Lets everything go on that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn()
}
/** The same, and whatever waits for a file: for that time stands still. */
export async function settleFiles(): Promise<void> {
  do await turn()
  while (process.getActiveResourcesInfo().some(name => name.startsWith('FSReq') || name === 'CloseReq'))
}

/** @param mine makes a block of what waits @param rest what is waited for after each step */
export function timeOf(clock: ManualClock, mine: () => void, rest = settle): StoryTime {
  const began = clock.now()
  async function pass(ms: number, meanwhile: () => Promise<void> | void = () => undefined): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await clock.advance(stepMs)
      if ((clock.now() - began) % blockMs === 0) mine()
      await meanwhile()
      await rest()
    }
  }
  return {
    pass,
    async asked<T>(call: Promise<T>, ms: number) {
      let came: { readonly value: T } | { readonly error: unknown } | undefined
      call.then(
        value => void (came = { value }),
        (error: unknown) => void (came = { error })
      )
      await rest()
      const seen = (): typeof came => came
      for (let passed = 0; passed < ms && seen() === undefined; passed += stepMs) await pass(stepMs)
      const found = seen()
      if (found === undefined) return undefined
      if ('error' in found) throw found.error
      return found.value
    }
  }
}
