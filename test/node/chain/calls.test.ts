import assert from 'node:assert/strict'
import { deliveryHash, escrowId, modelId } from '../../../protocol/contracts/index.ts'
import type { Message } from '../../../protocol/crypto/index.ts'
import { keccak, sumTree, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Registration } from '../../../node/chain/index.ts'
import { coin, startWorld } from './world.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import type { Person, World } from './world.ts'

const refusal = (name: string) => ({ code: 'chain.reverted', details: { error: name } })
/** The error a call was refused with, told by name. */
async function refused(name: string, call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    const { code, details, help } = error as { code: string; details: { error: string }; help?: string }
    assert.deepEqual({ code, details: { error: details.error } }, refusal(name))
    assert.ok((help ?? '').length > 10, 'says what to do')
    return true
  })
}

describe('calls of the contracts', () => {
  let world: World
  let host: Person
  let worker: Person
  let builder: Person
  let client: Person
  let datanet: Hex
  let model: Hex
  let registration: Registration
  const rules = keccak('rules')

  before(async () => {
    world = await startWorld()
    ;[host, worker, builder, client] = await Promise.all([
      world.person('host'),
      world.person('worker'),
      world.person('builder'),
      world.person('client')
    ])
  })
  after(() => world.stop())

  it('stake, unbond, and send earnings elsewhere', async () => {
    const { nodes, tokens } = worker.chain
    assert.equal(await nodes.payoutOf(worker.address), worker.address)
    await nodes.stake(150n * coin)
    assert.equal(await nodes.stakeOf(worker.address), 150n * coin)
    await nodes.requestUnbond(50n * coin)
    await refused('StillBonded', nodes.withdraw())
    await refused('NotEnoughStake', nodes.requestUnbond(101n * coin))
    await world.anvil.advance(8 * 86_400 + 1)
    await nodes.withdraw()
    assert.equal(await tokens.balanceOf(worker.address), 900n * coin)
    assert.deepEqual(await nodes.unbondingOf(worker.address), { amount: 0n, availableAt: 0n })
  })

  it('give a Datanet the id of its statement, and its commitments their order', async () => {
    assert.equal(await host.chain.datanets.datanet(keccak('none')), undefined)
    const made = await host.chain.datanets.create({
      rules,
      createdAt: 5n,
      validators: [
        { address: host.address, weight: 1 },
        { address: worker.address, weight: 2n }
      ]
    })
    datanet = made.datanet
    assert.equal(datanet, world.digest('Datanet', { host: host.address, rules, createdAt: 5n }))
    const contributor = await world.person('contributor', 0n)
    for (const [i, word] of ['first', 'second'].entries()) {
      const said = { datanet, contributor: contributor.address, commitment: keccak(word) }
      const statement: Message<'Commitment'> = { ...said, ...agreedTo(rules) }
      const { contribution, index } = await client.chain.datanets.commitFor(
        statement,
        contributor.sign('Commitment', statement)
      )
      assert.equal(contribution, world.digest('Commitment', statement))
      assert.equal(index, BigInt(i + 1))
      assert.deepEqual(await client.chain.datanets.commitment(contribution), { ...said, index })
      await refused(
        'AlreadyCommitted',
        client.chain.datanets.commitFor(statement, contributor.sign('Commitment', statement))
      )
    }
    const third = { datanet, contributor: contributor.address, commitment: keccak('third') }
    const others = { ...third, ...agreedTo(keccak('other rules')) }
    await refused('OtherRules', client.chain.datanets.commitFor(others, contributor.sign('Commitment', others)))
    const late = { ...third, ...agreedTo(rules), deadline: 1n }
    await refused('CommitmentTooLate', client.chain.datanets.commitFor(late, contributor.sign('Commitment', late)))
    const forged = { ...third, ...agreedTo(rules) }
    await refused('BadSignature', client.chain.datanets.commitFor(forged, client.sign('Commitment', forged)))
    const seen = await client.chain.datanets.datanet(datanet)
    const members = [
      { address: host.address, weight: 1n },
      { address: worker.address, weight: 2n }
    ]
    assert.deepEqual(seen, {
      host: host.address,
      rules,
      commitments: 2n,
      version: 0,
      validators: members,
      founders: members,
      roster: 1
    })
  })

  it("anchor versions by the host's word, whoever brings it", async () => {
    const version: Message<'Version'> = { datanet, version: 1, root: keccak('root'), count: 2, cid: 'bafkreiversion' }
    await refused('BadSignature', client.chain.datanets.anchorVersion(version, client.sign('Version', version)))
    await client.chain.datanets.anchorVersion(version, host.sign('Version', version))
    assert.deepEqual(await client.chain.datanets.version(datanet, 1), {
      root: version.root,
      count: 2,
      roster: 1,
      cid: version.cid
    })
    assert.equal(await client.chain.datanets.version(datanet, 2), undefined)
    await refused('VersionOutOfOrder', client.chain.datanets.anchorVersion(version, host.sign('Version', version)))
  })

  it('take the stake of a validator that voted twice', async () => {
    const validator = worker
    const contribution = world.digest('Commitment', {
      datanet,
      contributor: (await world.person('contributor', 0n)).address,
      commitment: keccak('first'),
      ...agreedTo(rules)
    })
    const [a, b] = [true, false].map(accept => {
      const vote = { contribution, validator: validator.address, accept, outcome: keccak('o'), salt: keccak('s') }
      return { vote, signature: validator.sign('Vote', vote) }
    })
    assert.ok(a !== undefined && b !== undefined)
    await refused('NoDoubleVote', client.chain.datanets.reportDoubleVote(a, a))
    const before = await client.chain.tokens.balanceOf(client.address)
    const { slashed } = await client.chain.datanets.reportDoubleVote(a, b)
    assert.equal(slashed, 100n * coin)
    assert.equal(await client.chain.tokens.balanceOf(client.address), before + 10n * coin)
    assert.equal(await client.chain.nodes.stakeOf(validator.address), 0n)
  })

  it('register models under an id that anyone can compute', async () => {
    registration = {
      name: 'elements',
      base: 'bafkreibase',
      adapter: 'bafkreiadapter',
      result: 'bafkreiresult',
      licence: 'CC-BY-4.0',
      datanet,
      version: 1,
      job: keccak('job'),
      worker: worker.address,
      split: { worker: 5000, builder: 2000, data: 3000 }
    }
    const made = await builder.chain.models.register(registration)
    model = made.model
    assert.equal(model, modelId(builder.address, registration))
    assert.deepEqual(await client.chain.models.model(model), {
      id: model,
      builder: builder.address,
      retired: false,
      ...registration
    })
    assert.equal(await client.chain.models.model(keccak('none')), undefined)
    await refused('AlreadyRegistered', builder.chain.models.register(registration))
    await refused(
      'SplitNotWhole',
      builder.chain.models.register({ ...registration, split: { worker: 1, builder: 1, data: 1 } })
    )
    await refused('VersionNotAnchored', builder.chain.models.register({ ...registration, version: 2 }))
  })

  it('hold money and a deposit for a job, and pay it once something was delivered', async () => {
    const key = { builder: builder.address, job: keccak('job'), lot: keccak('lot'), worker: worker.address, attempt: 0 }
    const { timestamp } = await builder.chain.head()
    const { escrow } = await builder.chain.escrows.fund(key, 10n * coin, timestamp + 1000n)
    assert.equal(escrow, escrowId(key))
    assert.deepEqual(await client.chain.escrows.escrow(escrow), {
      state: 'funded',
      builder: builder.address,
      worker: worker.address,
      amount: 10n * coin,
      deadline: timestamp + 1000n,
      until: 0n,
      deposit: 0n,
      delivery: zeroHash
    })
    const before = await client.chain.tokens.balanceOf(worker.address)
    await refused('NotTheWorker', client.chain.escrows.take(escrow))
    await worker.chain.escrows.take(escrow)
    assert.equal(worker.chain.escrows.depositOf(10n * coin), coin)
    assert.equal(await client.chain.tokens.balanceOf(worker.address), before - coin)
    await refused('DeadlineNotOver', builder.chain.escrows.refund(escrow))
    await refused('NotTheBuilder', client.chain.escrows.release(escrow))
    const delivery = { cid: 'bafydelivery', log: keccak('log') }
    await worker.chain.escrows.deliver(escrow, delivery)
    assert.equal((await client.chain.escrows.escrow(escrow)).delivery, deliveryHash(delivery))
    await refused('WrongState', builder.chain.escrows.refund(escrow))
    await refused('StillDeciding', worker.chain.escrows.settle(escrow))
    const statement: Message<'Release'> = { escrow, worker: worker.address, amount: 7n * coin }
    const signature = builder.sign('Release', statement)
    await refused('LessThanFunded', client.chain.escrows.releaseFor(statement, signature))
    await worker.chain.escrows.releaseFor(statement, signature)
    assert.equal(await client.chain.tokens.balanceOf(worker.address), before + 7n * coin)
    assert.equal((await client.chain.escrows.escrow(escrow)).state, 'released')
    assert.equal((await client.chain.escrows.escrow(keccak('none'))).state, 'none')

    const again = await builder.chain.escrows.fund({ ...key, attempt: 1 }, 10n * coin, timestamp + 1000n)
    await builder.chain.escrows.refundWithConsent(
      again.escrow,
      worker.sign('Release', { escrow: again.escrow, worker: worker.address, amount: 0n })
    )
    assert.equal((await client.chain.escrows.escrow(again.escrow)).state, 'refunded')
  })

  it("pay a channel's vouchers by the model's split and settle the data share", async () => {
    const payout = (await world.person('payout', 0n)).address
    await worker.chain.nodes.setPayout(payout)
    const { timestamp } = await client.chain.head()
    const { channel } = await client.chain.channels.open({
      worker: worker.address,
      model,
      deposit: 100n,
      expiry: timestamp + 10_000n
    })
    const first = await worker.chain.channels.claim(
      { channel, cumulative: 11n },
      client.sign('Voucher', { channel, cumulative: 11n })
    )
    assert.deepEqual([first.paid, first.split], [11n, { worker: 5n, builder: 2n, data: 4n, upstream: 0n }])
    await refused(
      'NothingToClaim',
      worker.chain.channels.claim({ channel, cumulative: 11n }, client.sign('Voucher', { channel, cumulative: 11n }))
    )
    const beyond = await worker.chain.channels.claim(
      { channel, cumulative: 150n },
      client.sign('Voucher', { channel, cumulative: 150n })
    )
    assert.deepEqual([beyond.paid, beyond.claimed], [89n, 100n])
    await client.chain.channels.topUp(channel, 20n)
    await worker.chain.channels.claim(
      { channel, cumulative: 150n },
      client.sign('Voucher', { channel, cumulative: 150n })
    )
    assert.equal(await client.chain.tokens.balanceOf(payout), 5n + 44n + 10n)

    await client.chain.channels.topUp(channel, 5n)
    const { closesAt } = await client.chain.channels.startClose(channel)
    assert.equal((await client.chain.channels.channel(channel))?.closesAt, closesAt)
    await refused('NotYet', client.chain.channels.finishClose(channel))
    await world.anvil.advance(Number(await client.chain.channels.disputeWindow()) + 1)
    assert.equal((await client.chain.channels.finishClose(channel)).refunded, 5n)
    const seen = await client.chain.channels.channel(channel)
    assert.deepEqual(seen && { ...seen, closesAt: 0n }, {
      id: channel,
      client: client.address,
      worker: worker.address,
      model,
      deposit: 125n,
      claimed: 120n,
      expiry: timestamp + 10_000n,
      closesAt: 0n,
      closed: true
    })
    assert.equal(await client.chain.channels.channel(keccak('none')), undefined)
    // 4 + 27 + 6: what the halves and fifths leave of 11, 89 and 20
    const { deposited } = await client.chain.payouts.pool(datanet)
    assert.equal(deposited, 120n - 59n - (2n + 17n + 4n))
  })

  /** Receipts, the draw, and payouts for them; nobody scores here. */
  async function bothSteps(
    { chain: { payouts } }: Person,
    proposal: Parameters<Person['chain']['payouts']['propose']>[0]
  ): Promise<void> {
    const { pool, epoch, receiptsRoot, receiptsTotal, receiptCount } = proposal
    const step = { pool, epoch, receiptsRoot, receiptsTotal, receiptCount, receipts: 'bafkreireceipts' }
    await payouts.anchorReceipts(step)
    await payouts.draw(pool, epoch)
    await payouts.propose(proposal)
  }

  it('take an epoch through proposal, window and claim', async () => {
    const settler = await world.person('settler')
    const { payouts } = settler.chain
    const { deposited } = await payouts.pool(datanet)
    const accounts = [host.address, builder.address]
    const tree = sumTree(
      accounts.map((account, i) => ({
        content: keccak(Buffer.from(account.slice(2).padStart(64, '0'), 'hex')),
        sum: i === 0 ? 30n : deposited - 30n
      }))
    )
    const proposal = {
      pool: datanet,
      epoch: 1,
      receiptsRoot: zeroHash,
      receiptsTotal: 0n,
      receiptCount: 0,
      payoutsRoot: tree.root.hash,
      payoutsTotal: tree.root.sum,
      bundle: 'bafkreibundle'
    }
    const { payoutsRoot: _root, payoutsTotal: _total, bundle: _bundle, ...first } = proposal
    const step = { ...first, receipts: 'bafkreireceipts' }
    await refused('NotAnchored', payouts.propose(proposal))
    await refused('NotEnoughStake', payouts.anchorReceipts(step))
    await settler.chain.nodes.stake(100n * coin)
    await payouts.anchorReceipts(step)
    assert.equal((await payouts.round(datanet, 1))?.drawn, undefined)
    await refused('NotDrawn', payouts.propose(proposal))
    await payouts.draw(datanet, 1)
    const { settler: by, receipts, drawn } = (await payouts.round(datanet, 1)) ?? {}
    assert.deepEqual([by, receipts, drawn?.panel], [settler.address, 'bafkreireceipts', []])
    const { challengeEnds } = await payouts.propose(proposal)
    const pending = await payouts.epoch(datanet, 1)
    assert.deepEqual(
      [pending.state, pending.proposer, pending.challengeEnds, pending.bundle],
      ['pending', settler.address, challengeEnds, 'bafkreibundle']
    )
    await refused('WindowOpen', payouts.finalize(datanet, 1))
    const [left, right] = tree.levels[0] ?? []
    assert.ok(left !== undefined && right !== undefined)
    await refused(
      'NoFraud',
      client.chain.payouts.challengeNode(datanet, 1, 'payouts', {
        left,
        right,
        sum: tree.root.sum,
        proof: { index: 0n, siblings: [] }
      })
    )
    await world.anvil.advance(601)
    await payouts.finalize(datanet, 1)

    await refused('NotInTree', payouts.claim(datanet, host.address, 31n, tree.proof(0)))
    const before = await settler.chain.tokens.balanceOf(host.address)
    assert.equal((await payouts.claim(datanet, host.address, 30n, tree.proof(0))).paid, 30n)
    await refused('NothingToClaim', payouts.claim(datanet, host.address, 30n, tree.proof(0)))
    assert.equal(await settler.chain.tokens.balanceOf(host.address), before + 30n)
    assert.equal(await payouts.claimed(datanet, host.address), 30n)
    assert.deepEqual(await payouts.pool(datanet), { deposited, paid: 30n, payoutsTotal: deposited, epoch: 1 })
    assert.equal(await settler.chain.tokens.balanceOf(settler.address), 900n * coin, 'the bond came back')
  })

  it('take the bond of an epoch with a forged receipt', async () => {
    const settler = await world.person('settler', 0n)
    const { timestamp } = await client.chain.head()
    const { channel } = await client.chain.channels.open({
      worker: worker.address,
      model,
      deposit: 100n,
      expiry: timestamp + 10_000n
    })
    const receipt: Message<'Receipt'> = {
      channel,
      sequence: 0n,
      previous: zeroHash,
      model,
      request: keccak('q'),
      response: keccak('a'),
      inputTokens: 1,
      outputTokens: 2,
      fee: 9n,
      total: 9n,
      seed: 1n,
      startedAt: timestamp,
      finishedAt: timestamp,
      confidential: false
    }
    const clientSignature = worker.sign('Receipt', receipt) // not the client's
    const workerSignature = worker.sign('Receipt', receipt)
    const content = keccak(
      Buffer.concat(
        [
          world.digest('Receipt', receipt),
          keccak(Buffer.from(clientSignature.slice(2), 'hex')),
          keccak(Buffer.from(workerSignature.slice(2), 'hex'))
        ].map(hex => Buffer.from(hex.slice(2), 'hex'))
      )
    )
    const tree = sumTree([{ content, sum: 9n }])
    const { payoutsTotal } = await settler.chain.payouts.pool(datanet)
    const { payoutsRoot } = await settler.chain.payouts.epoch(datanet, 1)
    await bothSteps(settler, {
      pool: datanet,
      epoch: 2,
      receiptsRoot: tree.root.hash,
      receiptsTotal: 9n,
      receiptCount: 1,
      payoutsRoot,
      payoutsTotal,
      bundle: 'bafkreibundle'
    })
    const evidence = { receipt, clientSignature, workerSignature, sum: 9n, proof: tree.proof(0) }
    await refused('NoFraud', client.chain.payouts.challengeFee(datanet, 2, evidence))
    await refused('NoFraud', client.chain.payouts.challengeModel(datanet, 2, evidence))
    await refused('NoFraud', client.chain.payouts.challengeDuplicate(datanet, 2, evidence, 2, evidence))
    await refused('NotInTree', client.chain.payouts.challengeSignature(datanet, 2, { ...evidence, sum: 8n }))
    const before = await client.chain.tokens.balanceOf(client.address)
    await client.chain.payouts.challengeSignature(datanet, 2, evidence)
    assert.equal(await client.chain.tokens.balanceOf(client.address), before + 5n * coin, 'a tenth of the bond')
    assert.equal(await settler.chain.nodes.stakeOf(settler.address), 0n, 'the stake behind it is gone')
    assert.equal((await client.chain.payouts.epoch(datanet, 2)).state, 'voided')
    assert.deepEqual(await client.chain.payouts.rules(), {
      bond: 50n * coin,
      minStake: 100n * coin,
      challengeWindow: 600n
    })
  })

  it('let the validators of a Datanet veto an epoch', async () => {
    const settler = await world.person('settler', 0n)
    await settler.chain.nodes.stake(100n * coin)
    const { payoutsTotal } = await settler.chain.payouts.pool(datanet)
    const { payoutsRoot } = await settler.chain.payouts.epoch(datanet, 1)
    await bothSteps(settler, {
      pool: datanet,
      epoch: 2,
      receiptsRoot: zeroHash,
      receiptsTotal: 0n,
      receiptCount: 0,
      payoutsRoot,
      payoutsTotal,
      bundle: 'bafkreinowhere'
    })
    await host.chain.nodes.stake(100n * coin)
    // The worker was caught voting twice: a new stake brings its vote back to no decision of this roster.
    await worker.chain.nodes.stake(100n * coin)
    await refused('NotAValidator', client.chain.payouts.veto(datanet, 2, 2))
    await refused('NotAValidator', worker.chain.payouts.veto(datanet, 2, 2))
    await refused('AnotherRound', host.chain.payouts.veto(datanet, 2, 1))
    assert.equal((await host.chain.payouts.veto(datanet, 2, 2)).voided, false, 'one third is not more than one')
    await refused('AlreadyVetoed', host.chain.payouts.veto(datanet, 2, 2))
    const pending = await client.chain.payouts.epoch(datanet, 2)
    assert.deepEqual([pending.vetoed, pending.round, pending.state], [1n, 2, 'pending'])
    await refused('NothingHeld', client.chain.payouts.settleBond(datanet, 2, pending))
  })

  it('refuse new channels to a retired model', async () => {
    await builder.chain.models.retire(model)
    const { timestamp } = await client.chain.head()
    await refused(
      'ModelNotServed',
      client.chain.channels.open({ worker: worker.address, model, deposit: 1n, expiry: timestamp + 10_000n })
    )
  })
})
