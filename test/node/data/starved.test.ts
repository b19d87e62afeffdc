import assert from 'node:assert/strict'
import type { ContributionStatements } from '../../../protocol/data/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { NotFoundError, TilthError, keccak } from '../../../protocol/primitives/index.ts'
import { createAllowances } from '../../../node/data/allowances.ts'
import { createBook } from '../../../node/data/book/index.ts'
import type { ContributionRecord } from '../../../node/data/book/index.ts'
import { createShards } from '../../../node/data/validator/index.ts'
import type { Shards } from '../../../node/data/validator/shards.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import type { Clock } from '../../../node/runtime/index.ts'
import type { FetchOptions } from '../../../node/transport/types.ts'
import { contributionTo, datanetOf, memoryStore } from './in-memory.ts'
import { jsonl } from './network.ts'

// A validator on a machine that is behind: hours pass by the clock in which its process has a few turns.

const heldOut = 'bafkreiehgfil2oohvc74qakqkzv2a352w22xxchud7mjn5k5cmsxoydrvm'
const rows = new TextEncoder().encode(
  jsonl(['wren', 'owl', 'jay'].map(bird => [`Where is the ${bird}?`, `Here: ${bird}`]))
)

describe('data: a shard on a machine that is behind', () => {
  let now: number
  let tasks: Set<() => unknown>
  let asked: FetchOptions[]
  let has: boolean | ((options: FetchOptions) => boolean | Promise<boolean>)
  let shards: Shards
  let record: ContributionRecord
  let statements: ContributionStatements
  let validators: readonly Address[]

  /** The process has its turn after so long. */
  async function turn(after: number): Promise<void> {
    now += after
    for (const task of tasks) await task()
  }

  async function begin(bytes?: number, voteSeconds = 600): Promise<void> {
    ;[now, tasks, asked, has] = [1_700_000_000_000, new Set(), [], false]
    const clock: Pick<Clock, 'every' | 'now'> = {
      now: () => now,
      every(_, task) {
        tasks.add(task)
        return () => void tasks.delete(task)
      }
    }
    const { id: datanet, document } = datanetOf(['ann', 'bob', 'cleo'], {
      heldOut,
      voteSeconds,
      maxBytes: 1 << 26
    })
    validators = document.rules.validators.map(({ address }) => address)
    const made = contributionTo(datanet, 'dora', bytes)
    statements = made.statements
    const { contributor, commitment } = statements.commitment.message
    const shown = now
    record = {
      id: made.id,
      datanet,
      index: 1,
      contributor,
      commitment,
      block: 1n,
      seenAt: shown,
      state: { name: 'voting', since: shown, shown, statements },
      provider: document.rules.validators[1]?.address
    }
    const store = memoryStore()
    const registry = keccak('registry').slice(0, 42) as Address
    const network = { chainId: 31337, registry }
    const book = createBook({ store, network })
    await book.putDatanet(datanet, { document, seenAt: now }, true)
    await book.putContribution(record)
    const ruled = async () => document
    const files = {
      async fetchBytes(cid: string, options: FetchOptions) {
        if (cid === heldOut) return new TextEncoder().encode(jsonl([['What is held?', 'This']]))
        asked.push(options)
        if (!(typeof has === 'boolean' ? has : await has(options)))
          throw new NotFoundError('files.unavailable', 'nobody had it in time', { consequence: 'retry' })
        return rows
      }
    }
    const deps = { chain: { ledger: {} }, clock, network, files, log: silentLog, store }
    shards = createShards(
      { ...deps, self: document.rules.validators[0]?.address } as unknown as Parameters<typeof createShards>[0],
      { fetchMs: 15_000 },
      book,
      createAllowances(book),
      { hold: async () => undefined, held: async () => true } as unknown as Parameters<typeof createShards>[4],
      { deciding: ruled, sitting: ruled } as unknown as Parameters<typeof createShards>[5],
      async () => [],
      () => true,
      { rowsOf: async (_: unknown, __: unknown, file: Uint8Array) => file } as unknown as Parameters<
        typeof createShards
      >[8],
      new AbortController().signal
    )
  }
  beforeEach(() => begin())

  const check = () => shards.check(record, statements)

  it('is not judged unavailable for what passed while this node had no turn to look for it', async () => {
    now += 3_600_000 // it waited for its turn for an hour, and this node has not looked for it yet
    for (let i = 0; i < 20; i++) {
      await assert.rejects(check(), { code: 'files.unavailable' })
      await turn(60_000)
    }
    has = true
    const { reason } = await check()
    assert.notEqual(reason, 'unavailable')
  })

  it('is not judged beside rows that are forgotten meanwhile', async () => {
    has = async () => {
      await shards.forget(record.datanet, async () => undefined)
      return true
    }
    await assert.rejects(check(), { code: 'rows.forgotten', consequence: 'retry' })
    has = true
    const during = await shards.forget(record.datanet, () => check().catch((error: unknown) => error))
    assert.equal((during as { code?: string }).code, 'rows.forgotten')
    assert.notEqual((await check()).reason, 'unavailable')
  })

  it('loses its turn after as long as the rules say of time in which it was looked for', async () => {
    let tries = 0
    for (let found: { reason?: string | undefined } | undefined; found?.reason !== 'unavailable'; tries++) {
      assert.ok(tries < 100, 'it is waited for without end')
      found = await check().catch((error: unknown) => {
        assert.ok(error instanceof TilthError && error.consequence === 'retry')
        return undefined
      })
      for (let i = 0; i < 5; i++) await turn(200)
    }
    assert.ok(tries > 55, `after ${tries} seconds`)
  })

  it('is asked for alone of who stands above this node, then of its author, and of everybody at last', async () => {
    await assert.rejects(check())
    const { first } = asked[0] as FetchOptions
    assert.ok(first !== undefined && first.eachMs >= 750 && first.eachMs <= 5_000)
    assert.equal(first.peers.at(-1), record.provider)
    await assert.rejects(check())
    assert.equal(asked.at(-1)?.first, undefined)
  })

  it('however large it is comes in time past those who are silent, and past those who give a little', async () => {
    for (const bytes of [1 << 20, 1 << 22, 1 << 25]) {
      await begin(bytes)
      // Who is asked alone gives nothing until the try is over: everybody is asked only in what is left of it.
      has = ({ first }) => first === undefined || first.peers.length * first.eachMs <= 15_000 / 2
      assert.notEqual((await check()).reason, 'unavailable')
      await begin(bytes)
      // Who is asked alone gives a block now and then: a whole try is spent on that.
      has = ({ first }) => first === undefined
      await assert.rejects(check(), { code: 'files.unavailable' })
      for (let i = 0; i < 15 * 5; i++) await turn(200)
      assert.notEqual((await check()).reason, 'unavailable')
    }
  })

  it('comes in time past those who give a little where all the time there is is shorter than a try', async () => {
    await begin(1 << 20, 12)
    has = async ({ first, onBytes, signal }) => {
      if (first === undefined) return true
      for (let ms = 0; ms < 15_000; ms += 200) {
        if (signal?.aborted === true) break
        onBytes?.(1)
        await turn(200)
      }
      return false
    }
    await assert.rejects(check(), (error: TilthError) => error.consequence === 'retry')
    assert.notEqual((await check()).reason, 'unavailable')
  })

  it('is not waited for from a stranger whom somebody has named, but from its contributor', async () => {
    const stranger = keccak('stranger').slice(0, 42) as Address
    record = { ...record, provider: stranger }
    await assert.rejects(check())
    const [{ first, providers = [] }] = asked as [FetchOptions]
    assert.equal(first?.peers.at(-1), record.contributor)
    assert.ok(first?.peers.every(one => one === record.contributor || validators.includes(one as Address)))
    assert.ok(providers.includes(stranger) && providers.includes(record.contributor))
  })
})
