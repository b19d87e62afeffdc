import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { attributionAnchorAbi, nodeRegistryAbi, tilthTokenAbi } from '../../../../protocol/contracts/index.ts'
import { addressOfKey } from '../../../../protocol/crypto/index.ts'
import { nothingKept, payoutsTree } from '../../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../../protocol/payouts/index.ts'
import { canonicalJson, keccak, zeroHash } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { PayoutEvents } from '../../../../node/payouts/index.ts'
import { coin } from '../../../harness/index.ts'
import { bond, documentOf, minStake, proposeAs, startNetwork, until } from '../network.ts'
import type { TestNetwork, TestPeer } from '../network.ts'
import { deployProgram } from './batch.ts'

// Somebody proposes that all of a pool is a thief's. The watcher has half of the Datanet's weight: one veto voids.

describe('thefts of a pool past its watchers', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let watcher: TestPeer
  let deposited: bigint
  const vetoed: PayoutEvents['payouts.vetoed'][] = []
  const thief = addressOfKey(Uint8Array.from(randomBytes(32)))
  before(async () => {
    const key = Uint8Array.from(randomBytes(32))
    network = await startNetwork({ validators: [key] })
    watcher = await network.addPeer('watcher', { key, scorer: false })
    watcher.events.on('payouts.vetoed', event => {
      vetoed.push(event)
    })
    await watcher.chain.payouts.deposit(network.pool, 50n * coin)
    ;({ deposited } = await watcher.chain.payouts.pool(network.pool))
  })
  after(() => network.stop())

  /** Whoever is vetoed loses its bond: each theft has another liar. */
  let liars = 0
  const liar = (): Promise<TestPeer> => network.addPeer(`liar ${++liars}`, { settler: true, scorer: false })

  async function stolen(over: Partial<EpochBundle> = {}): Promise<EpochBundle> {
    const payouts = [
      {
        account: thief,
        value: 0n,
        gate: null,
        share: deposited,
        heldOutShare: 0n,
        scoringShare: 0n,
        vestedShare: 0n,
        resettled: 0n,
        cumulative: deposited,
        scoringTotal: 0n
      }
    ]
    const { root } = payoutsTree(payouts)
    const { timestamp } = await watcher.chain.head()
    return {
      format: 2,
      pool: network.pool,
      epoch: 1,
      previous: null,
      seed: zeroHash,
      panel: [],
      builders: [],
      versions: [],
      receipts: [],
      receiptsRoot: zeroHash,
      receiptsTotal: 0n,
      scorings: [],
      models: [],
      heldOut: [],
      data: [],
      unreceipted: [],
      unmeasured: [],
      deposited,
      donated: deposited,
      dataFees: deposited,
      payouts,
      payoutsRoot: root.hash,
      payoutsTotal: root.sum,
      held: 0n,
      keeping: null,
      kept: nothingKept,
      keptBack: 0n,
      open: 0n,
      leading: null,
      at: timestamp,
      settled: [],
      ...over
    }
  }
  const proposalOf = (bundle: EpochBundle, cid: string, pool: Hex = network.pool) => ({
    pool,
    epoch: 1,
    receiptsRoot: zeroHash,
    receiptsTotal: 0n,
    receiptCount: 0,
    payoutsRoot: bundle.payoutsRoot,
    payoutsTotal: bundle.payoutsTotal,
    bundle: cid
  })

  /** @param text what stands on IPFS, if not the bundle */
  async function isRefused(over: Partial<EpochBundle>, text?: (bundle: EpochBundle) => string): Promise<string[]> {
    const by = await liar()
    const bundle = await stolen(over)
    const before = vetoed.length
    await proposeAs(by, bundle, text === undefined ? {} : { text })
    await until(() => vetoed.length > before, 'the veto')
    assert.equal(vetoed.at(-1)?.voided, true)
    assert.equal((await watcher.chain.payouts.epoch(network.pool, 1)).state, 'voided')
    await network.kill(by)
    return [...(vetoed.at(-1)?.faults ?? [])]
  }

  it('two proposals in one transaction, by a contract: the one beside hides nothing', async () => {
    const by = await liar()
    const bundle = await stolen()
    const add = (text: string): Promise<string> => by.node.files.addBytes(new TextEncoder().encode(text))
    const dummy = { ...proposalOf(bundle, await add('{}'), keccak('a pool of nobody')), payoutsRoot: zeroHash }
    const victim = proposalOf(bundle, await add(canonicalJson(bundle)))
    const { anchor, registry, token } = by.chain.addresses
    const before = vetoed.length
    const all = 2n ** 256n - 1n
    const program = await deployProgram(network.anvil.rpcUrl, by.key)
    await watcher.chain.tokens.transfer(program.address, 2n * (minStake + bond))
    const anchored = { to: anchor, abi: attributionAnchorAbi } as const
    const step = ({ pool }: typeof victim, receipts: string) => ({
      pool,
      epoch: 1,
      receiptsRoot: zeroHash,
      receiptsTotal: 0n,
      receiptCount: 0,
      receipts
    })
    const { pool: _pool, ...rest } = bundle
    const receipts = await add(canonicalJson(documentOf({ pool: network.pool, ...rest })))
    await program.calls([
      { to: token, abi: tilthTokenAbi, functionName: 'approve', args: [registry, all] },
      { to: token, abi: tilthTokenAbi, functionName: 'approve', args: [anchor, all] },
      { to: registry, abi: nodeRegistryAbi, functionName: 'stake', args: [2n * minStake] },
      { ...anchored, functionName: 'anchorReceipts', args: [step(dummy, receipts)] },
      { ...anchored, functionName: 'anchorReceipts', args: [step(victim, receipts)] }
    ])
    for (const { pool } of [dummy, victim]) await watcher.chain.payouts.draw(pool, 1)
    await program.calls([
      { ...anchored, functionName: 'propose', args: [{ ...dummy, payoutsTotal: 0n }] },
      { ...anchored, functionName: 'propose', args: [victim] }
    ])
    const proposer = program.address
    await until(() => vetoed.length > before, 'the veto')
    const { state, proposer: named } = await watcher.chain.payouts.epoch(network.pool, 1)
    assert.deepEqual([state, named], ['voided', proposer])
    assert.equal(vetoed.at(-1)?.pool, network.pool)
    await network.kill(by)
  })

  it('held-out values of a model that nobody has registered', async () => {
    assert.ok((await isRefused({ heldOut: [{ model: keccak('no such model'), questions: [] }] })).length > 0)
  })

  it('… or of one that no receipt names', async () => {
    const measured = { utilities: Array<number>(16).fill(0), candidates: [0, 1, 2, 3] }
    const heldOut = [{ model: network.model, questions: [{ truth: measured, own: measured }] }]
    assert.ok((await isRefused({ heldOut })).length > 0)
  })

  it('a bundle before it that is another, or that never was', async () => {
    assert.ok((await isRefused({ previous: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' })).length > 0)
  })

  for (const [what, from, to] of [
    ['no number at all', '"held":"0"', '"held":NaN'],
    ['a number that no machine holds', '"epoch":1', '"epoch":1e999'],
    ['a sum that is none', `"held":"0"`, '"held":"-0x1"']
  ] as const)
    it(`${what} in the place of one`, async () => {
      const faults = await isRefused({}, bundle => {
        const text = canonicalJson(bundle)
        assert.ok(text.includes(from))
        return text.replace(from, to)
      })
      assert.deepEqual(faults, ['bundle.unreadable'])
    })

  it('fifty megabytes for no receipt are not read to their end', async () => {
    const faults = await isRefused({}, bundle => canonicalJson(bundle) + ' '.repeat(50 << 20))
    assert.deepEqual(faults, ['bundle.unreadable'])
  })
})
