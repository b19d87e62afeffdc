import { z } from 'zod'
import { readersFrom } from '../../../protocol/data/index.ts'
import type { Reader } from '../../../protocol/data/index.ts'
import { TilthError, toHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { sealingKeyOfPeer } from '../../transport/identity.ts'
import type { DataDeps } from '../deps.ts'
import { hostOf } from '../rosters.ts'
import type { RuledDatanet } from '../rosters.ts'
import type { ReaderView } from './types.ts'

/** Longest that a validator is looked for whose key is not known here. */
const findMs = 5_000

/** A compressed point of secp256k1. */
export const sealingKeyText = z
  .string()
  .regex(/^0x0[23][0-9a-f]{64}$/)
  .transform(text => text as Hex)

/**
 * Who reads a private Datanet's rows by sitting there, with the keys by which something is sealed to them. A node's
 * PeerId is its key, and an account is its key's hash: whoever names a key, nobody has to be believed.
 */
export interface Readers {
  views(net: RuledDatanet): Promise<ReaderView[]>
  /** Those whose keys are known. @throws as readersFrom */
  sealable(net: RuledDatanet): Promise<Reader[]>
}

export function createReaders({ log, peers, store }: Pick<DataDeps, 'log' | 'peers' | 'store'>): Readers {
  const known = store.collection('data/sealing-keys', sealingKeyText)

  async function keyOf(account: Address): Promise<Hex | null> {
    const kept = await known.get(account)
    if (kept !== undefined) return kept
    try {
      const { peerId } = await peers.find(account, { signal: AbortSignal.timeout(findMs) })
      const found = toHex(sealingKeyOfPeer(peerId))
      await known.put(account, found)
      return found
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      log.debug('the key of a validator is not known yet', { account, code: error.code })
      return null
    }
  }

  const readers: Readers = {
    async views(net) {
      const host = hostOf(net)
      const validators = net.rules.validators.map(({ address }) => address)
      const all = [...new Set([...validators, host])]
      const found = await Promise.all(all.map(keyOf))
      return all.map((account, i) => ({
        account,
        role: validators.includes(account) ? ('validator' as const) : ('host' as const),
        key: found[i] ?? null
      }))
    },
    sealable: async net => readersFrom(await readers.views(net), net.rules.validators)
  }
  return readers
}
