import assert from 'node:assert/strict'
import { createBrought } from '../../../node/models/worker/brought.ts'
import type { Brought, BroughtParts } from '../../../node/models/worker/brought.ts'
import { createQueue, manualClock, silentLog } from '../../../node/runtime/index.ts'
import type { ManualClock } from '../../../node/runtime/index.ts'
import type { ModelRecord } from '../../../protocol/models/index.ts'
import { InvalidError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

// The shelf and the engine stand in; the network's part is in `bases.test.ts`.

const model = (n: number): ModelRecord => ({ id: `0x${n}`, base: 'base', adapter: `adapter-${n}` }) as never
const client = (n: number): Address => `0xc${n}` as Address

describe('models that are brought because somebody asked', () => {
  let clock: ManualClock, brought: Brought, life: AbortController
  /** Models whose folders are held, and answerers that were opened and are not closed. */
  let held: Set<Hex>, opened: Set<Hex>, used: Set<Hex>
  let fetching: (id: Hex) => Promise<void>
  let reading: () => Promise<void>
  let isOffered: boolean

  beforeEach(() => {
    clock = manualClock()
    life = new AbortController()
    held = new Set()
    opened = new Set()
    used = new Set()
    fetching = async () => undefined
    reading = async () => undefined
    isOffered = true
    const parts = {
      folders: {
        async fetch({ id }: ModelRecord) {
          await fetching(id)
          held.add(id)
          return { base: '', adapter: '' }
        },
        drop: (id: Hex) => held.delete(id)
      },
      announcing: { sign: () => ({}) },
      opening: {
        speech: () => ({}),
        async answerer({ id }: ModelRecord) {
          opened.add(id)
          return { close: () => opened.delete(id) }
        },
        read: () => reading()
      },
      turns: createQueue({ name: 'test', bound: 1000, concurrency: 1000 }),
      inUse: (id: Hex) => used.has(id),
      alone: () => undefined,
      termsOf: async () => (isOffered ? { inputPrice: 1n, outputPrice: 1n, speed: 1 } : undefined),
      life: life.signal
    } as unknown as BroughtParts
    brought = createBrought({ timing: { idleMs: 600_000 } as never, log: silentLog, clock }, parts)
  })
  afterEach(() => {
    life.abort(new TilthError('models.stopped', 'over', { consequence: 'ignore' }))
  })

  it('has two on their way for one client, and goes on for others', async () => {
    fetching = () => new Promise(() => undefined)
    for (const n of [1, 2]) brought.open(model(n), client(1)).catch(() => undefined)
    await assert.rejects(brought.open(model(3), client(1)), { code: 'worker.busy' })
    fetching = async () => undefined
    await brought.open(model(3), client(2))
    assert.deepEqual([...opened], ['0x3'])
  })

  it('leaves alone for a while what could not be had, but not what found no room', async () => {
    fetching = async () => Promise.reject(new NotFoundError('shelf.late', 'late'))
    await assert.rejects(brought.open(model(1), client(1)), { code: 'shelf.late' })
    fetching = async () => Promise.reject(new NotFoundError('shelf.stopped', 'of this node'))
    await assert.rejects(brought.open(model(2), client(1)), { code: 'shelf.stopped' })
    fetching = async () => undefined
    await assert.rejects(brought.open(model(1), client(2)), { code: 'offer.none' })
    assert.deepEqual([brought.hasFailed('0x1'), brought.hasFailed('0x2')], [true, false])
    await brought.open(model(2), client(1))
    await clock.advance(180_000)
    await brought.open(model(1), client(1))
    assert.deepEqual(held, new Set(['0x2', '0x1']))
  })

  it('refuses by its name what cannot be read; that the engine closes says nothing of it', async () => {
    reading = async () => Promise.reject(new InvalidError('adapter-unsupported', 'PiSSA'))
    await assert.rejects(brought.open(model(1), client(1)), { code: 'adapter-unsupported' })
    reading = async () => Promise.reject(new InvalidError('engine-closed', 'of this node'))
    await assert.rejects(brought.open(model(2), client(1)), { code: 'engine-closed' })
    assert.deepEqual([brought.hasFailed('0x1'), brought.hasFailed('0x2')], [true, false])
    assert.deepEqual([held, opened, brought.get('0x1')], [new Set(), new Set(), undefined])
  })

  for (const code of ['engine-crashed', 'engine-failed', 'engine-memory', 'engine-thread'] as const)
    it(`brings what the engine here could not open for ${code} when it is asked for again`, async () => {
      reading = async () => Promise.reject(new InvalidError(code, 'of this node'))
      await assert.rejects(brought.open(model(1), client(1)), { code })
      assert.equal(brought.hasFailed('0x1'), false)
      reading = async () => undefined
      await brought.open(model(1), client(1))
      assert.deepEqual(opened, new Set(['0x1']))
    })

  it('closes what is idle, and gives back the one used longest ago that nobody uses', async () => {
    for (const n of [1, 2, 3]) await brought.open(model(n), client(n))
    used.add('0x1')
    assert.equal(brought.giveBack(), true)
    assert.deepEqual(opened, new Set(['0x1', '0x3']))
    await clock.advance(300_000)
    await brought.open(model(3), client(3))
    used.clear()
    await clock.advance(300_000)
    brought.closeIdle()
    assert.deepEqual([opened, held], [new Set(['0x3']), new Set(['0x3'])])
    assert.deepEqual([brought.giveBack(), brought.giveBack()], [true, false])
  })

  it('keeps nothing of what came after its base was withdrawn', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    fetching = () => promise
    const coming = brought.open(model(1), client(1))
    isOffered = false
    resolve()
    await assert.rejects(coming, { code: 'offer.none' })
    assert.deepEqual([opened, held, brought.get('0x1')], [new Set(), new Set(), undefined])
  })
})
