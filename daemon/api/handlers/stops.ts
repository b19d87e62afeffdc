import { anySignal } from '../../../protocol/primitives/index.ts'

/** Answers under way that can be stopped by the name that their asker gave them. */
export interface Stops {
  /** The signal of an answer: as given, or as soon as it is stopped by its name. */
  begin(name: string | undefined, signal: AbortSignal): { readonly signal: AbortSignal; end(): void }
  /** @returns whether such an answer was under way */
  stop(name: string): boolean
}

/** Holds no more names than answers are under way. */
export function createStops(): Stops {
  const under = new Map<string, AbortController>()
  return {
    begin(name, signal) {
      if (name === undefined) return { signal, end: () => undefined }
      const stop = new AbortController()
      under.set(name, stop)
      return {
        signal: anySignal([signal, stop.signal]),
        end() {
          // Another may have taken the name since.
          if (under.get(name) === stop) under.delete(name)
        }
      }
    },
    stop(name) {
      const found = under.get(name)
      found?.abort()
      return found !== undefined
    }
  }
}
