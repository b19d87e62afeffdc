import assert from 'node:assert/strict'
import { expire, outcomeOf } from '../../../protocol/data/index.ts'
import type { Certificate, ContributionState } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { cid, contributionTo, datanetOf, memoryPeer, votePair } from './in-memory.ts'

// What peers of a private Datanet tell one another of what nobody may read any more.

const names = ['validator 0', 'validator 1', 'validator 2']
const certificateOf = (contribution: Hex): Certificate => ({
  contribution,
  accept: true,
  outcome: outcomeOf({ contribution, cid, own: [0] }, true),
  votes: names
    .map(name => votePair(name, contribution, true, [0])[1].statement)
    .sort((a, b) => (a.message.validator < b.message.validator ? -1 : 1))
})

describe('data: notes about a private Datanet', () => {
  it('are compared past contributions whose keys are gone, and nobody is blamed for them', async () => {
    const { id: datanet, document } = datanetOf(names, { private: {} })
    const [knows, comes] = [memoryPeer('knows'), memoryPeer('comes')]
    for (const { book } of [knows, comes]) await book.putDatanet(datanet, { document, seenAt: 0 }, true)
    const last = 12
    let accepted: Hex | undefined
    for (let index = 1; index <= last; index++) {
      const { id, statements } = contributionTo(datanet, `author ${index}`)
      const { contributor, commitment } = statements.commitment.message
      const record = { id, datanet, index, contributor, commitment, block: 1n, seenAt: 1 }
      const committed: ContributionState = { name: 'committed', at: 1 }
      // What has expired is kept without its keys.
      const gone = { ...expire({ name: 'voting', since: 1, statements }), statements }
      const state: ContributionState =
        index < last ? gone : { name: 'accepted', certificate: certificateOf(id), statements }
      await knows.book.putContribution({ ...record, state })
      await comes.book.putContribution({ ...record, state: committed })
      accepted = id
    }
    await comes.pull(knows, datanet)
    assert.ok(accepted !== undefined)
    assert.equal((await comes.book.contribution(accepted))?.state.name, 'accepted')
    assert.equal((await comes.book.at(datanet, 1))?.state.name, 'committed')
  })

  it('take no keys away: a certificate may be handed on without them', async () => {
    const { id: datanet, document } = datanetOf(names, { private: {} })
    const peer = memoryPeer('has keys')
    await peer.book.putDatanet(datanet, { document, seenAt: 0 }, true)
    const { id, statements } = contributionTo(datanet, 'author')
    const { contributor, commitment } = statements.commitment.message
    const sealed = { keys: [{ account: contributor, sealed: `0x${'00'.repeat(81)}` as Hex }] }
    const record = { id, datanet, index: 1, contributor, commitment, block: 1n, seenAt: 1 }
    const voting: ContributionState = { name: 'voting', since: 1, statements: { ...statements, sealed } }
    await peer.book.putContribution({ ...record, state: voting })
    assert.ok(await peer.receiver.take({ kind: 'certificate', certificate: certificateOf(id), statements }))
    const state = (await peer.book.contribution(id))?.state
    assert.ok(state?.name === 'accepted')
    assert.deepEqual(state.statements.sealed, sealed)
  })
})
