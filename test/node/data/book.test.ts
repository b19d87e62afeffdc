import assert from 'node:assert/strict'
import { createBook } from '../../../node/data/book/index.ts'
import type { BallotRecord, ContributionRecord } from '../../../node/data/book/index.ts'
import type { Collection, Store } from '../../../node/store/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { contributionTo, datanetOf, memoryStore, votePair } from './in-memory.ts'

/** A store whose next read of a table is answered, with what stood there as it was asked, only once it is let go. */
function heldBack(): { store: Store; hold: (table: string) => () => void } {
  const store = memoryStore()
  const held = new Map<string, Promise<void>>()
  return {
    store: {
      ...store,
      collection<T>(...args: Parameters<Store['collection']>) {
        const table = store.collection(...args) as Collection<T>
        return {
          ...table,
          async get(key: string) {
            const found = await table.get(key)
            const until = held.get(table.name)
            held.delete(table.name)
            await until
            return found
          }
        }
      }
    } as Store,
    hold(table) {
      let go = (): void => undefined
      held.set(
        table,
        new Promise(resolve => {
          go = resolve
        })
      )
      return () => {
        go()
      }
    }
  }
}

describe('data: what is read from the disk while it is written', () => {
  const registry = keccak('registry').slice(0, 42) as Address
  const network = { chainId: 31337, registry }
  const { id: datanet } = datanetOf(['ann', 'bob'])
  const { id, statements } = contributionTo(datanet, 'author')
  const { contributor, commitment } = statements.commitment.message
  const record: ContributionRecord = {
    id,
    datanet,
    index: 1,
    contributor,
    commitment,
    block: 1n,
    seenAt: 1,
    state: { name: 'committed', at: 1 }
  }
  const [ann, bob] = ['ann', 'bob'].map(name => votePair(name, id, true, [0])[0].statement)
  const ballotOf = (...commits: (typeof ann)[]): BallotRecord => ({ commits: commits as never, votes: [] })

  /** A book that was begun anew, so that it has nothing in memory. */
  async function begun() {
    const { store, hold } = heldBack()
    const before = createBook({ store, network })
    await before.putContribution(record)
    await before.putBallot(id, ballotOf(ann))
    return { hold, book: createBook({ store, network }) }
  }

  it('takes the place of no vote that came meanwhile', async () => {
    const { hold, book } = await begun()
    const letGo = hold('data/ballots')
    const reading = book.ballot(id)
    await book.putBallot(id, ballotOf(ann, bob))
    letGo()
    await reading
    assert.deepEqual(await book.ballot(id), ballotOf(ann, bob))
  })

  it('takes the place of no state that came meanwhile, and of nothing that was dropped', async () => {
    const { hold, book } = await begun()
    const stateOf = async (name: Hex): Promise<string | undefined> => (await book.contribution(name))?.state.name
    let letGo = hold('data/contributions')
    const reading = book.at(datanet, 1)
    await book.putContribution({ ...record, state: { name: 'revealed', at: 2, statements } })
    letGo()
    await reading
    assert.equal(await stateOf(id), 'revealed')

    const other = await begun()
    letGo = other.hold('data/contributions')
    const late = other.book.at(datanet, 1)
    await other.book.dropContribution(id, 1n)
    letGo()
    await late
    assert.equal(await other.book.at(datanet, 1), undefined)
  })
})
