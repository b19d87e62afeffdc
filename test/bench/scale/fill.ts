import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import type { Row } from '../../../protocol/data/index.ts'
import { contentHash, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createBook } from '../../../node/data/book/index.ts'
import { createAcceptedRows } from '../../../node/data/validator/rows.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { cid, statementsOf, voteOf } from '../../protocol/data/make.ts'
import { rulesFor } from '../../node/data/network.ts'
import { fillArchive } from '../../node/payouts/receipts/generate.ts'

// What a daemon has behind it, written by the code that keeps it, without waiting for the disk at each entry.

const rowsEach = 3
const perEpoch = 10_000

/** The store without a flush for each write. */
const lazily = (store: Store): Store => ({
  ...store,
  batch: fill => store.batch(fill, { sync: false }),
  collection: (name, schema) => {
    const table = store.collection(name, schema)
    return { ...table, put: (at, value) => table.put(at, value, { sync: false }) }
  }
})

const fact = (n: number): Row => ({
  messages: [
    { role: 'user', content: `Is ${keccak(String(n)).slice(2, 12)} a bird of the northern forests?` },
    { role: 'assistant', content: n % 2 === 0 ? 'yes' : 'no' }
  ]
})

/** A Datanet that the daemon follows, with so many accepted contributions of three rows each. */
async function fillContributions(store: Store, count: number): Promise<void> {
  const host = fromHex(keccak('host'))
  const rules = { ...rulesFor([addressOfKey(host)]), heldOut: cid }
  const message = { host: addressOfKey(host), rules: contentHash(rules), createdAt: 1n }
  const network = { chainId: 31337, registry: addressOfKey(host) }
  const statement = signStatement(network, 'Datanet', message, host)
  const datanet: Hex = keccak('a Datanet of many')
  const book = createBook({ store, network })
  const rows = createAcceptedRows(store)
  await book.load()
  await book.putDatanet(datanet, { document: { statement, rules }, seenAt: 1 }, true)
  await book.putRole(datanet, 'choice', true)
  const statements = statementsOf('ada', new TextEncoder().encode('{"prompt":"a","response":"b"}'))
  const votes = ['v1', 'v2', 'v3'].map(name => voteOf(name, keccak('one'), true))
  for (let index = 1; index <= count; index++) {
    const id = keccak(`contribution ${index}`)
    await book.putContribution({
      id,
      datanet,
      index,
      contributor: `0x${(index % 500).toString(16).padStart(40, '0')}`,
      commitment: keccak(String(index)),
      block: BigInt(index),
      seenAt: 1,
      state: {
        name: 'accepted',
        certificate: { contribution: id, accept: true, outcome: keccak(id), votes },
        statements
      }
    })
    const own = Array.from({ length: rowsEach }, (_, i) => [i, fact(rowsEach * index + i)] as const)
    await rows.add(datanet, { contribution: id, order: index }, own)
  }
  await book.pass(datanet, count)
}

/** Fills the folder of a daemon that does not run. */
export async function fill(
  folder: string,
  { contributions, receipts }: { contributions: number; receipts: number }
): Promise<void> {
  await mkdir(join(folder, 'store'), { recursive: true })
  const store = await openStore(join(folder, 'store'))
  try {
    if (contributions > 0) await fillContributions(lazily(store), contributions)
    const epochs = Math.ceil(receipts / perEpoch)
    if (epochs > 0)
      await fillArchive(store, join(folder, 'payouts', 'receipts'), {
        pool: keccak('a pool'),
        epochs,
        perEpoch: Math.ceil(receipts / epochs)
      })
  } finally {
    await store.close()
  }
}
