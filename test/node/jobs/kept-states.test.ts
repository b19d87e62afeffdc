import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBuilderStates } from '../../../node/jobs/builder/states.ts'
import { maxStateBytes } from '../../../node/jobs/limits.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { LimitError, NotFoundError, keccak } from '../../../protocol/primitives/index.ts'

const day = 86_400_000
const from = { worker: `0x${keccak('worker').slice(-40)}`, signal: new AbortController().signal } as const

describe('states that workers have committed to', () => {
  let folder: string
  let store: Store
  let now = 1
  const pinned = new Set<string>()
  /** What the network has, by CID; null what is larger than anybody takes. */
  const there = new Map<string, number | null>()
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
    createBuilderStates({ files, store, clock: { now: () => now } } as unknown as Parameters<
      typeof createBuilderStates
    >[0])
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
})
