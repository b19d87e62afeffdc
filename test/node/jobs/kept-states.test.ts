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
const from = { worker: `0x${keccak('worker').slice(-40)}`, audit: keccak('audit'), signal } as const

describe('states that workers have committed to', () => {
  let folder: string
  let store: Store
  let now = 1
  const pinned = new Set<string>()
  /** What the network has, by CID; null what is larger than anybody takes. */
  const there = new Map<string, number | null>()
  /** Audits on chain, of which only this is looked at. */
  const audits = new Map<Hex, { refused: boolean; rounds: { closed: boolean }[] }>()
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
      chain: { ledger: { audit: async id => audits.get(id) as AuditRecord | undefined } },
      statesBytes: 100
    })
  const cids = ['a', 'b', 'c'].map(name => `bafkrei${name.repeat(52)}`) as [string, string, string]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'states-'))
    store = await openStore(folder)
  })
  after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  it('are all here before their builder pays, and refused where no auditor could take them', async () => {
    const [a, b, c] = cids
    there.set(a, 10)
    const unpaid = states().fetch('1', { states: [[a], [b]] }, from)
    await assert.rejects(unpaid, { code: 'files.unavailable' }, 'it may come yet')
    there.set(b, 20)
    await states().fetch('1', { states: [[a], [b, a]] }, from)
    assert.deepEqual([...pinned].toSorted(), [a, b])
    there.set(c, maxStateBytes + 1)
    await assert.rejects(states().fetch('2', { states: [[c]] }, from), { code: 'delivery.states' })
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
    audits.set(keccak('audit 0'), { refused: false, rounds: [{ closed: true }, { closed: false }] })
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
    await states().sweep()
    assert.equal(kept(), '03')
    assert.equal(await states().hasRoom(), true)
    audits.set(keccak('audit 0'), { refused: true, rounds: [{ closed: true }] })
    await lot(4)
    assert.equal(kept(), '34')
    audits.set(keccak('audit 3'), { refused: false, rounds: [{ closed: false }] })
    now += 50 * day
    await states().sweep()
    assert.equal(kept(), '3', 'its audit is open, however long')
  })
})
