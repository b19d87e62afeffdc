import type { AskingParts } from './deps.ts'

/** The chain's time without asking it each time. */
export interface ChainTime {
  /** Seconds, as the chain said last and what has passed here since. Asks only the first time. @throws as the chain */
  now(): Promise<bigint>
}

/**
 * The chain is asked again, beside what goes on, when its word is so old: a channel's margin (`marginSeconds`) is far
 * more than a clock can drift in it.
 */
const staleMs = 15_000

export function createChainTime({ chain, clock, log }: Pick<AskingParts, 'chain' | 'clock' | 'log'>): ChainTime {
  let said: { readonly timestamp: bigint; readonly at: number } | undefined
  let asking: Promise<void> | undefined

  const ask = (): Promise<void> => {
    asking ??= chain
      .head()
      .then(({ timestamp }) => {
        said = { timestamp, at: clock.now() }
      })
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  return {
    async now() {
      if (said === undefined) await ask()
      else if (clock.now() - said.at > staleMs)
        ask().catch((error: unknown) => {
          log.debug('the chain did not tell its time', { error })
        })
      const { timestamp, at } = said ?? { timestamp: 0n, at: clock.now() }
      return timestamp + BigInt(Math.floor((clock.now() - at) / 1000))
    }
  }
}
