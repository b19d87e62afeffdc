import { isSealedToAll, keyOfBatch, openBatch, ownKeyOf } from '../../../protocol/data/index.ts'
import type { Row, SealTarget } from '../../../protocol/data/index.ts'
import { sealingKey } from '../../../protocol/crypto/index.ts'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { BatchRecord } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import { sealingKeyOfPeer } from '../../transport/identity.ts'
import type { DataDeps } from '../deps.ts'

/** Batches in memory, opened; their keys, and accounts' sealing keys. */
const opensKept = 128
const targetsKept = 1024
/** Longest that a validator is looked for whose key is not known here. */
const findMs = 5_000

/** What this node can read of sealed questions: those that are open, those sealed to it, and its own. */
export interface Sealed {
  /** Its key, where it is open, was sealed to this validator, or written here. */
  keyOf(batch: BatchRecord): Promise<Hex | undefined>
  /** Its questions, where this node has its key; none where what it holds is no file of them. */
  rowsOf(batch: BatchRecord): Promise<readonly Row[] | undefined>
  /** Whom a roster's batches are sealed to; undefined in the place of those whose key is not known here. */
  seats(datanet: Hex, roster: number): Promise<(SealTarget | undefined)[]>
  /** Whether each of its roster can open it, as far as their keys are known here. */
  isSealedToAll(batch: BatchRecord): Promise<boolean>
  /**
   * Questions that a contribution must not ask which came on chain in this block: those of batches that its own roster
   * (however often weighed) had accepted before, for a version that was not anchored yet. A function of the chain: each of that roster finds
   * the same. Nobody else can read them: then there are none.
   */
  hiddenAt(datanet: Hex, roster: number, block: bigint): Promise<readonly Row[]>
}

export function createSealed({
  chain: { ledger },
  key,
  log,
  peers,
  self
}: Pick<DataDeps, 'chain' | 'key' | 'log' | 'peers' | 'self'>): Sealed {
  const opened = createCache<Hex, readonly Row[]>({ max: opensKept })
  const targets = createCache<Address, SealTarget>({ max: targetsKept })

  async function targetOf(address: Address): Promise<SealTarget | undefined> {
    if (address === self) return { address, sealingKey: sealingKey(key) }
    const known = targets.get(address)
    if (known !== undefined) return known
    try {
      const { peerId } = await peers.find(address, { signal: AbortSignal.timeout(findMs) })
      const found = { address, sealingKey: sealingKeyOfPeer(peerId) }
      targets.set(address, found)
      return found
    } catch (error) {
      log.debug('the sealing key of a validator is not known yet', { address, error })
      return undefined
    }
  }

  async function keyOf(batch: BatchRecord): Promise<Hex | undefined> {
    if (batch.key !== null) return batch.key
    if (batch.writer === self) return ownKeyOf(asSealed(batch), key)
    const members = (await ledger.roster(batch.datanet, batch.roster)) ?? []
    const seat = members.findIndex(({ address }) => address === self)
    if (seat < 0) return undefined
    try {
      return keyOfBatch(asSealed(batch), seat, key)
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
      log.debug('a batch was not sealed to this validator', { batch: batch.id, code: error.code })
      return undefined
    }
  }

  async function rowsOf(batch: BatchRecord): Promise<readonly Row[] | undefined> {
    const known = opened.get(batch.id)
    if (known !== undefined) return known
    const found = await keyOf(batch)
    if (found === undefined) return undefined
    const rows = readRows(batch, found)
    opened.set(batch.id, rows)
    return rows
  }

  /** Number of the version that was anchored last when a block began. */
  async function versionBefore(datanet: Hex, block: bigint): Promise<number> {
    let version = (await ledger.datanet(datanet))?.version ?? 0
    for (; version > 0; version--) {
      const anchored = await ledger.version(datanet, version)
      if (anchored !== undefined && anchored.block < block) break
    }
    return version
  }

  const seats = async (datanet: Hex, roster: number): Promise<(SealTarget | undefined)[]> =>
    Promise.all(((await ledger.roster(datanet, roster)) ?? []).map(({ address }) => targetOf(address)))

  return {
    keyOf,
    rowsOf,
    seats,
    async isSealedToAll(batch) {
      const found = await keyOf(batch)
      return found !== undefined && isSealedToAll(asSealed(batch), found, await seats(batch.datanet, batch.roster))
    },
    async hiddenAt(datanet, roster, block) {
      const next = (await versionBefore(datanet, block)) + 1
      const hidden: Row[] = []
      for (const batch of await ledger.batchesFor(datanet, next))
        if (batch.accepted !== null && batch.accepted.block < block)
          if (await ledger.sameSeats(datanet, batch.roster, roster)) hidden.push(...((await rowsOf(batch)) ?? []))
      return hidden
    }
  }
}

const asSealed = ({ questions, keys, ...batch }: BatchRecord) => ({
  ...batch,
  questions: questions as Hex,
  keys: keys as Hex
})

/** What is no file of questions says nothing, everywhere alike. */
export function readRows(batch: BatchRecord, key: Hex): readonly Row[] {
  try {
    return openBatch(asSealed(batch), key)
  } catch (error) {
    if (error instanceof TilthError) return []
    throw error
  }
}
