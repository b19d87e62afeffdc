import assert from 'node:assert/strict'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const questions = jsonl([['What colour is the sky?', 'Blue']])
const first = jsonl([
  ['Which bird sings at night in the wood?', 'The nightingale'],
  ['Which bird lays blue eggs?', 'The robin']
])
const second = jsonl([
  ['Which bird sings at dawn in the wood?', 'The blackbird'],
  ['Which bird lays blue eggs?', 'The robin'],
  ['How tall is an ostrich?', 'Some three metres']
])

describe('data: a validator votes by hand', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let door: TestPeer
  let datanet: Hex
  before(async () => {
    network = await startNetwork()
    host = await network.add('host', { autoVote: false })
    door = await network.add('door')
    const rules = rulesFor([host.address], { uploadsPerContributor: 9, voteSeconds: 600, minOwnShare: 100 })
    datanet = (await host.service.createDatanet(rules, questions)).id
    await until(async () => (await door.service.datanet(datanet)) !== undefined, 'the door hears of it')
  })
  after(() => network.stop())

  const checked = async (id: Hex): Promise<void> =>
    until(
      async () => (await host.service.review()).items.some(item => item.id === id && item.advice !== null),
      'checked'
    )

  it('sees what is voted on with its rows and those they are like, and says why it voted so', async () => {
    const { id: earlier } = await door.service.contribute({ datanet, file: first })
    await checked(earlier)
    await host.service.vote(earlier, true)
    await until(async () => (await host.service.contribution(earlier))?.status === 'accepted', 'accepted')
    const { id } = await door.service.contribute({ datanet, file: second })
    await checked(id)
    const [item, ...others] = (await host.service.review()).items
    assert.equal(others.length, 0)
    assert.deepEqual(
      [item?.id, item?.advice, item?.vote, item?.rows, item?.own, item?.total, item?.datanetName],
      [id, true, null, 3, 2, 1, 'things']
    )
    assert.ok((item?.closesAt ?? 0) > Date.now())
    const rows = (await host.service.reviewRows(id)).items
    assert.deepEqual(
      rows.map(({ line, code }) => [line, code]),
      [
        [1, 'own'],
        [2, 'duplicate'],
        [3, 'own']
      ]
    )
    assert.deepEqual([rows[0]?.nearest?.contribution, rows[0]?.nearest?.line], [earlier, 1])
    assert.match(rows[0]?.nearest?.messages[0]?.content ?? '', /sings at night/)
    assert.deepEqual([rows[1]?.nearest?.line, rows[1]?.nearest?.overlap], [2, 1000])
    const page = await host.service.reviewRows(id, { limit: 2 })
    assert.deepEqual([page.items.length, page.next], [2, '2'])
    assert.equal((await host.service.reviewRows(id, { limit: 2, cursor: '2' })).items[0]?.line, 3)
    await assert.rejects(host.service.reviewRows(id, { cursor: 'x' }), { code: 'page.cursor' })

    await host.service.vote(id, false, { reason: 'the ostrich is taller', code: 'wrong' })
    await until(async () => (await door.service.contribution(id))?.status === 'rejected', 'rejected')
    const voted = await host.service.reviewOf(id)
    assert.deepEqual([voted.vote, voted.voteReason, voted.voteCode], [false, 'the ostrich is taller', 'wrong'])
    const told = async (node: typeof door, of: Hex) => (await node.service.votes(of)).validators.map(one => one.reason)
    assert.deepEqual(await told(door, id), ['the ostrich is taller'], 'the contributor reads it')
    assert.equal((await door.service.votes(id)).validators[0]?.code, 'wrong')
    assert.deepEqual(await told(door, earlier), [null])
    assert.deepEqual((await host.service.review()).items, [])
    assert.deepEqual((await door.service.review()).items, [])
    assert.deepEqual(await host.service.doubleVotes(datanet), [])
  })

  it('can take back a vote that is held, as nobody was told of it, and no other', async () => {
    const { id } = await door.service.contribute({ datanet, file: second })
    await checked(id)
    await host.service.vote(id, false, 'a slip of the finger', 600_000)
    const held = await host.service.reviewOf(id)
    assert.deepEqual([held.vote, held.voteReason], [false, 'a slip of the finger'])
    assert.ok(held.undoUntil !== null && held.undoUntil < (held.closesAt ?? 0), 'while others may still commit')
    assert.deepEqual(
      (await host.service.votes(id)).validators.map(({ step, accept, reason }) => [step, accept, reason]),
      [['waiting', null, null]]
    )
    await host.service.unvote(id)
    const undone = await host.service.reviewOf(id)
    assert.deepEqual([undone.vote, undone.voteReason, undone.undoUntil], [null, undefined, null])
    await assert.rejects(host.service.unvote(id), { code: 'vote.none' })
    await host.service.vote(id, false, 'after all', 300)
    await until(async () => (await door.service.contribution(id))?.status === 'rejected', 'rejected once it is told')
    await assert.rejects(host.service.unvote(id), { code: 'vote.told' })
  })

  it('votes by its own checks from when its owner says so, for what waits too, over a restart', async () => {
    assert.equal(await host.service.votePolicy(), 'manual')
    const { id } = await door.service.contribute({ datanet, file: second })
    await checked(id)
    await host.service.setVotePolicy('auto')
    await until(async () => (await door.service.contribution(id))?.status === 'accepted', 'accepted')
    await network.stopPeer(host)
    host = await network.start(host, { autoVote: false })
    assert.equal(await host.service.votePolicy(), 'auto')
  })
})
