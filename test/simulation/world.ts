import type { Clock } from '../../node/runtime/index.ts'
import { describeError } from '../../protocol/primitives/index.ts'
import type { Chance } from './chance.ts'

/**
 * For as long as a story is told, what its code asks the machine for beside its clock is the story's too: numbers by
 * chance and timers. So a seed is one story, whatever the machine does meanwhile.
 * @param fault hears of what fails where nobody awaits it: a daemon would end with it
 */
export async function inWorld<T>(
  clock: Clock,
  chance: Chance,
  fault: (text: string) => void,
  tell: () => Promise<T>
): Promise<T> {
  const { setTimeout, clearTimeout } = globalThis
  const { random } = Math
  const ofSignals = Object.getOwnPropertyDescriptor(AbortSignal, 'timeout')
  const ofCrypto = Object.getOwnPropertyDescriptor(crypto, 'getRandomValues')

  /** As Node's, it can be let go of; here nothing waits for it anyway. */
  interface Timer {
    readonly off: AbortController
    unref(): void
  }
  function later(what: () => void, ms = 0): Timer {
    const off = new AbortController()
    clock.sleep(Math.max(1, ms), off.signal).then(what, () => undefined) // it was cleared
    return { off, unref: () => undefined }
  }
  Object.assign(globalThis, {
    setTimeout: (what: () => void, ms?: number) => later(what, ms),
    clearTimeout: (timer: Timer | undefined) => timer?.off.abort()
  })
  Math.random = () => chance.below(2 ** 30) / 2 ** 30
  Object.defineProperty(AbortSignal, 'timeout', {
    configurable: true,
    value: (ms: number) => {
      const over = new AbortController()
      later(() => {
        over.abort(new DOMException('it took too long', 'TimeoutError'))
      }, ms)
      return over.signal
    }
  })
  Object.defineProperty(crypto, 'getRandomValues', {
    configurable: true,
    value: (bytes: Uint8Array) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = chance.below(256)
      return bytes
    }
  })
  const nobodyAwaits = (error: unknown): void => {
    fault(`nobody awaits what fails: ${describeError(error)}`)
  }
  process.on('unhandledRejection', nobodyAwaits)
  try {
    return await tell()
  } finally {
    process.off('unhandledRejection', nobodyAwaits)
    Object.assign(globalThis, { setTimeout, clearTimeout })
    Math.random = random
    if (ofSignals !== undefined) Object.defineProperty(AbortSignal, 'timeout', ofSignals)
    if (ofCrypto === undefined) Reflect.deleteProperty(crypto, 'getRandomValues')
    else Object.defineProperty(crypto, 'getRandomValues', ofCrypto)
  }
}
