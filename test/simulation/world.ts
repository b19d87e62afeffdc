import type { Clock } from '../../node/runtime/index.ts'
import type { Chance } from './chance.ts'

/**
 * For as long as a story is told, what its code asks the machine for beside its clock is the story's too: numbers by
 * chance and timers. So a seed is one story, whatever the machine does meanwhile.
 */
export async function inWorld<T>(clock: Clock, chance: Chance, tell: () => Promise<T>): Promise<T> {
  const { setTimeout, clearTimeout } = globalThis
  const { random } = Math
  const ofSignals = Object.getOwnPropertyDescriptor(AbortSignal, 'timeout')
  const ofCrypto = Object.getOwnPropertyDescriptor(crypto, 'getRandomValues')

  const timers = new Map<number, AbortController>()
  let made = 0
  function later(what: () => void, ms = 0): number {
    const id = ++made
    const off = new AbortController()
    timers.set(id, off)
    clock.sleep(Math.max(1, ms), off.signal).then(
      () => {
        timers.delete(id)
        what()
      },
      () => undefined // it was cleared
    )
    return id
  }
  Object.assign(globalThis, {
    setTimeout: (what: () => void, ms?: number) => later(what, ms),
    clearTimeout: (id: number) => {
      timers.get(id)?.abort()
      timers.delete(id)
    }
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
  try {
    return await tell()
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout })
    Math.random = random
    if (ofSignals !== undefined) Object.defineProperty(AbortSignal, 'timeout', ofSignals)
    if (ofCrypto === undefined) Reflect.deleteProperty(crypto, 'getRandomValues')
    else Object.defineProperty(crypto, 'getRandomValues', ofCrypto)
  }
}
