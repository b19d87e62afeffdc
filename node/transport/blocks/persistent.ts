import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

/**
 * Milliseconds without a block after which bitswap is asked for it anew. A want goes to each peer once; one that was
 * sent into a dying connection, or whose answer was lost, is not sent again by itself.
 */
const nudgeMs = 4_000

/** Long enough for bitswap to take back the want before it is made again: it forgets one that is renewed at once. */
const pauseMs = 100

/** A view of Helia's blockstore whose reads ask again until their signal aborts. */
export function persistentReads(blocks: Blockstore, nudged: () => void): Pick<Blockstore, 'get' | 'put' | 'has'> {
  async function once(cid: CID, options: Parameters<Blockstore['get']>[1], signal: AbortSignal): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = []
    for await (const part of blocks.get(cid, { ...options, signal })) parts.push(part)
    return parts
  }
  return {
    put: (cid, value, options) => blocks.put(cid, value, options),
    has: (cid, options) => blocks.has(cid, options),
    async *get(cid, options) {
      for (;;) {
        const late = AbortSignal.timeout(nudgeMs)
        try {
          yield* await once(
            cid,
            options,
            options?.signal === undefined ? late : AbortSignal.any([options.signal, late])
          )
          return
        } catch (error) {
          if (options?.signal?.aborted === true || !late.aborted) throw error
        }
        nudged()
        await new Promise(resolve => {
          setTimeout(resolve, pauseMs)
        })
      }
    }
  }
}
