import assert from 'node:assert/strict'
import type { z } from 'zod'
import { createRounds } from '../../../node/payouts/rounds/index.ts'
import { createPapers } from '../../../node/payouts/papers.ts'
import { createBundles } from '../../../node/payouts/settler/index.ts'
import type { Named } from '../../../node/payouts/settler/bundles.ts'
import { createScored } from '../../../node/payouts/settler/scored.ts'
import { linesRecord, summarySchema } from '../../../node/payouts/settler/summaries.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { epochBundle, receiptsTree } from '../../../protocol/payouts/index.ts'
import type { EpochBundle, ReceiptsDocument } from '../../../protocol/payouts/index.ts'
import { canonicalJson, keccak, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'
import { accountOf, epochFrom, network } from '../../protocol/payouts/world.ts'

const [pool, other] = [keccak('a pool'), keccak('another pool')]
const [self, settler] = [accountOf('me'), accountOf('settler')]
const accounts = [self, ...['one', 'two', 'three'].map(accountOf)]
const root = receiptsTree(network, []).root
const empty = epochFrom({ receipts: [] })

const bundleOf = (of: Hex, epoch: number): EpochBundle => ({
  ...empty,
  pool: of,
  epoch,
  payouts: accounts.map(account => ({
    account,
    value: 0n,
    gate: null,
    share: 10n,
    heldOutShare: 0n,
    scoringShare: 1n,
    vestedShare: 0n,
    resettled: 0n,
    cumulative: 10n * BigInt(epoch),
    scoringTotal: BigInt(epoch)
  }))
})
const documentOf = (of: Hex, epoch: number): ReceiptsDocument => ({
  pool: of,
  epoch,
  previous: null,
  at: 1n,
  receipts: [],
  data: [],
  channels: [],
  deposited: 0n,
  donated: 0n,
  models: []
})
const bytesOf = (paper: object): Uint8Array => new TextEncoder().encode(canonicalJson(paper))

/** What everybody has on IPFS, and what of it a node has pinned. */
function disk() {
  const [files, pinned] = [new Map<string, Uint8Array>(), new Set<string>()]
  async function addBytes(bytes: Uint8Array, { pin = true } = {}): Promise<string> {
    const cid = `bafkrei${keccak(bytes)
      .slice(2, 54)
      .replaceAll(/[0189]/gu, 'a')}`
    files.set(cid, bytes)
    if (pin) pinned.add(cid)
    return cid
  }
  return {
    files,
    pinned,
    addBytes,
    async fetchBytes(cid: string, { pin = true }: { pin?: boolean }) {
      const bytes = files.get(cid)
      if (bytes === undefined) throw new NotFoundError('files.unavailable', 'nobody has it')
      if (pin) pinned.add(cid)
      return bytes
    },
    unpin: async (cid: string) => void pinned.delete(cid),
    provide: async () => undefined
  }
}

describe('papers of epochs', () => {
  let store = memoryStore()
  let ipfs = disk()
  let proposed: Named[] = []
  const latest = new Map<Hex, number>()
  beforeEach(() => {
    ;[store, ipfs, proposed] = [memoryStore(), disk(), []]
    latest.clear()
  })

  function open() {
    const page = <T>(items: T[]) => ({ items, next: undefined })
    const deps = {
      files: ipfs,
      store,
      self,
      network,
      log: silentLog,
      clock: manualClock(),
      chain: {
        ledger: {
          pool: async (of: Hex) => ({ epoch: latest.get(of) ?? 0 }),
          pools: async () => page([...new Set(proposed.map(one => one.pool))].map(id => ({ id }))),
          proposals: async (of: Hex) => page(proposed.filter(one => one.pool === of))
        }
      }
    } as unknown as Parameters<typeof createBundles>[0] & Parameters<typeof createRounds>[0]
    const papers = createPapers(deps)
    const bundles = createBundles(deps, papers, async () => undefined)
    const proposals = {
      of: async (of: Hex, epoch: number) =>
        proposed.filter(one => one.pool === of && one.epoch === epoch).map(event => ({ state: 'final', event }))
    } as unknown as Parameters<typeof createScored>[1]
    return { bundles, rounds: createRounds(deps, papers), scored: createScored(deps, proposals, bundles) }
  }
  const countOf = async (table: string): Promise<number> => {
    let count = 0
    for await (const _ of store.collection(table, linesRecord).keys()) count++
    return count
  }
  const propose = async (of: Hex, bundle: EpochBundle): Promise<Named> => {
    const cid = await ipfs.addBytes(bytesOf(bundle), { pin: false })
    const named = { pool: of, epoch: bundle.epoch, bundle: cid, proposer: settler }
    proposed.push(named)
    return named
  }
  /** An epoch that others have proposed: anchored, read, final, and what is old goes. */
  async function follow({ bundles, rounds }: ReturnType<typeof open>, epoch: number): Promise<Named> {
    const receipts = await ipfs.addBytes(bytesOf(documentOf(pool, epoch)), { pin: false })
    const anchored = { receiptsRoot: root.hash, receiptsTotal: 0n, receiptCount: 0 }
    await rounds.document(pool, epoch, { number: 1, settler, receipts, ...anchored } as never)
    const named = await propose(pool, bundleOf(pool, epoch))
    await bundles.load(named)
    latest.set(pool, epoch)
    await bundles.tidy(pool, epoch)
    return named
  }

  it('stay for so many epochs, however many there were, and own lines for ever', async () => {
    const node = open()
    const all: Named[] = []
    for (let epoch = 1; epoch <= 130; epoch++) all.push(await follow(node, epoch))
    // Bundle and anchored receipts of 32 epochs each.
    assert.equal(ipfs.pinned.size, 64)
    assert.equal(await countOf('payouts/papers'), 64)
    assert.equal(await countOf('payouts/lines'), 100)
    const [first, last] = [all[0]!, all.at(-1)!]
    assert.deepEqual(
      [first, last].map(({ bundle }) => ipfs.pinned.has(bundle)),
      [false, true]
    )

    const sums = [1n, 7n, 40n, 130n]
    const claimed = { pool, account: self, sums: sums.map(epoch => 10n * epoch) }
    assert.deepEqual(await node.scored(claimed), sums)
    // Of others as far as their lines are here.
    assert.deepEqual(await node.scored({ ...claimed, account: settler }), [0n, 0n, 0n, 0n])
    assert.deepEqual(await node.scored({ ...claimed, account: accounts[1]! }), [0n, 0n, 40n, 130n])

    // An old one is read again where that is asked for, and not kept.
    const fresh = open()
    const before = await fresh.bundles.summary(first)
    assert.deepEqual([before.whole, before.payouts.map(({ account }) => account)], [false, [self]])
    const again = await fresh.bundles.summary(first, true)
    assert.deepEqual([again.whole, again.payouts.length], [true, accounts.length])
    assert.deepEqual([ipfs.pinned.size, await countOf('payouts/lines')], [64, 100])
    ipfs.files.delete(first.bundle)
    assert.equal((await open().bundles.summary(first, true)).whole, false)
  })

  it('that another place names are kept by their own, and not let go with it', async () => {
    const { bundles } = open()
    const honest = await propose(pool, bundleOf(pool, 1))
    const thief = { ...honest, pool: other }
    await bundles.load(thief)
    assert.equal(ipfs.pinned.size, 0)
    await bundles.load(honest)
    assert.ok(ipfs.pinned.has(honest.bundle))
    await bundles.letGo(thief)
    latest.set(other, 50)
    await bundles.tidy(other, 50)
    // It may have been pinned for the thief's sake by somebody else here, who alone lets go of it.
    assert.deepEqual([...ipfs.pinned], [honest.bundle])
  })

  it('that are no bundle are not kept', async () => {
    const cid = await ipfs.addBytes(bytesOf({ rows: 'of a Datanet' }))
    const { bundles } = open()
    await assert.rejects(bundles.load({ pool, epoch: 1, bundle: cid, proposer: settler }))
    latest.set(pool, 50)
    await bundles.tidy(pool, 50)
    assert.ok(ipfs.pinned.has(cid))
  })

  it('that an earlier version kept whole are taken over once, and go like others', async () => {
    const earlier = store.collection('payouts/summaries', summarySchema)
    for (let epoch = 1; epoch <= 120; epoch++) {
      const named = await propose(pool, bundleOf(pool, epoch))
      await earlier.put(named.bundle, summaryBefore(named))
      ipfs.pinned.add(named.bundle)
    }
    const nowhere = keccak('proposed by nobody yet')
    await earlier.put(nowhere, summaryBefore(proposed[0]!))
    latest.set(pool, 120)
    const { bundles, scored } = open()
    // Stopped in the middle it goes on at the next start.
    void bundles.start()
    await bundles.stop()
    await open().bundles.start()
    assert.equal(await countOf('payouts/summaries'), 1)
    assert.deepEqual([ipfs.pinned.size, await countOf('payouts/lines'), await countOf('payouts/papers')], [32, 100, 32])
    assert.ok(await earlier.has(nowhere))
    assert.deepEqual(await scored({ pool, account: self, sums: [10n, 1200n] }), [1n, 120n])
  })

  function summaryBefore(named: Named): z.infer<typeof summarySchema> {
    const bundle = epochBundle.parse(JSON.parse(new TextDecoder().decode(ipfs.files.get(named.bundle))))
    const { receiptsTotal, dataFees, held, keptBack, payouts } = bundle
    const nobody = { receipts: 0, keptBy: null, weighed: 0, scorers: [] }
    return { ...nobody, receiptsTotal, dataFees, held, keptBack, payouts }
  }
})
