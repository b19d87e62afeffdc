import assert from 'node:assert/strict'
import { createWalletClient, http } from 'viem'
import type { Hex as ViemHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { earningsHandlers } from '../../daemon/api/handlers/earnings/index.ts'
import { adviceFor } from '../../daemon/api/handlers/earnings/advice.ts'
import { series } from '../../daemon/api/handlers/earnings/series.ts'
import { explorerHandlers } from '../../daemon/api/handlers/explorer/index.ts'
import { createAccount } from '../../node/account/index.ts'
import type { Node } from '../../node/node.ts'
import type { PayoutsDeps } from '../../node/payouts/types.ts'
import { usualKeptBack } from '../../protocol/data/index.ts'
import { payoutLeaf, receiptLeaf, shareRule } from '../../protocol/payouts/index.ts'
import { digest, recoverDigest } from '../../protocol/crypto/index.ts'
import { contentHash, leafNode, sumPath } from '../../protocol/primitives/index.ts'
import type { Address, Hex, SumNode } from '../../protocol/primitives/index.ts'
import { challengeSeconds, startNetwork, until } from '../node/payouts/network.ts'
import type { TestNetwork, TestPeer } from '../node/payouts/network.ts'

const signal = new AbortController().signal
const page = { limit: 100 }

/** As much of a node as these calls ask, over the real payouts phase and a real chain. */
function nodeOf(
  network: TestNetwork,
  { service: payouts, address: self }: TestPeer,
  chain: PayoutsDeps['chain']
): Node {
  const models = { model: () => undefined, models: () => [], opening: async () => undefined, owed: async () => 0n }
  const data = {
    datanet: async (id: Hex) => (id === network.pool ? { rules: { name: 'metals' } } : undefined),
    document: async (id: Hex) => (id === network.pool ? { rules: { name: 'metals' } } : undefined),
    followed: () => [],
    papers: async () => undefined,
    votedOn: async () => undefined
  }
  const jobs = { jobs: () => [], papers: () => undefined }
  const deps = { self, rpcUrl: network.anvil.rpcUrl, clock: Date, chain, payouts, models }
  const account = createAccount(deps as unknown as Parameters<typeof createAccount>[0])
  return { payouts, chain, self, models, data, jobs, account, network: network.network } as unknown as Node
}

describe('earnings, and why', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let peer: TestPeer
  let calls: ReturnType<typeof earningsHandlers> & ReturnType<typeof explorerHandlers>
  let pool: Hex
  let earner: Address
  let copier: Address
  let scorer: Address

  before(async () => {
    network = await startNetwork({ closingMs: 20_000, keptBack: usualKeptBack })
    let chain: PayoutsDeps['chain'] | undefined
    const settler = await network.addPeer('settler', {
      settler: true,
      scorer: false,
      change: deps => ({ ...deps, chain: (chain = deps.chain) })
    })
    peer = await network.addPeer('worker')
    scorer = (await network.addPeer('scorer')).address
    pool = network.pool
    ;[earner, , copier] = network.players as [Address, Address, Address]
    const channel = await network.openChannel(peer.address)
    for (const ids of [[21, 22], [31], [41, 42, 43]]) await network.answer(peer, channel, { ids })
    await until(async () => (await settler.service.receipts()).items.length === 3, 'all answers are known')
    await settler.service.settle(pool)
    assert.ok(chain !== undefined)
    const node = nodeOf(network, settler, chain)
    calls = { ...earningsHandlers(node), ...explorerHandlers(node) }
  })
  after(() => network.stop())

  const call = <T extends object>(params: T) => ({ params, body: undefined, signal })

  it('what stands in a window is said to wait for it', async () => {
    const { items } = await calls.waiting(call({ account: earner, limit: 100 }))
    assert.deepEqual(
      items.map(({ kind, epoch }) => [kind, epoch]),
      [['window', 1]]
    )
    assert.ok((items[0]?.until ?? 0) > 0)
    assert.deepEqual((await calls.claimCalls(call({ account: earner, limit: 100 }))).items, [])
    await network.anvil.advance(Number(challengeSeconds))
    await peer.service.finalize(pool)
    const [claimable] = (await calls.waiting(call({ account: earner, limit: 100 }))).items
    assert.equal(claimable?.kind, 'claim')
    assert.equal(claimable.amount, items[0]?.amount)
  })

  it('a share is told down to its answers: what was measured, and what each brought', async () => {
    const why = await calls.whyShare(call({ account: earner, pool, epoch: 1 }))
    assert.equal(why.rule, 'paid')
    assert.equal(why.weighedAnswers, 3)
    const [gate] = why.gates
    assert.ok(gate !== undefined && gate.without !== null && gate.full > gate.without && gate.without >= gate.empty)
    const { items, next } = await calls.whyAnswers(call({ account: earner, pool, epoch: 1, limit: 2 }))
    const rest = await calls.whyAnswers(call({ account: earner, pool, epoch: 1, limit: 2, cursor: next ?? '' }))
    const money = [...items, ...rest.items].reduce((sum, one) => sum + BigInt(one.money), 0n)
    assert.ok(BigInt(why.share) - money < 4n && BigInt(why.share) >= money)
    assert.equal(rest.next, null)
  })

  it('what is kept back is told by its epoch: how much waits, until when, what each answer will bring', async () => {
    const { items } = await calls.waiting(call({ account: earner, ...page }))
    const waits = items.find(({ kind }) => kind === 'kept')
    assert.deepEqual([waits?.epoch, waits?.pool], [4, pool])
    assert.ok((waits?.until ?? 0) > usualKeptBack.seconds * 1000)
    const why = await calls.whyShare(call({ account: earner, pool, epoch: 1 }))
    assert.deepEqual([why.keptBack, why.keptUntil, why.vestedShare, why.resettled], [waits?.amount, 4, '0', '0'])
    const [own] = (await calls.earnings(call({ account: earner }))).pools
    assert.deepEqual([own?.keptBack, own?.kept.map(({ epoch, until }) => [epoch, until])], [waits?.amount, [[1, 4]]])
    const answers = await calls.whyAnswers(call({ account: earner, pool, epoch: 1, ...page }))
    const later = answers.items.reduce((sum, one) => sum + BigInt(one.keptBack), 0n)
    // Told to the unit below, and divided to the unit.
    assert.ok(later >= BigInt(why.keptBack) && later - BigInt(why.keptBack) <= 3n)
    // Three parts of ten wait, seven are paid.
    const whole = BigInt(why.share) + later
    assert.ok(later * 10n <= whole * 3n && later * 10n > whole * 3n - 100n, `${later} of ${whole}`)
  })

  it('who is paid nothing hears by which rule, and what would have earned more', async () => {
    const why = await calls.whyShare(call({ account: copier, pool, epoch: 1 }))
    assert.equal(why.share, '0')
    assert.equal(why.rule, 'gate')
    assert.match(why.why, /no better/)
    assert.ok(why.advice.some(({ code }) => code === 'gate.closed'))
    await assert.rejects(calls.whyShare(call({ account: peer.address, pool, epoch: 1 })), { code: 'epoch.account' })
    const { items } = await calls.shares(call({ account: copier, ...page }))
    assert.deepEqual(
      items.map(({ epoch, rule, name }) => [epoch, rule, name]),
      [[1, 'gate', 'metals']]
    )
  })

  it('the way from a payout, and from a receipt, leads to the root on chain', async () => {
    const top = (leaf: SumNode, proof: { index: string; siblings: readonly { hash: string; sum: string }[] }) =>
      sumPath(leaf, {
        index: BigInt(proof.index),
        siblings: proof.siblings.map(({ hash, sum }) => ({ hash: hash as Hex, sum: BigInt(sum) }))
      })?.at(-1)
    const [payout] = (await calls.payoutProof(call({ account: earner, pool, epoch: 1 }))).proofs
    assert.ok(payout?.kind === 'payout')
    const stated = await peer.chain.payouts.epoch(pool, 1)
    const leaf = leafNode(payoutLeaf({ account: earner, cumulative: BigInt(payout.cumulative) }))
    assert.deepEqual(top(leaf, payout), { hash: stated.payoutsRoot, sum: stated.payoutsTotal })

    const [counted] = (await calls.epochReceipts(call({ pool, epoch: 1, limit: 1 }))).items
    const id = counted?.receipt as Hex
    await until(async () => (await peer.service.receipt(id))?.epoch === 1, 'the receipt is archived')
    const papers = await peer.service.papers(id)
    const { proofs: items, why } = await calls.proofs(call({ id }))
    assert.equal(why, null)
    const [proof] = items
    assert.ok(papers !== undefined && proof?.kind === 'receipt')
    assert.deepEqual(top(leafNode(receiptLeaf(network.network, papers.receipt)), proof), {
      hash: stated.receiptsRoot,
      sum: stated.receiptsTotal
    })
  })

  it('what was signed is shown so that anybody can check it', async () => {
    const [counted] = (await calls.epochReceipts(call({ pool, epoch: 1, limit: 1 }))).items
    const { items, network: domain } = await calls.statements(call({ id: counted?.receipt ?? '', ...page }))
    assert.deepEqual(
      items.map(({ type, signatures }) => [type, signatures.length]),
      [
        ['Receipt', 2],
        ['Scoring', 1]
      ]
    )
    for (const { id, signatures } of items)
      for (const { by, signature } of signatures) assert.equal(recoverDigest(id as Hex, signature as Hex), by)
    const scoring = items[1]
    assert.ok(scoring?.content !== null && scoring !== undefined)
    assert.equal(contentHash(scoring.content.json), scoring.message[scoring.content.field])
    assert.equal(
      digest({ chainId: domain.chainId, registry: domain.registry as Hex }, 'Scoring', scoring.message as never),
      scoring.id
    )
    await assert.rejects(calls.statements(call({ id: `0x${'ee'.repeat(32)}`, ...page })), { code: 'statement.unknown' })
  })

  it('anybody may send a claim, with what the API gives: the tokens go to whose they are', async () => {
    const claims = await calls.claimCalls(call({ account: earner, limit: 100 }))
    const [claim] = claims.items
    assert.ok(claim !== undefined)
    const before = await peer.chain.tokens.balanceOf(earner)
    const wallet = createWalletClient({
      account: privateKeyToAccount(network.anvil.faucetKey as ViemHex),
      transport: http(network.anvil.rpcUrl)
    })
    const hash = await wallet.sendTransaction({
      chain: null,
      to: claims.contract as ViemHex,
      data: claim.data as ViemHex
    })
    await until(async () => (await peer.chain.tokens.balanceOf(earner)) > before, 'the claim is mined')
    assert.equal((await peer.chain.tokens.balanceOf(earner)) - before, BigInt(claim.amount))
    const sent = await calls.transaction(call({ hash: hash as Hex }))
    assert.deepEqual([sent.contract, sent.call?.name, sent.succeeded], ['anchor', 'claim', true])
    assert.deepEqual(sent.transfers[0]?.to, earner)
    assert.equal(sent.events[0]?.name, 'PayoutClaimed')
    assert.deepEqual((await calls.claimCalls(call({ account: earner, limit: 100 }))).items, [])

    const { items } = await calls.income(call({ account: earner, ...page }))
    assert.deepEqual(
      items.map(({ kind, amount, at, name }) => [kind, amount, at, name]),
      [['data', claim.amount, sent.at, 'metals']]
    )
    const { points } = await calls.earningsOver(call({ account: earner }))
    assert.equal(
      points.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
      BigInt(claim.amount)
    )
    await assert.rejects(calls.transaction(call({ hash: `0x${'ee'.repeat(32)}` })), { code: 'transaction.unknown' })
  })

  it('who weighed the answers is paid out of the same pool, and it is told from what rows bring', async () => {
    const { items: shares } = await calls.shares(call({ account: scorer, ...page }))
    assert.deepEqual(
      shares.map(({ rule, share }) => [rule, share]),
      [['scoring', shares[0]?.scoringShare]]
    )
    const { amount } = await peer.service.claim(scorer)
    assert.ok(amount > 0n)
    const { income, pools } = await calls.earnings(call({ account: scorer }))
    const of = (wanted: string) => income.find(({ kind }) => kind === wanted)
    assert.deepEqual(of('scoring'), { kind: 'scoring', amount: amount.toString(), times: 1 })
    assert.deepEqual(of('data'), { kind: 'data', amount: '0', times: 0 })
    assert.equal(pools[0]?.scored, amount.toString())
    const { items } = await calls.income(call({ account: scorer, ...page }))
    assert.deepEqual(
      items.map(({ kind, amount: paid, scoring, name }) => [kind, paid, scoring, name]),
      [['scoring', amount.toString(), amount.toString(), 'metals']]
    )
    const { points } = await calls.earningsOver(call({ account: scorer }))
    assert.deepEqual(
      points.map(({ kind, amount: sum }) => [kind, sum]),
      [['scoring', amount.toString()]]
    )
  })
})

describe('sums over time', () => {
  const income = [{ kind: 'data' as const, amount: 100n, times: 3 }]
  const payment = (block: bigint, amount: bigint) => ({ kind: 'data' as const, amount, scoring: 0n, block })
  const times = new Map([
    [1n, 0n],
    [2n, 30n],
    [3n, 7_200n],
    [4n, 30n * 86_400n]
  ])

  it('go by the minute, the hour or the day, as the span asks, and say what was before', () => {
    const minutes = series([payment(2n, 5n), payment(1n, 3n)], times, income)
    assert.deepEqual(minutes, { step: 'minute', points: [{ at: 0, kind: 'data', amount: '8' }], before: '92' })
    assert.equal(series([payment(4n, 1n), payment(1n, 1n)], times, income).step, 'day')
    assert.equal(series([], times, []).points.length, 0)
    const hours = series([payment(3n, 2n), payment(1n, 1n)], times, income, 'hour')
    assert.deepEqual(
      hours.points.map(({ at }) => at),
      [0, 7_200_000]
    )
  })
})

describe('advice', () => {
  it('tells rows that repeat and rows that are wrong from each other', () => {
    const line = { account: `0x${'aa'.repeat(20)}` as const, value: 1n, gate: 1n, share: 1n, heldOutShare: 0n }
    const told = {
      rule: shareRule({ ...line, scoringShare: 0n }, false),
      gates: [],
      players: [],
      rows: { contributions: 1, accepted: 1, rows: 10, own: 6, issues: { 'exact-duplicate': 3, 'row.form': 1 } },
      held: '0',
      value: '1',
      share: '1',
      values: '1',
      weighedAnswers: 1,
      heldOutAnswers: 0
    }
    const advice = adviceFor(told as unknown as Parameters<typeof adviceFor>[0], line.account)
    assert.deepEqual(
      advice.map(({ code }) => code),
      ['rows.repeated', 'rows.wrong']
    )
    assert.match(advice[0]?.text ?? '', /^3 of 10 rows repeat/)
  })

  it('sets nobody beside others who has no rows there, as a scorer', () => {
    const [own, other, scorer] = ['aa', 'bb', 'cc'].map(byte => `0x${byte.repeat(20)}` as const)
    const told = {
      rule: 'paid',
      gates: [],
      players: [
        { account: own, value: '1' },
        { account: other, value: '9' }
      ],
      rows: null,
      held: '0',
      value: '1',
      share: '1',
      values: '10',
      weighedAnswers: 1,
      heldOutAnswers: 0
    } as unknown as Parameters<typeof adviceFor>[0]
    const codes = (account: string): string[] => adviceFor(told, account).map(({ code }) => code)
    assert.deepEqual([codes(own!), codes(scorer!)], [['value.behind'], []])
  })
})
