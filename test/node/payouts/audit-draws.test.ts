import assert from 'node:assert/strict'
import { createDraws } from '../../../node/payouts/audits/draws.ts'
import type { OwnWord, Words } from '../../../node/payouts/audits/words.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { until as holds } from '../../harness/index.ts'

const self: Address = `0x${keccak('self').slice(-40)}`
const other: Address = `0x${keccak('other').slice(-40)}`
const window = 80n

describe('what a node is drawn for', () => {
  const audits = new Map<Hex, { id: Hex; rounds: Record<string, unknown>[] }>()
  function add(name: string, over: Record<string, unknown> = {}): Hex {
    const id = keccak(name)
    const round = { number: 1, seed: keccak(`seed ${name}`), panel: [self], words: [], closed: false, until: 1_080n }
    audits.set(id, { id, rounds: [{ ...round, ...over }] })
    return id
  }

  it('is found again among many newer audits, and the last word is said of it alone, in the last part', async () => {
    const drawn = add('drawn')
    for (let i = 0; i < 600; i++) add(`closed ${i}`, { closed: true })
    for (let i = 0; i < 600; i++) add(`another's ${i}`, { panel: [other] })
    const heard = add('heard', { panel: [other] })
    const ledger = {
      head: () => ({ block: 1n, timestamp: 1_000n }),
      audit: async (id: Hex) => audits.get(id),
      audits: async () => ({ items: [...audits.values()].toReversed() })
    }
    const said: [Hex, OwnWord][] = []
    const known: OwnWord = { word: 'agrees', subject: keccak('subject'), runs: 1, missing: 0 }
    const words: Words = {
      note: async () => undefined,
      known: async () => known,
      say: async (id, _, word) => void said.push([id, word])
    }
    const clock = manualClock(1_000_000)
    const chain = { ledger, audits: { window: async () => window } }
    const deps = { self, chain, clock, log: silentLog } as unknown as Parameters<typeof createDraws>[0]
    let now = 1_069n
    const draws = createDraws(deps, { words, now: () => now })
    await draws.start()
    draws.take(heard, { panel: [other], until: 1_080n })
    assert.deepEqual([...draws.ids()], [drawn])
    draws.wake()
    await draws.idle()
    assert.deepEqual(said, [], 'it is early')
    now = 1_070n
    draws.wake()
    await holds(() => said.length > 0, 'it is said')
    assert.deepEqual(said, [[drawn, known]])
    audits.get(drawn)!.rounds[0]!.closed = true
    await clock.advance(6_000)
    draws.wake()
    await holds(() => [...draws.ids()].length === 0, 'it is over')
    assert.equal(said.length, 1)
  })
})
