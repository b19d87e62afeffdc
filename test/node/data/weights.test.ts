import assert from 'node:assert/strict'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const minStake = 100n * coin
const questions = new TextEncoder().encode(jsonl([['What is held?', 'Out']]))

describe('data: seats that weigh by stake', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let rich: TestPeer
  let poor: TestPeer
  let leaving: TestPeer
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    rich = await network.start(await network.account('rich', 50n * minStake))
    poor = await network.start(await network.account('poor', minStake))
    leaving = await network.start(await network.account('leaving', minStake))
  })
  after(() => network.stop())

  async function accepted(who: string, row: readonly [string, string], count: number): Promise<Hex> {
    const { id } = await rich.service.contribute({
      datanet,
      file: new TextEncoder().encode(jsonl([row])),
      contributorKey: fromHex(keccak(who))
    })
    for (const peer of [rich, poor])
      await until(
        async () => (await listOf(peer, datanet)).filter(({ status }) => status === 'accepted').length === count,
        `${peer.name} knows that ${who}'s row was accepted`,
        60_000
      )
    return id
  }
  const weightsOf = async (id: Hex): Promise<number[]> => {
    const { validators } = await poor.service.votes(id)
    return [rich, poor, leaving].map(({ address }) => validators.find(one => one.validator === address)?.weight ?? -1)
  }

  it('are weighed on chain when they are seated, none above the cap', async () => {
    const rules = {
      ...rulesFor([rich, poor, leaving].map(({ address }) => address)),
      weights: { by: 'stake' as const, cap: 5_000 }
    }
    const named = { ...rules, validators: rules.validators.map(one => ({ ...one, weight: 2 })) }
    await assert.rejects(rich.service.createDatanet(named, questions), { code: 'rules.weights' })
    datanet = (await rich.service.createDatanet(rules, questions)).id
    for (const peer of [poor, leaving])
      await until(async () => (await peer.service.datanet(datanet))?.roles.includes('validator') === true, 'it sits')
    const id = await accepted('ada', ['Which bird sings at night?', 'The nightingale'], 1)
    assert.deepEqual(await weightsOf(id), [2_000, 1_000, 1_000])
  })

  it('are weighed anew by whoever asks, and what was decided before stays', async () => {
    const [first] = await listOf(poor, datanet)
    await leaving.chain.nodes.requestUnbond(minStake)
    assert.equal((await poor.chain.datanets.reweigh(datanet)).roster, 2)
    await network.stopPeer(leaving)
    const second = await accepted('bo', ['Which bird sings by day?', 'The lark'], 2)
    assert.deepEqual(await weightsOf(second), [1_000, 1_000, 0])
    assert.deepEqual(await weightsOf(first!.id), [2_000, 1_000, 1_000])
    // Its seals are weighed the same.
    assert.equal((await rich.service.anchorVersion(datanet)).count, 2)
    await until(async () => (await poor.service.datanet(datanet))?.latestVersion === 1, 'the version is known')
    assert.equal((await poor.service.manifest(datanet, 1)).entries.length, 2)
  })
})
