import { rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { fromHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { hashOf } from './block-log.ts'
import type { BlockLog, LoggedBlock } from './block-log.ts'
import { outlineOf } from './rpc.ts'
import type { BlockOutline, Rpc } from './rpc.ts'

/** A whole state is written once the log holds so much: what is sent again at a start takes a second or two. */
const most = { blocks: 256, bytes: 8 * 1024 * 1024 }
/** A transaction is mined as soon as it comes; one that waits for another before it is not waited for. */
const minedWithinMs = 200
const everyMs = 2
/** Changes that are written down together, where so many wait: each alone would cost the disk two writes. */
const mostTogether = 64

/** Keeps the chain of one folder: whatever anvil has said can be made again from state and log. */
export interface Keeper {
  /** Makes again what the state does not hold. To be called once, before anybody else uses the chain. */
  restore(): Promise<void>
  /** What may change the chain, one after another: written down before it is sent, its blocks before this returns. */
  readonly change: <T>(raws: readonly Hex[], work: () => Promise<T>) => Promise<T>
  /** Writes the whole state once what is under way has ended; the log begins anew. */
  checkpoint(): Promise<void>
}

export function createKeeper({ rpc, log, state }: { rpc: Rpc; log: BlockLog; state: string }): Keeper {
  let turn: Promise<unknown> = Promise.resolve()
  /** Changes whose turn is to come. */
  const waiting: {
    readonly raws: readonly Hex[]
    /** What became of it, for whoever asked for it: told once it is on disk. */
    readonly work: () => Promise<() => void>
    readonly fail: (error: unknown) => void
  }[] = []
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return mine
  }
  /** The last block that is on disk, in the state or in the log. */
  let tip: Pick<BlockOutline, 'number' | 'hash'> = { number: -1, hash: '0x' }

  const head = async (): Promise<BlockOutline> => {
    const block = await outlineOf(rpc, 'latest')
    if (block === undefined) throw new TypeError('the local chain has no block')
    return block
  }

  async function rawOf(hash: Hex): Promise<Hex> {
    return log.waiting.get(hash) ?? ((await rpc('eth_getRawTransactionByHash', hash)) as Hex)
  }

  async function writeState(): Promise<void> {
    const block = await head()
    const dump = fromHex((await rpc('anvil_dumpState')) as Hex)
    const fresh = `${state}.new`
    await writeFile(fresh, await promisify(gunzip)(dump), { flush: true })
    await rename(fresh, state)
    await log.keepAfter(block.number)
    tip = block
  }

  /** The newest block on disk that the chain still has; undefined if it went back behind the state. */
  async function common(last: BlockOutline): Promise<Pick<BlockOutline, 'number' | 'hash'> | undefined> {
    const known = [tip, ...log.blocks.toReversed()]
    for (const block of known) {
      if (block.number > last.number) continue
      if ((await outlineOf(rpc, block.number))?.hash === block.hash) return block
    }
    return undefined
  }

  /** Writes down the blocks that were made since. */
  async function catchUp(): Promise<void> {
    const last = await head()
    if (last.hash === tip.hash) return
    if (last.parent !== tip.hash) {
      const stands = await common(last)
      if (stands === undefined) {
        await writeState()
        return
      }
      if (stands.number < tip.number) await log.wentBack(stands.number)
      tip = stands
    }
    const made: LoggedBlock[] = []
    let newest: BlockOutline | undefined
    for (let number = tip.number + 1; number <= last.number; number++) {
      const block = number === last.number ? last : await outlineOf(rpc, number)
      if (block === undefined) break
      const transactions: Hex[] = []
      for (const hash of block.transactions) transactions.push(await rawOf(hash))
      const { hash, time, baseFee } = block
      made.push({ number, hash, time, baseFee, transactions })
      newest = block
    }
    if (newest === undefined) return
    await log.mined(made)
    tip = newest
    if (log.blocks.length > most.blocks || log.bytes > most.bytes) await writeState()
  }

  /** Whether it comes into no block now, however long one waits: another comes before it, or blocks are asked for. */
  async function isHeldUp({ from, nonce }: { readonly from: Hex; readonly nonce: Hex }): Promise<boolean> {
    const next = (await rpc('eth_getTransactionCount', from, 'latest')) as Hex
    return Number(nonce) > Number(next) || (await rpc('anvil_getAutomine')) === false
  }

  /** Until the chain has taken what it was sent: into a block, or not at all, or to wait for another. */
  async function settled(hash: Hex): Promise<void> {
    for (const until = Date.now() + minedWithinMs; Date.now() < until; await sleep(everyMs)) {
      const found = (await rpc('eth_getTransactionByHash', hash)) as {
        readonly blockNumber: Hex | null
        readonly from: Hex
        readonly nonce: Hex
      } | null
      const block = found === null ? undefined : found.blockNumber
      if (block === undefined || (block !== null && Number(block) <= tip.number)) await log.settled(hash)
      if (block !== null || (found !== null && (await isHeldUp(found)))) return
    }
  }

  /** Carries out what waits: signed transactions as many as there are, in their order, anything else by itself. */
  async function carryOut(): Promise<void> {
    const alone = waiting.findIndex(({ raws }) => raws.length === 0)
    const many = alone === -1 ? waiting.length : Math.max(1, alone)
    const together = waiting.splice(0, Math.min(mostTogether, many))
    if (together.length === 0) return // those before took it along
    try {
      const raws = together.flatMap(one => one.raws)
      if (raws.length > 0) await log.sent(raws)
      const done: (() => void)[] = []
      for (const { work } of together) done.push(await work())
      for (const raw of raws) await settled(hashOf(raw))
      await catchUp()
      for (const tell of done) tell()
    } catch (error) {
      for (const { fail } of together) fail(error)
    }
  }

  async function again(block: BlockLog['blocks'][number]): Promise<void> {
    // One that it refuses now was sent by other means than a signature: the rest goes on without it.
    for (const raw of block.transactions) await rpc('eth_sendRawTransaction', raw).catch(() => undefined)
    await rpc('evm_setNextBlockTimestamp', block.time)
    await rpc('anvil_setNextBlockBaseFeePerGas', block.baseFee)
    await rpc('evm_mine')
  }

  return {
    async restore() {
      const before = await head()
      const missing = log.blocks.filter(({ number }) => number > before.number)
      if (missing.length > 0) {
        await rpc('evm_setTime', before.time)
        await rpc('evm_setAutomine', false)
        for (const block of missing) await again(block)
        await rpc('evm_setAutomine', true)
      }
      const after = await head()
      tip = after
      await rpc('evm_setTime', Math.max(Math.floor(Date.now() / 1000), after.time))
      for (const [hash, raw] of log.waiting) {
        await rpc('eth_sendRawTransaction', raw).catch(() => undefined)
        await settled(hash)
      }
      await catchUp()
      await writeState()
    },
    change: (raws, work) =>
      new Promise((resolve, fail: (error: unknown) => void) => {
        const told = (): Promise<() => void> =>
          work().then(
            result => () => resolve(result),
            (error: unknown) => () => fail(error)
          )
        waiting.push({ raws, work: told, fail })
        void inTurn(carryOut)
      }),
    checkpoint: () => inTurn(writeState)
  }
}
