import assert from 'node:assert/strict'
import { createFacts } from '../../../node/payouts/facts.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { settledOf } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { accountOf, channelOf, model, network, pool, receipt } from '../../protocol/payouts/world.ts'

const [open, over, counted, named, unpaid] = ['open', 'over', 'counted', 'named', 'unpaid'].map(name =>
  channelOf('client', name)
) as [Hex, Hex, Hex, Hex, Hex]
const at = 10_000_000n
const day = 86_400n

describe('what the chain says of a pool', () => {
  it('is read once, and nothing of channels that are over and that no epoch still counts', async () => {
    const read: Hex[] = []
    const channel = (id: Hex, expiry: bigint, claimed = 10n) => ({
      id,
      model,
      expiry,
      claimed,
      data: claimed / 2n,
      client: accountOf('client'),
      worker: accountOf('worker')
    })
    const channels = [
      channel(open, at + day),
      channel(over, 1n),
      channel(counted, 1n),
      channel(named, 1n),
      channel(unpaid, at + day, 0n)
    ]
    const claims = [
      { claimed: 4n, data: 2n, block: 5n },
      { claimed: 10n, data: 5n, block: 9n }
    ]
    const page = <T>(items: T[]) => ({ items, next: undefined })
    const facts = createFacts(
      {
        network,
        log: silentLog,
        versions: { keptBack: async () => null },
        chain: {
          channels: { known: async (id: Hex) => channels.find(one => one.id === id) },
          ledger: {
            models: async () => page([{ id: model }]),
            channels: async () => page(channels),
            async channelClaims(id: Hex) {
              read.push(id)
              return page([...claims])
            }
          }
        }
      } as unknown as Parameters<typeof createFacts>[0],
      {
        poolOf: async () => pool,
        registered: async () => ({ builder: accountOf('builder'), version: 1 }),
        admitted: async () => undefined
      } as unknown as Parameters<typeof createFacts>[1]
    )
    const before = settledOf([{ channel: counted, model, ranges: [], covered: [], claimed: 4n, expiry: 1n }])
    const known = await facts.of(pool, [receipt({ channel: named })], { at, before })
    assert.deepEqual([...known.channels.keys()], [open, counted, named])
    assert.deepEqual(
      [8n, 9n, 4n].map(block => [...known.claimedAt(block)]),
      [
        [
          [open, 4n],
          [counted, 4n],
          [named, 4n]
        ],
        [
          [open, 10n],
          [counted, 10n],
          [named, 10n]
        ],
        []
      ]
    )
    assert.deepEqual(read, [open, counted, named])
    // What was read a moment ago stands, whatever is claimed meanwhile: receipts were chosen by it.
    const paying = await facts.paying(pool, at, before)
    claims.push({ claimed: 20n, data: 10n, block: 11n })
    const same = await facts.of(pool, [], { at, before, paying })
    assert.deepEqual(
      [...same.channels.values()].map(({ claimed }) => claimed),
      [10n, 10n]
    )
  })
})
