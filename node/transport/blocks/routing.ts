import type { Router } from '@helia/interface'
import type { Libp2p } from '@libp2p/interface'

/** Milliseconds that connected peers have to answer before the DHT is asked as well. */
const searchDelayMs = 2_000
/** Searches at once: each asks some twenty peers, and is over as soon as the block comes from elsewhere. */
const searches = 4
/** Searches that wait for their turn: beyond them blocks come from those who are connected, or are asked for again. */
const waiting = 256

/**
 * Where bitswap looks for those who have a block. Helia's usual router asks the DHT for every block at once; most
 * blocks
 * come from who is connected already (the provider of the block before), so here the DHT is asked only for those that
 * nobody brings within a moment, as go-bitswap does.
 */
export function patientRouter(libp2p: Pick<Libp2p, 'contentRouting'>): Router {
  let searching = 0
  const turns: (() => void)[] = []
  const done = (): void => {
    searching--
    turns.shift()?.()
  }

  return {
    name: 'libp2p-router',
    async *findProviders(cid, options) {
      const { signal } = options ?? {}
      if (!(await stillWanted(signal)) || turns.length >= waiting) return
      if (searching >= searches)
        await new Promise<void>(resolve => {
          turns.push(resolve)
        })
      searching++
      try {
        if (signal?.aborted === true) return
        for await (const { id, multiaddrs } of libp2p.contentRouting.findProviders(cid, options)) {
          yield { id: id.toCID(), multiaddrs, router: 'libp2p-router', fallback: false }
        }
      } finally {
        done()
      }
    }
  }
}

async function stillWanted(signal: AbortSignal | undefined): Promise<boolean> {
  return await new Promise(resolve => {
    const go = (wanted: boolean) => (): void => {
      clearTimeout(timer)
      resolve(wanted)
    }
    const timer = setTimeout(go(true), searchDelayMs)
    if (signal?.aborted === true) go(false)()
    else signal?.addEventListener('abort', go(false), { once: true })
  })
}
