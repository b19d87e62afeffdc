import type { Helia } from 'helia'
import type { Blockstore } from 'interface-blockstore'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { anySignal } from '../../../protocol/primitives/index.ts'
import { unlessAborted } from '../../runtime/index.ts'
import type { AskOptions } from './asking.ts'
import type { PassingBlocks, PassingOptions } from './passing.ts'
import { blockName, whole } from './pins.ts'

// How a fetch gets its blocks. Bitswap asks everybody who is connected for a block, and everybody who has it sends it:
// four nodes that fetched one model at once moved it three times each, and one that fifty neighbours hold would come
// fifty times. So everybody is asked for a fetch's first block only; whoever brings it is asked alone for the rest, and
// everybody again once that one does not have a block or falls silent.

/**
 * Milliseconds without any block of a fetch after which a block is asked for anew. A want goes to each peer once; one
 * that was sent into a dying connection, or whose answer was lost, is not sent again by itself.
 */
const silenceMs = 4_000

/** Long enough for bitswap to take back the want before it is made again: it forgets one that is renewed at once. */
const pauseMs = 100

/** Bitswap's event as it begins to look for others who have a block; Helia's types know its broker's only. */
const seeking = 'bitswap:find-providers'

export type Reads = Pick<Blockstore, 'get' | 'put' | 'has'>
type Blocks = Pick<Helia['blockstore'], 'get' | 'put' | 'has' | 'createSession'>
type Session = ReturnType<Blocks['createSession']>
type GetOptions = NonNullable<Parameters<Blocks['get']>[1]>
type Progress = Parameters<NonNullable<GetOptions['onProgress']>>[0]

/** Bytes of a fetch that may pass in memory; what comes behind them goes to the disk as it comes. */
const mostPassing = 2 << 20
/** Blocks of a fetch that it waits for or that pass, however small they are. */
const mostWanted = 8_192

/** Aborts once nothing has been heard for so long. */
function quiet(ms: number, heardAt: () => number): { signal: AbortSignal; end(): void } {
  const late = new AbortController()
  const began = Date.now()
  const look = (): void => {
    const left = Math.max(began, heardAt()) + ms - Date.now()
    if (left <= 0) late.abort(new DOMException('no block came', 'TimeoutError'))
    else timer = setTimeout(look, left)
  }
  let timer = setTimeout(look, ms)
  return {
    signal: late.signal,
    end() {
      clearTimeout(timer)
    }
  }
}

interface UnderWay {
  readonly passes: boolean
  readonly block: Promise<Uint8Array>
  /** Somebody waits for it who asks nobody alone: whoever is asked so for it is waited for no longer. */
  askEverybody(): void
}

/** Who is asked alone at first, in this order, each until nothing has come for so long; undefined: not connected. */
export interface AskedFirst {
  readonly peers: readonly (() => PeerId | undefined)[]
  readonly eachMs: number
}

export interface ReadsOptions {
  /** What comes is not kept as blocks: what is small stays in memory until the fetch is over (passing.ts). */
  readonly passing?: NonNullable<PassingOptions['passing']>
  readonly first?: AskedFirst | undefined
}

export interface FetchReads extends Reads {
  /** The fetch is over: what passed for it need not be at hand any more, and nothing passes for it from now on. */
  end(): void
}

/**
 * Views of Helia's blockstore, one for each fetch, whose reads ask again until their signal aborts.
 * @param passes told of each block that a fetch wants to pass, before it is asked for, and once it need not any more
 */
export function createReads(
  blocks: Blocks,
  log: (what: string) => void,
  passes: Pick<PassingBlocks, 'want' | 'over'> = { want: () => undefined, over: () => undefined }
): (options?: ReadsOptions) => FetchReads {
  /**
   * Whoever wants a block that is being fetched waits for that: bitswap takes two wants for one, the first to give up
   * ends both, and one that is made while the block is being written is never sent.
   */
  const underWay = new Map<string, UnderWay>()

  return ({ passing, first } = {}) => {
    const wanted = new Map<string, CID>()
    const taken = new Set<string>()
    let room = mostPassing
    let isOver = false
    let heardAt = 0
    let session: Session | undefined // with who brought the last block that everybody was asked for
    const left = [...(first?.peers ?? [])] // those that are still to be asked alone

    /** Whom this fetch asks alone now. */
    function asked(): { readonly one: () => PeerId | undefined; readonly peer: PeerId } | undefined {
      for (let one = left[0]; one !== undefined; one = left[0]) {
        const peer = one()
        if (peer !== undefined) return { one, peer }
        left.shift()
      }
      return undefined
    }

    /** By size, which is known only once it came: a file's blocks are asked for all at once. */
    function take(cid: CID, size: number): boolean {
      const name = blockName(cid)
      if (taken.has(name)) return true
      if (!wanted.has(name) || size > room) return false
      taken.add(name)
      room -= size
      return true
    }

    /** @throws as the blockstore's; whatever, once the signal aborts or what is asked for is not to be had so */
    async function once(
      cid: CID,
      from: Pick<Blocks, 'get'>,
      ask: PeerId | undefined,
      options: GetOptions,
      everybody: AbortSignal
    ): Promise<Uint8Array> {
      const stop = new AbortController()
      const late = quiet(ask === undefined ? silenceMs : (first?.eachMs ?? silenceMs), () => heardAt)
      const again = [stop.signal, late.signal, ...(ask === undefined ? [] : [everybody])]
      const signals = [...again, ...(options.signal === undefined ? [] : [options.signal])]
      const onProgress = (event: Progress): void => {
        if (event.type === 'helia:block-broker:receive-block')
          session ??= blocks.createSession(cid, {
            providers: [event.detail.provider],
            minProviders: 1,
            maxProviders: 1
          })
        // Whom the session was made with does not have it, so that others are looked for: everybody is asked at once.
        if ((event.type as string) === seeking && from !== blocks) stop.abort()
        options.onProgress?.(event)
      }
      try {
        const how: PassingOptions & AskOptions = {
          ...(passing === undefined ? {} : { passing, take }),
          ...(ask === undefined ? {} : { ask })
        }
        const block = await whole(from.get(cid, { ...options, ...how, onProgress, signal: anySignal(signals) }))
        heardAt = Date.now()
        return block
      } catch (error) {
        if (late.signal.aborted) log('a block did not come: bitswap is asked again')
        throw again.some(({ aborted }) => aborted) ? new Again() : error
      } finally {
        late.end()
      }
    }

    async function read(cid: CID, options: GetOptions, everybody: AbortSignal): Promise<Uint8Array> {
      for (;;) {
        const alone = everybody.aborted ? undefined : asked()
        const from = alone === undefined ? (session ?? blocks) : blocks
        try {
          return await once(cid, from, alone?.peer, options, everybody)
        } catch (error) {
          options.signal?.throwIfAborted()
          if (alone === undefined && from === blocks && !(error instanceof Again)) throw error
          // Whom one block was waited for in vain is asked for no other, either.
          if (alone !== undefined && alone.one === left[0] && !everybody.aborted) left.shift()
          if (from === session) session = undefined
        }
        await new Promise(resolve => {
          setTimeout(resolve, pauseMs)
        })
      }
    }

    async function shared(cid: CID, options: GetOptions): Promise<Uint8Array> {
      const name = blockName(cid)
      for (;;) {
        const other = underWay.get(name)
        if (other === undefined) {
          const hurry = new AbortController()
          const block = read(cid, options, hurry.signal).finally(() => underWay.delete(name))
          const askEverybody = (): void => {
            hurry.abort()
          }
          underWay.set(name, { passes: passing !== undefined, block, askEverybody })
          return await block
        }
        if (first === undefined) other.askEverybody()
        let block: Uint8Array
        try {
          block = await unlessAborted(other.block, options.signal)
        } catch {
          // That the other reader gave up, or was not patient, is none of this one's business.
          options.signal?.throwIfAborted()
          continue
        }
        // For the other it only passes.
        if (other.passes && passing === undefined) await blocks.put(cid, block)
        return block
      }
    }

    return {
      put: (cid, value, options) => blocks.put(cid, value, options),
      has: (cid, options) => blocks.has(cid, options),
      async *get(cid, options = {}) {
        const name = blockName(cid)
        const mayPass = passing === 'taken' && !isOver && room > 0 && wanted.size < mostWanted
        const isNew = mayPass && !wanted.has(name)
        if (isNew) {
          wanted.set(name, cid)
          passes.want(cid)
        }
        const block = await shared(cid, options)
        // One that another fetch brought is kept at hand for this one, too.
        if (isNew && !take(cid, block.length) && wanted.delete(name)) passes.over([cid])
        yield block
      },
      end() {
        isOver = true
        passes.over(wanted.values())
        wanted.clear()
      }
    }
  }
}

class Again extends Error {}
