import assert from 'node:assert/strict'
import { createJudge } from '../../../node/payouts/judge/judge.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'

const who = (n: number): Address => `0x${String(n).padStart(40, '0')}`
const [self, worker, pool, model] = [who(1), who(9), keccak('pool'), keccak('model')]
const [builder, ...others] = [who(8), who(2), who(3), who(4)]
const places = Array.from({ length: 12 }, (_, i) => i)

describe('who stood for its answers and has left', () => {
  /** Whether a judge speaks against foreign answers that were given at 20. */
  async function isAccused(
    standing: { since: bigint; until: bigint | null },
    panel = [self, ...others],
    /** Pools whose model never comes whole, and that are looked at first. */
    slow: readonly Hex[] = []
  ): Promise<boolean> {
    let [accused, looked] = [false, 0]
    const drawn = {
      panel,
      commitments: new Map([[self, '0x']]),
      commitEnds: 0n,
      revealEnds: 1_000n,
      seed: keccak('seed')
    }
    const round = { number: 1, drawn }
    const deps = {
      self,
      chain: {
        payouts: {
          pool: async (of: Hex) => ({ epoch: slow.includes(of) ? 0 : looked++ }),
          round: async (_: string, epoch: number) => (epoch === 1 ? round : undefined),
          rules: async () => ({ challengeWindow: 100n })
        },
        ledger: { caughtUp: async () => undefined, standing: async () => ({ ...standing, foundOut: null }) },
        serving: {
          accuse: async () => {
            accused = true
          }
        }
      },
      engine: {
        generate: () => ({
          async *[Symbol.asyncIterator]() {
            for (let i = 0; i < 8; i++) yield { replayed: { lag: 9, surprise: 0, expected: 0, variance: 0, apart: 0 } }
          },
          result: Promise.resolve({ promptTokens: 1 })
        })
      },
      clock: { ...systemClock, now: () => looked * 1_000_000 },
      log: silentLog,
      metrics: undefined,
      policy: { judge: true }
    }
    const open = {
      pool,
      epoch: 1,
      round,
      ids: places.map(i => keccak(`receipt ${i}`)),
      assigned: { scorers: places.map(() => [self]) },
      document: { receipts: places.map(() => ({ worker, receipt: { message: { model } } })) }
    }
    const slowly = { receipts: places.map(() => ({ worker, receipt: { message: { model: keccak('slow') } } })) }
    const content = { messages: [], resume: [], topK: 0, topP: 1, temperature: 0, day: '' }
    const opening = {
      request: { message: { issuedAt: 20n, seed: 7n, maxTokens: 8n } },
      content,
      answer: [1, 2, 3, 4, 5, 6, 7, 8]
    }
    const parts = {
      rounds: {
        open: async (of: Hex) => (slow.includes(of) ? { ...open, pool: of, document: slowly } : open)
      } as never,
      contents: { fetch: async () => opening } as never,
      models: {
        weighed: async (of: Hex) => ({ id: of, registered: { builder }, measure: { matrix: { full: 0 } } }),
        folders: async ({ id }: { id: Hex }) =>
          id === model ? { base: '', adapters: [] } : new Promise<never>(() => undefined)
      } as never,
      now: () => 30n
    }
    const judge = createJudge(deps as unknown as Parameters<typeof createJudge>[0], parts, 20)
    judge.start()
    for (const of of [...slow, pool]) judge.add(of)
    await until(() => {
      judge.add(pool)
      return looked > 1
    }, 'a look after the first')
    await judge.stop()
    return accused
  }

  it('is judged by what it answers after it as well, and by nothing before it stood', async () => {
    assert.equal(await isAccused({ since: 5n, until: null }), true)
    assert.equal(await isAccused({ since: 5n, until: 6n }), true)
    assert.equal(await isAccused({ since: 25n, until: null }), false)
  })

  it('is judged though others’ models come so slowly that theirs are not', async () => {
    const slow = ['one', 'two'].map(keccak)
    assert.equal(await isAccused({ since: 5n, until: null }, undefined, slow), true)
  })

  it('is judged by nobody where too few may speak', async () => {
    const standing = { since: 5n, until: null }
    assert.equal(await isAccused(standing, [self, ...others, builder]), true)
    assert.equal(await isAccused(standing, [self, ...others, builder, worker]), false)
  })
})
