import assert from 'node:assert/strict'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('data: a validator that abstains', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let voters: TestPeer[]
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    voters = []
    for (const name of ['host', 'one', 'two']) voters.push(await network.add(name, { autoVote: false }))
    const rules = rulesFor(
      voters.map(({ address }) => address),
      { voteSeconds: 600 }
    )
    const [host] = voters
    datanet = (await host!.service.createDatanet(rules, jsonl([['What is held?', 'Out']]))).id
    for (const peer of voters)
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
  })
  after(() => network.stop())

  it('was there, and leaves it to the others, in a certificate that everybody can check', async () => {
    const [host, one, two] = voters as [TestPeer, TestPeer, TestPeer]
    const { id } = await host.service.contribute({ datanet, file: jsonl([['Which bird sings at night?', 'An owl']]) })
    for (const peer of voters)
      await until(
        async () => (await peer.service.review()).items.some(item => item.id === id && item.advice !== null),
        `${peer.name} has checked it`,
        60_000
      )
    await one.service.vote(id, 'abstain', 'I know nothing of birds')
    assert.equal((await one.service.reviewOf(id)).vote, 'abstain')
    await assert.rejects(one.service.vote(id, true), { code: 'vote.already' })
    await host.service.vote(id, true)
    await two.service.vote(id, true)
    for (const peer of voters)
      await until(
        async () => (await peer.service.contribution(id))?.status === 'accepted',
        `${peer.name} knows it is accepted`,
        60_000
      )
    const said = (await two.service.votes(id)).validators.map(vote => [vote.validator, vote.accept, vote.abstains])
    assert.deepEqual(said, [
      [host.address, true, false],
      [one.address, null, true],
      [two.address, true, false]
    ])
    assert.equal((await host.service.turnout(datanet)).counts.get(one.address), 1, 'it looked in time')
    for await (const { validators } of host.service.decisions(datanet))
      assert.deepEqual(
        validators.map(({ accept, present }) => [accept, present]),
        [
          [true, true],
          [null, true],
          [true, true]
        ]
      )
    const { version } = await host.service.anchorVersion(datanet)
    const late = await network.add('late')
    await until(async () => (await late.service.datanet(datanet)) !== undefined, 'who comes later hears of it')
    assert.equal((await late.service.manifest(datanet, version)).entries.length, 1)
  })
})
