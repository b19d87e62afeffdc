import assert from 'node:assert/strict'
import { z } from 'zod'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { outcomeOf } from '../../../protocol/data/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { createBook } from '../../../node/data/book/index.ts'
import type { ContributionRecord } from '../../../node/data/book/index.ts'
import { createTurns } from '../../../node/data/validator/index.ts'
import { createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'
import { cid, contributionTo, datanetOf, memoryPeer, memoryStore, votePair } from './in-memory.ts'

// What was decided or revealed, and the chain takes back: another may stand in its place, and be open.

const network = { chainId: 31337, registry: keccak('registry').slice(0, 42) as Address }
const { id: datanet, document } = datanetOf(['ann', 'bob'])

function recordOf(name: string, index: number): ContributionRecord {
  const { id, statements } = contributionTo(datanet, name)
  const { contributor, commitment } = statements.commitment.message
  return { id, datanet, index, contributor, commitment, block: 1n, seenAt: 1, state: { name: 'committed', at: 1 } }
}
function acceptedOf(name: string, index: number): ContributionRecord {
  const { id, statements } = contributionTo(datanet, name)
  const votes = ['ann', 'bob'].map(voter => votePair(voter, id, true, [0])[1].statement)
  const certificate = { contribution: id, accept: true, outcome: outcomeOf({ contribution: id, cid, own: [0] }, true) }
  return { ...recordOf(name, index), state: { name: 'accepted', certificate: { ...certificate, votes }, statements } }
}

describe('data: what stands in the place of what the chain took back', () => {
  it('is not passed by a look at what stood there before', async () => {
    const book = createBook({ store: memoryStore(), network })
    const [gone, comes] = [acceptedOf('author', 1), recordOf('another', 1)]
    await book.putDatanet(datanet, { document, seenAt: 1 }, true)
    await book.putContribution(gone)
    await book.putVerdict(gone.id, { contribution: gone.id, accept: true, checks: [], rows: [], issues: [] })
    const looking = Promise.withResolvers<void>()
    const looked = Promise.withResolvers<boolean>()
    const key = fromHex(keccak('ann'))
    const ledger = { commitment: async () => undefined, confirmed: () => false }
    const deps = { chain: { ledger }, network, key, self: addressOfKey(key), clock: manualClock(), log: silentLog }
    const shards = {
      index() {
        looking.resolve()
        return looked.promise
      }
    }
    type Args = Parameters<typeof createTurns>
    const turns = createTurns(
      { ...deps, events: createEvents(silentLog) } as unknown as Args[0],
      { tickMs: 500 } as Args[1],
      0,
      book,
      { isBeyond: async () => false },
      shards as unknown as Args[5],
      {} as unknown as Args[6],
      {} as unknown as Args[7],
      () => true,
      async () => undefined,
      { judges: async () => true }
    )
    turns.wake(datanet)
    await looking.promise
    await book.serially(async () => {
      await book.pass(datanet, 0)
      await book.dropContribution(gone.id, gone.block)
      turns.revisit(datanet, 1)
      await book.putContribution(comes)
    })
    looked.resolve(true)
    for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
    await turns.stop()
    assert.equal((await book.progress(datanet)).passed, 0)
  })

  it('is not behind what was decided before it came', async () => {
    const book = createBook({ store: memoryStore(), network })
    const gone = acceptedOf('author', 1)
    await book.putContribution(gone)
    await book.dropContribution(gone.id, gone.block)
    await book.putContribution(recordOf('another', 1))
    await book.putContribution({ ...gone, index: 2 })
    assert.deepEqual(await book.progress(datanet), { contributions: 2, accepted: 1, decided: 0, passed: 0 })
    // What comes after both is decided in the order that stands now.
    await book.putContribution(acceptedOf('a third', 3))
    assert.equal((await book.progress(datanet)).decided, 3)
  })

  it('is looked at in a folder in which an older version had passed by it', async () => {
    const store = memoryStore()
    const before = createBook({ store, network })
    await before.load()
    const records = [acceptedOf('author', 1), recordOf('another', 2), acceptedOf('a third', 3)]
    for (const record of records) await before.putContribution(record)
    await before.pass(datanet, 3)
    const reached = async (): Promise<number[]> => {
      const book = createBook({ store, network })
      await book.load()
      const { passed, decided } = await book.progress(datanet)
      return [passed, decided]
    }
    // What this version has passed by itself is not looked through again.
    assert.deepEqual(await reached(), [3, 3])
    await store.collection('data/mended', z.literal(true)).delete('passed')
    assert.deepEqual(await reached(), [1, 1])
    await createBook({ store, network }).pass(datanet, 2)
    assert.deepEqual(await reached(), [2, 1])
  })
})

describe('data: what was revealed, and the chain takes back', () => {
  it('is known again once the chain has it again, also by a node that was killed meanwhile', async () => {
    const store = memoryStore()
    const { statements } = contributionTo(datanet, 'author')
    const committed = { ...recordOf('author', 1), seenAt: manualClock().now() }
    const provider = addressOfKey(fromHex(keccak('ann')))
    const before = memoryPeer('bob', store)
    await before.book.putDatanet(datanet, { document, seenAt: 1 }, true)
    await before.book.putContribution({ ...committed, provider })
    await before.receiver.take({ kind: 'reveal', statements })
    await before.book.dropContribution(committed.id, committed.block)

    const after = memoryPeer('bob', store)
    const shown = async () => {
      const { state, provider: by } = (await after.book.contribution(committed.id)) ?? {}
      return [state?.name, state !== undefined && 'statements' in state ? state.statements : undefined, by]
    }
    await after.book.putContribution({ ...committed, index: 2, block: 2n })
    assert.deepEqual(await shown(), ['committed', undefined, undefined])
    await after.receiver.unpark(committed.id)
    assert.deepEqual(await shown(), ['revealed', statements, provider])
    assert.equal(await after.book.returned(committed.id), undefined)
  })
})
