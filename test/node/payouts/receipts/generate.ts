import { createHash } from 'node:crypto'
import { digest, signDigest } from '../../../../protocol/crypto/index.ts'
import type { Message, Network } from '../../../../protocol/crypto/index.ts'
import { addressOfKey } from '../../../../protocol/crypto/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import { fromHex, keccak, zeroHash } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import { createArchive } from '../../../../node/payouts/receipts/archive.ts'
import { channelKey, everything, listKey, shortId, timeKey } from '../../../../node/payouts/receipts/keys.ts'
import { openTables } from '../../../../node/payouts/receipts/tables.ts'
import type { Archived } from '../../../../node/payouts/receipts/tables.ts'
import { silentLog } from '../../../../node/runtime/index.ts'
import { sequenceKey } from '../../../../node/store/index.ts'
import { linesOf, settle } from '../../../../protocol/payouts/index.ts'
import type { ChannelLine, Settled } from '../../../../protocol/payouts/index.ts'
import type { Store } from '../../../../node/store/index.ts'

// Receipts in any number, of real shape. Signed ones are made at some thousands a second; where only storage is looked
// at, ids and signatures are bytes of the right length that no two receipts share.

export const network: Network = { chainId: 31337, registry: '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512' }
/** 290 bytes that no other seed has. */
const filler = (seed: string): string => createHash('shake256', { outputLength: 290 }).update(seed).digest('hex')

export interface ReceiptPlan {
  readonly index: number
  /** Channels they are spread over, in turn. */
  readonly channels?: number
  readonly model?: Hex
  readonly signed?: boolean
  readonly seed?: string
  readonly fee?: bigint
}

export interface Generated {
  readonly id: Hex
  readonly receipt: CosignedReceipt
}

/** The receipt of that number: the same numbers are the same receipts. */
export function generateReceipt({
  index,
  channels = 10,
  model = keccak('model'),
  signed = false,
  seed = '',
  fee = BigInt(1000 + ((index % channels) % 977))
}: ReceiptPlan): Generated {
  const [client, worker] = [`client ${index % channels}`, 'worker']
  const text = filler(`${seed} ${index} ${fee}`)
  let at = 0
  const next = (bytes: number): Hex => `0x${text.slice(at, (at += 2 * bytes))}`
  const message: Message<'Receipt'> = {
    channel: channelOf(seed, index % channels),
    sequence: BigInt(Math.floor(index / channels) + 1),
    previous: index < channels ? zeroHash : next(32),
    model,
    request: next(32),
    response: next(32),
    inputTokens: 10 + (index % 90),
    outputTokens: 1 + (index % 64),
    fee,
    total: fee * BigInt(Math.floor(index / channels) + 1),
    seed: BigInt(index),
    startedAt: BigInt(1_700_000_000 + index),
    finishedAt: BigInt(1_700_000_001 + index),
    confidential: false
  }
  const id = signed ? digest(network, 'Receipt', message) : next(32)
  const sign = (name: string): Hex => (signed ? signDigest(id, keyOf(name)) : next(65))
  const receipt: CosignedReceipt = {
    receipt: { type: 'Receipt', message, signature: sign(worker) },
    clientSignature: sign(client),
    client: accountOf(client),
    worker: accountOf(worker)
  }
  return { id, receipt }
}

function remembered<T>(make: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return name => {
    const found = known.get(name) ?? make(name)
    known.set(name, found)
    return found
  }
}
const keyOf = remembered(name => fromHex(keccak(`key of ${name}`)))
const accountOf = remembered((name): Address => addressOfKey(keyOf(name)))
const channels = remembered((name): Hex => keccak(`channel ${name}`))
const channelOf = (seed: string, number: number): Hex => channels(`${seed} ${number}`)

export function* generateReceipts(count: number, plan: Omit<ReceiptPlan, 'index'> = {}): Generator<Generated> {
  for (let index = 0; index < count; index++) yield generateReceipt({ ...plan, index })
}

/** A data folder as after so many final epochs: files, and the rows that name them. */
export async function fillArchive(
  store: Store,
  folder: string,
  { pool, epochs, perEpoch, own = false }: { pool: Hex; epochs: number; perEpoch: number; own?: boolean }
): Promise<void> {
  const tables = openTables(store)
  const archive = createArchive(folder, tables, silentLog)
  await archive.start()
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const entries: { key: string; entry: Archived }[] = []
    for (let i = 0; i < perEpoch; i++) {
      const { id, receipt } = generateReceipt({ index: (epoch - 1) * perEpoch + i, seed: pool })
      const key = timeKey(receipt.receipt.message.finishedAt, id)
      entries.push({ key, entry: { id, pool, own, answered: own, epoch, receipt, scorings: [] } })
    }
    entries.sort((a, b) => (a.key < b.key ? -1 : 1))
    const list = async function* (): AsyncGenerator<[string, Archived]> {
      for (const { key, entry } of entries) yield [key, entry]
    }
    const { number, row } = await archive.write(pool, epoch, list())
    await store.batch(
      batch => {
        batch.put(tables.archives, sequenceKey(number), row)
        for (const { key, entry } of entries) {
          batch.put(tables.archived, key, number).put(tables.ids, shortId(entry.id), key)
          for (const scope of [everything, pool, entry.receipt.receipt.message.model])
            batch.put(tables.lists, listKey(scope, key), 0)
        }
        const last = entries.at(-1)?.entry.receipt.receipt.message
        if (last !== undefined)
          batch.put(tables.settled, channelKey(pool, last.channel), {
            channel: last.channel,
            model: last.model,
            ranges: [[1n, last.sequence]],
            covered: [[0n, last.total]],
            claimed: last.total,
            expiry: 2_000_000_000n
          })
        batch.put(tables.pools, pool, { epoch, at: last?.finishedAt ?? 0n, bundle: `bundle ${epoch}` })
      },
      { sync: false }
    )
  }
  await archive.stop()
}

/** The state after an epoch that counts these, of channels that have paid for all of them and all before. */
export function settledBy(
  before: Settled,
  counted: readonly Message<'Receipt'>[],
  expiry: bigint,
  at: bigint
): Settled {
  const channels = new Map<Hex, ChannelLine>()
  for (const { channel, model, total } of counted) {
    const claimed = channels.get(channel)?.claimed ?? 0n
    channels.set(channel, { model, claimed: total > claimed ? total : claimed, expiry })
  }
  return settle(before, linesOf(before, channels, at), counted, () => false, at).settled
}
