import assert from 'node:assert/strict'
import { createTestClient, http } from 'viem'
import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import { ChainError } from '../../../node/chain/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex, TilthError } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const stake = 100n * coin
const amount = 5n * coin
const refused = (code: string) => (error: { code?: string }) => error.code === code
const shard = (name: string): string =>
  jsonl(['blue', 'green', 'red'].map(colour => [`What does ${name} say of ${colour}?`, `${name} likes ${colour}`]))

describe('data: bonds, and the rules that a commitment names', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let validators: TestPeer[]
  let datanet: Hex
  /** Has tokens, and neither a node nor coin for gas. */
  const adaKey = fromHex(keccak('ada'))
  const ada = addressOfKey(adaKey)

  const balance = (account: Address): Promise<bigint> => host.chain.tokens.balanceOf(account)
  const held = (): Promise<bigint> => balance(host.followed.addresses.bonds)
  const ended = (id: Hex, status: string): Promise<void> =>
    until(
      async () => {
        const found = await Promise.all(validators.map(({ service }) => service.contribution(id)))
        return found.every(one => one?.status === status)
      },
      `${id} is ${status}`,
      60_000
    )
  /** The chain's time goes on. */
  async function later(seconds: number): Promise<void> {
    const anvil = createTestClient({ mode: 'anvil', transport: http(network.rpcUrl) })
    await anvil.increaseTime({ seconds })
    await anvil.mine({ blocks: 1 })
  }
  const state = async (id: Hex): Promise<string | undefined> => (await host.service.bond(id))?.state

  before(async () => {
    network = await startNetwork()
    const quick = { timing: { anchorMs: 200 } }
    host = await network.start(await network.account('host', 0n, 60n * coin), quick)
    validators = []
    for (const name of ['one', 'two', 'three']) validators.push(await network.start(await network.account(name, stake)))
    const accounts = validators.map(({ address }) => address)
    const limits = { uploadsPerContributor: 9, revealSeconds: 300, voteSeconds: 300 }
    const rules = rulesFor(accounts, { ...limits, bond: { amount: String(amount), seconds: 3_600 } })
    datanet = (await host.service.createDatanet(rules, jsonl([['What is kept back?', 'this']]))).id
    for (const { service, name } of validators)
      await until(async () => (await service.datanet(datanet)) !== undefined, `${name} knows of it`)
    await host.chain.tokens.transfer(ada, 20n * coin)
  })
  after(() => network.stop())

  it('are locked with a commitment, by who said so, and come back by themselves when it is accepted', async () => {
    await assert.rejects(host.service.contribute({ datanet, file: shard('al') }), refused('contribution.bond'))
    assert.equal(await held(), 0n, 'nothing is locked unasked')
    const before = await balance(host.address)
    const { id } = await host.service.contribute({ datanet, file: shard('al'), mostBond: amount })
    assert.deepEqual([await balance(host.address), await held()], [before - amount, amount])
    await ended(id, 'accepted')
    assert.deepEqual(
      (await host.service.bonds()).map(one => [one.contribution, one.amount, one.state, one.spam, one.total]),
      [[id, amount, 'open', 0, 3]]
    )
    await assert.rejects(host.service.giveBack(id), refused('bond.held'))
    await later(3_600 + 600)
    await until(async () => (await state(id)) === 'returned', 'it comes back')
    assert.deepEqual([await balance(host.address), await held()], [before, 0n])
    await assert.rejects(host.service.giveBack(id), refused('bond.none'))
  })

  it('a minority that calls it spam takes nothing, of a contributor without a node either', async () => {
    const before = await balance(ada)
    const sent = { datanet, file: shard('bo'), contributorKey: adaKey, mostBond: amount }
    const { id } = await host.service.contribute(sent)
    assert.deepEqual([await balance(ada), await held()], [before - amount, amount])
    await ended(id, 'accepted')
    const [one, two] = validators
    for (const validator of [one, two]) {
      await until(async () => (await validator?.service.bond(id)) !== undefined, 'it knows of it')
      await validator?.service.callSpam(id)
    }
    await until(async () => (await one?.service.bond(id))?.spam === 2, 'both words are known')
    const seen = await one?.service.bond(id)
    assert.deepEqual([seen?.state, seen?.total], ['open', 3], 'two thirds are not more than that')
    await assert.rejects(one?.service.callSpam(id) ?? Promise.resolve(), refused('bond.known'))
    await assert.rejects(host.service.callSpam(id), refused('vote.not-validator'))
    await later(3_600 + 600)
    await until(async () => (await state(id)) === 'returned', 'who brought it asks it back')
    assert.deepEqual([await balance(ada), await held()], [before, 0n])
  })

  it('a quorum burns it, and nobody has it', async () => {
    const [before, supply] = [await balance(ada), await host.chain.tokens.totalSupply()]
    const sent = { datanet, file: shard('cy'), contributorKey: adaKey, mostBond: amount }
    const { id } = await host.service.contribute(sent)
    for (const { service } of validators) {
      await until(async () => (await service.bond(id)) !== undefined, 'it knows of it')
      await service.callSpam(id)
    }
    await until(async () => (await state(id)) === 'burnt', 'it is burnt')
    assert.deepEqual([await balance(ada), await held()], [before - amount, 0n])
    assert.equal(await host.chain.tokens.totalSupply(), supply - amount)
    await later(3_600 + 600)
    await assert.rejects(host.service.giveBack(id), refused('bond.none'))
  })

  it('what does not carry one is nobody’s work, whatever was shown, and holds up nobody', async () => {
    const { message, cid, rows, bytes, salt } = await host.service.prepare({
      datanet,
      file: shard('di'),
      contributor: ada
    })
    const of = host.chain.network
    const said = { ...message, bond: amount, bondSeconds: 60n } // for less time than the rules ask
    const id = digest(of, 'Commitment', { ...said, bond: 0n })
    const commitment = signStatement(of, 'Commitment', { ...said, bond: 0n }, adaKey)
    const reveal = signStatement(of, 'Reveal', { contribution: id, cid, rows, bytes, salt }, adaKey)
    await host.service.submit({ commitment, reveal })
    const { id: next } = await host.service.contribute({ datanet, file: shard('ed'), mostBond: amount })
    await ended(next, 'accepted')
    for (const peer of validators) {
      const found = (await listOf(peer, datanet)).find(one => one.id === id)
      assert.deepEqual([found?.status, found?.reason], ['expired', 'no-bond'])
    }
  })

  it('what waited to be sent goes under no other rules: its contributor is asked, and signs again', async () => {
    const { datanets } = host.followed
    const whole = { ...datanets }
    datanets.commitFor = () => Promise.reject(new ChainError('chain.unreachable', 'the chain is away'))
    const sent = host.service.contribute({ datanet, file: shard('flo'), mostBond: amount })
    await assert.rejects(sent, refused('contribution.pending'))
    const another = host.service.contribute({ datanet, file: shard('gus'), mostBond: amount })
    await assert.rejects(another, refused('contribution.pending'))
    const { amendment } = await host.service.proposeRules(datanet, {
      bond: { amount: String(2n * amount), seconds: 0 }
    })
    for (const { chain } of validators) await chain.datanets.speakOnRules(amendment, true)
    await until(async () => (await host.service.rulesAt(datanet)).bond?.seconds === 0, 'other rules are in force')
    Object.assign(datanets, whole)
    await until(async () => (await host.service.unsent()).length === 2, 'they are not sent')
    const [unsent, other] = await host.service.unsent()
    assert.ok(other !== undefined)
    assert.deepEqual(await host.service.withdraw(other.id), { state: 'unsent' })
    assert.equal(unsent?.code, 'contribution.rules')
    assert.match(unsent.says, /bond/)
    assert.equal(await host.chain.datanets.commitment(unsent.id), undefined)
    await assert.rejects(host.service.confirm(unsent.id, amount), refused('contribution.bond'))
    // The chain is away once more: it waits to be sent, once, and not to be confirmed again.
    datanets.commitFor = () => Promise.reject(new ChainError('chain.unreachable', 'the chain is away'))
    const twice = [1, 2].map(() => host.service.confirm(unsent.id, 2n * amount).catch((error: unknown) => error))
    const [pending, again] = (await Promise.all(twice)) as TilthError[]
    assert.deepEqual([pending?.code, again?.code], ['contribution.pending', 'contribution.sending'])
    assert.deepEqual(await host.service.unsent(), [])
    await assert.rejects(host.service.confirm(unsent.id, 2n * amount), refused('contribution.unknown'))
    Object.assign(datanets, whole)
    const id = pending?.details['contribution'] as Hex
    await ended(id, 'accepted')
    assert.deepEqual(await host.service.unsent(), [])
    assert.equal((await host.service.bond(id))?.amount, 2n * amount)
  })
})
