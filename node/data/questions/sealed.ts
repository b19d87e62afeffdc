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
/** Longest that a validator is looked for whose key is not known here, and from when on it is looked for again. */
const findMs = 5_000
const findAgainMs = 10_000

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
   * Questions that a contribution must not ask: those of batches that were accepted before the block of its commitment,
   * for a version that was not anchored yet, by a roster on which all sat who decide on it, under whatever number and
   * weights. A function of the chain: each of them finds the same. Nobody else can read them: then there are none.
   */
  hiddenFrom(contribution: Hex): Promise<readonly Row[]>
  /** How many of those batches this node cannot read, and how many are not open to everybody. */
  shutTo(contribution: Hex): Promise<{ readonly here: number; readonly everybody: number }>
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
  // However many ask at once, or soon again: each is looked for once.
  const looking = createCache<Address, Promise<SealTarget | undefined>>({ max: targetsKept, forMs: findAgainMs })

  async function targetOf(address: Address): Promise<SealTarget | undefined> {
    if (address === self) return { address, sealingKey: sealingKey(key) }
    const known = targets.get(address)
    if (known !== undefined) return known
    const begun = looking.get(address)
    if (begun !== undefined) return begun
    const search = find(address)
    looking.set(address, search)
    return search
  }

  async function find(address: Address): Promise<SealTarget | undefined> {
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

  async function inForce(contribution: Hex): Promise<BatchRecord[]> {
    const known = await ledger.commitment(contribution)
    if (known === undefined) return []
    const { block, datanet, roster } = known
    const next = (await versionBefore(datanet, block)) + 1
    const accepted = (await ledger.batchesFor(datanet, next)).filter(
      batch => batch.accepted !== null && batch.accepted.block < block
    )
    const deciding = accepted.length === 0 ? [] : ((await ledger.roster(datanet, roster)) ?? [])
    const found: BatchRecord[] = []
    for (const batch of accepted) {
      const readers = new Set(((await ledger.roster(datanet, batch.roster)) ?? []).map(({ address }) => address))
      if (deciding.length > 0 && deciding.every(({ address }) => readers.has(address))) found.push(batch)
    }
    return found
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
    async hiddenFrom(contribution) {
      const hidden: Row[] = []
      for (const batch of await inForce(contribution)) hidden.push(...((await rowsOf(batch)) ?? []))
      return hidden
    },
    async shutTo(contribution) {
      const shut = (await inForce(contribution)).filter(({ key }) => key === null)
      let here = 0
      for (const batch of shut) if ((await rowsOf(batch)) === undefined) here++
      return { here, everybody: shut.length }
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
