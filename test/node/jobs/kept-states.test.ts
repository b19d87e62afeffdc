import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBuilderStates } from '../../../node/jobs/builder/states.ts'
import { maxStateBytes } from '../../../node/jobs/limits.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import type { AuditRecord } from '../../../node/chain/types.ts'
import { LimitError, NotFoundError, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const day = 86_400_000
const signal = new AbortController().signal
const from = { worker: `0x${keccak('worker').slice(-40)}`, audit: keccak('audit'), deadline: 0n, signal } as const

type Round = Pick<AuditRecord['rounds'][number], 'closed' | 'seed' | 'drawFrom' | 'until'>

describe('states that workers have committed to', () => {
  let folder: string
  let store: Store
  let now = 1
  const pinned = new Set<string>()
  /** What the network has, by CID; null what is larger than anybody takes. */
  const there = new Map<string, number | null>()
  /** Audits on chain, of which only this is looked at. */
  const audits = new Map<Hex, Pick<AuditRecord, 'refused'> & { rounds: Round[] }>()
  /** A round that was drawn, with so many days to speak from now. */
  const drawn = (days: number): Round => {
    return { closed: false, seed: keccak('seed'), drawFrom: 1n, until: BigInt(Math.round((now + days * day) / 1000)) }
  }
  let block = 10n
  const files = {
    fetchBytes(cid: string, { maxBytes }: { maxBytes: number }): Promise<Uint8Array> {
      const size = there.get(cid)
      if (size === undefined) return Promise.reject(new NotFoundError('files.unavailable', 'nobody has it'))
      if ((size ?? Infinity) > maxBytes) return Promise.reject(new LimitError('files.too-large', 'too large'))
      pinned.add(cid)
      return Promise.resolve(new Uint8Array(size ?? 0))
    },
    unpin(cid: string): Promise<void> {
      pinned.delete(cid)
      return Promise.resolve()
    }
  }
  const states = () =>
    createBuilderStates({
      files,
      store,
      clock: { now: () => now },
      chain: {
        ledger: {
          audit: async id => audits.get(id) as AuditRecord | undefined,
          head: () => ({ block, timestamp: 0n })
        }
      },
      statesBytes: 100
    })
  const cids = ['a', 'b', 'c', 'i'].map(name => `bafkrei${name.repeat(52)}`) as [string, string, string, string]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'states-'))
    store = await openStore(folder)
  })
  after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  it('are all here before their builder pays, and refused where no auditor could take them', async () => {
    const [a, b, c, d] = cids
    there.set(a, 10)
    const unpaid = states().fetch('1', { states: [[a], [b]] }, from)
    await assert.rejects(unpaid, { code: 'files.unavailable' }, 'it may come yet')
    there.set(b, 20)
    await states().fetch('1', { states: [[a], [b, a]] }, from)
    assert.deepEqual([...pinned].toSorted(), [a, b])
    there.set(c, maxStateBytes + 1)
    there.set(d, 1)
    await assert.rejects(states().fetch('2', { states: [[c]] }, from), { code: 'delivery.states' })
    // What was here of it takes no room.
    await assert.rejects(states().fetch('2', { states: [[d, c]] }, from), { code: 'delivery.states' })
    assert.deepEqual([...pinned].toSorted(), [a, b])
    await states().fetch('3', {}, from)
  })

  it('stay until nobody runs their steps again', async () => {
    const [a, b, c] = cids
    there.set(c, 5)
    now += 40 * day
    await states().fetch('4', { states: [[b, c]] }, from)
    assert.deepEqual([...pinned].toSorted(), [a, b, c])
    now += 6 * day
    await states().fetch('5', { states: [[c]] }, from)
    assert.deepEqual([...pinned].toSorted(), [b, c], 'what a later lot shares stays')
  })

  it('go beyond their room, the oldest first, but never those of an open audit', async () => {
    const names = ['d', 'e', 'f', 'g', 'h'].map(name => `bafkrei${name.repeat(52)}`) as [string, string, string, string]
    const lot = (at: number): Promise<void> =>
      states().fetch(`7${at}`, { states: [[names[at]!]] }, { ...from, audit: keccak(`audit ${at}`) })
    const kept = (): string => names.flatMap((cid, at) => (pinned.has(cid) ? [at] : [])).join('')
    for (const cid of names) there.set(cid, 40)
    audits.set(keccak('audit 0'), { refused: false, rounds: [drawn(0), drawn(7)] })
    await lot(0)
    now += 4 * day
    await lot(1)
    now += 4 * day
    await lot(2)
    assert.equal(kept(), '02', 'the first is asked for still')
    await lot(3)
    assert.equal(kept(), '023', 'the audits of the others may be opened yet')
    assert.equal(await states().hasRoom(), false)
    now += 4 * day
    audits.set(keccak('audit 0'), { refused: false, rounds: [{ ...drawn(-1), closed: true }] })
    await states().sweep()
    assert.equal(kept(), '03', 'its builder may open another round, as too few spoke')
    assert.equal(await states().hasRoom(), true)
    audits.set(keccak('audit 0'), { refused: true, rounds: [drawn(0)] })
    await lot(4)
    assert.equal(kept(), '34')
    audits.set(keccak('audit 3'), { refused: false, rounds: [drawn(50)] })
    now += 50 * day
    await states().sweep()
    assert.equal(kept(), '3', 'its audit is open, however long')
    now += 3 * day
    await states().sweep()
    assert.equal(kept(), '', 'it is over')
  })

  it('are held by no round that nobody has drawn, and by a job that may not be over', async () => {
    const [a, b] = ['j', 'k'].map(name => `bafkrei${name.repeat(52)}`) as [string, string]
    for (const cid of [a, b]) there.set(cid, 90)
    const lot = (cid: string, of: string, days: number): Promise<void> =>
      states().fetch(
        of,
        { states: [[cid]] },
        { ...from, audit: keccak(of), deadline: BigInt(now + days * day) / 1000n }
      )
    await lot(a, 'undrawn', 0)
    audits.set(keccak('undrawn'), { refused: false, rounds: [{ closed: false, seed: null, drawFrom: 20n, until: 0n }] })
    now += 4 * day
    await lot(b, 'late', 6)
    assert.ok(pinned.has(a), 'it may be drawn still')
    block = 20n + 257n
    await states().sweep()
    assert.ok(!pinned.has(a))
    now += 8 * day
    await states().sweep()
    assert.deepEqual([await states().hasRoom(), await states().hasRoom(1)], [true, false], 'what is awarded comes')
    assert.ok(pinned.has(b))
  })
})
