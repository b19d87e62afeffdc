import assert from 'node:assert/strict'
import type { Parts } from '../../../node/models/deps.ts'
import { hearNews } from '../../../node/models/news.ts'
import type { Hearers } from '../../../node/models/news.ts'
import { openChannel } from '../../../protocol/models/index.ts'
import type { ChannelState } from '../../../protocol/models/index.ts'
import { TilthError, keccak } from '../../../protocol/primitives/index.ts'

const channel = keccak('channel')

/** News of one channel that its worker hears, where a claim of it ends so. */
async function heardBy(claim: () => Promise<bigint>) {
  let state: ChannelState = openChannel(1_000n)
  let forward: (event: unknown) => Promise<void> = () => Promise.reject(new Error('nobody listens'))
  const account = { id: channel }
  const parts = {
    self: `0x${'11'.repeat(20)}`,
    log: { info: () => undefined },
    chain: {
      ledger: {
        consume: async (consumer: { forward: typeof forward }) => {
          forward = consumer.forward
          return async () => undefined
        }
      }
    }
  } as unknown as Parts
  const hearers = {
    accounts: {
      find: async () => account,
      update: async (_: unknown, change: (state: ChannelState) => ChannelState) => {
        state = change(state)
      }
    },
    wallet: { find: async () => undefined },
    redeemer: { one: claim }
  } as unknown as Hearers
  await hearNews(parts, hearers)
  return { hear: (event: unknown) => forward(event), state: () => state }
}

describe('news of a channel', () => {
  const closing = { name: 'ChannelClosing', channel, closesAt: 100n }

  it('goes on where the chain refuses a claim that it has had: a crash came between the two', async () => {
    const refused = new TilthError('chain.reverted', 'NothingToClaim', { consequence: 'reject' })
    const { hear, state } = await heardBy(() => Promise.reject(refused))
    await hear(closing)
    await hear({ name: 'ChannelClaimed', channel, claimed: 40n })
    assert.deepEqual([state().state, state().claimed], ['closing', 40n])
  })

  it('counts over what was noted before: the chain closes it at another time, and after a claim', async () => {
    const { hear, state } = await heardBy(() => Promise.resolve(0n))
    await hear(closing)
    await hear({ ...closing, closesAt: 120n })
    assert.deepEqual(state(), { ...state(), state: 'closing', closesAt: 120n })
    const closed = { name: 'ChannelClosed', channel }
    await hear({ ...closed, refunded: 1_000n })
    // That was this node's own note, and news of before come behind it.
    await hear({ ...closing, closesAt: 120n })
    await hear({ name: 'ChannelClaimed', channel, claimed: 40n })
    await hear({ ...closed, refunded: 960n })
    assert.deepEqual(state(), { ...state(), state: 'closed', claimed: 40n, refunded: 960n })
  })

  it('waits where a claim can be made later: the window ends', async () => {
    const late = new TilthError('chain.rpc', 'nobody is there', { consequence: 'retry' })
    const { hear } = await heardBy(() => Promise.reject(late))
    await assert.rejects(hear(closing), { code: 'chain.rpc' })
  })
})
