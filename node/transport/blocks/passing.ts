import type { Blockstore } from 'interface-blockstore'
import type { AbortOptions } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { DurableBlocks } from './durable.ts'
import { blockName } from './pins.ts'

/** Bytes of blocks that pass at once; what finds no room goes to the disk as it comes. */
const mostBytes = 64 << 20
/**
 * Of them those whose fetch is over: for who lends its folder, or fetches what was only looked at. A peer does not send
 * a block again within a second.
 */
const mostIdleBytes = 16 << 20

export interface PassingOptions extends AbortOptions {
  /** What only passes is seen as well; and what is put passes, too, where it is taken. */
  readonly passing?: 'seen' | 'taken'
  /** Whether a block of so many bytes may pass for the fetch that it came for. */
  readonly take?: (cid: CID, size: number) => boolean
}

interface Passing {
  readonly bytes: Uint8Array
  /** On its way to the disk after all. */
  written: Promise<CID> | undefined
}

/**
 * Blocks on disk, and in memory those that only pass: a small folder's bytes are written once, as its files, where
 * flushing them as blocks as well took longer than fetching them. For who does not say `passing` such a block is first
 * written, so nothing that is kept, added or given to others ever relies on memory.
 */
export class PassingBlocks extends DurableBlocks implements Blockstore {
  readonly #passing = new Map<string, Passing>()
  #bytes = 0
  /** Fetches under way for which a block passes: adapters of one form have one configuration. */
  readonly #wanted = new Map<string, number>()
  /** Those that no fetch wants any more, in the order of their ends. */
  readonly #idle = new Set<string>()
  #idleBytes = 0

  override async has(cid: CID, options?: PassingOptions): Promise<boolean> {
    if (this.#of(cid, options) !== undefined) return true
    await this.#write(cid)
    return await super.has(cid, options)
  }

  override async *get(cid: CID, options?: PassingOptions): AsyncGenerator<Uint8Array> {
    const passing = this.#of(cid, options)
    if (passing === undefined) {
      await this.#write(cid)
      yield* super.get(cid, options)
    } else yield passing
  }

  override async put(
    cid: CID,
    value: Parameters<DurableBlocks['put']>[1],
    { passing, take }: PassingOptions = {}
  ): Promise<CID> {
    const name = blockName(cid)
    const bytes = value as Uint8Array
    const isRoom = passing === 'taken' && this.#wanted.has(name) && this.#bytes + bytes.length <= mostBytes
    if (!isRoom || take?.(cid, bytes.length) === false) return await super.put(cid, value)
    this.#forget(name)
    // A copy: what came may be a part of a larger message.
    this.#passing.set(name, { bytes: Uint8Array.from(bytes), written: undefined })
    this.#bytes += bytes.length
    return cid
  }

  override async delete(cid: CID): Promise<void> {
    this.#forget(blockName(cid))
    await super.delete(cid)
  }

  /** A fetch will ask for it, and it is at hand until that is over. */
  want(cid: CID): void {
    const name = blockName(cid)
    this.#wanted.set(name, (this.#wanted.get(name) ?? 0) + 1)
    if (this.#idle.delete(name)) this.#idleBytes -= this.#sizeOf(name)
  }

  /** A fetch that wanted these is over. */
  over(cids: Iterable<CID>): void {
    for (const cid of cids) {
      const name = blockName(cid)
      const left = (this.#wanted.get(name) ?? 1) - 1
      if (left > 0) this.#wanted.set(name, left)
      else {
        this.#wanted.delete(name)
        if (!this.#passing.has(name)) continue
        this.#idle.add(name)
        this.#idleBytes += this.#sizeOf(name)
      }
    }
    for (const name of this.#idle) {
      if (this.#idleBytes <= mostIdleBytes) break
      this.#forget(name)
    }
  }

  async #write(cid: CID): Promise<void> {
    const passing = this.#passing.get(blockName(cid))
    if (passing === undefined) return
    try {
      await (passing.written ??= super.put(cid, passing.bytes))
    } catch (error) {
      passing.written = undefined // a disk that is full has room again later
      throw error
    }
  }

  #of(cid: CID, options: PassingOptions | undefined): Uint8Array | undefined {
    return options?.passing !== undefined ? this.#passing.get(blockName(cid))?.bytes : undefined
  }

  #sizeOf(name: string): number {
    return this.#passing.get(name)?.bytes.length ?? 0
  }

  #forget(name: string): void {
    if (this.#idle.delete(name)) this.#idleBytes -= this.#sizeOf(name)
    this.#bytes -= this.#sizeOf(name)
    this.#passing.delete(name)
  }
}
