import assert from 'node:assert/strict'
import { find } from '../../daemon/api/handlers/explorer/find.ts'
import type { Node } from '../../node/node.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'

const account = (byte: string): Address => `0x${byte.repeat(20)}`
const id = (byte: string): Hex => `0x${byte.repeat(32)}`
const none = async function* (): AsyncGenerator<Hex> {}
const page = { items: [], next: null }

/** A node that keeps contributions of the second Datanet, and knows of the first what the chain tells. */
const nets = [
  { id: id('01'), host: account('a1'), roles: [], rules: { name: 'far', description: '', validators: [] } },
  { id: id('02'), host: account('a2'), roles: ['choice'], rules: { name: 'near', description: '', validators: [] } }
]
const parts = {
  self: account('ff'),
  network: {},
  transport: { peers: { connected: () => [] } },
  models: { models: () => [], offers: () => [] },
  jobs: { jobs: () => [] },
  payouts: { receiptIds: none },
  chain: { ledger: { pools: async () => page, escrow: async () => undefined, channel: async () => undefined } },
  data: {
    datanets: async () => ({ items: nets, next: null }),
    findDatanet: async () => Promise.reject(new InvalidError('datanet.unknown', 'there is none')),
    contributionIds: none,
    voteIds: none,
    async contributions(datanet: Hex) {
      if (datanet === id('01')) throw new InvalidError('datanet.not-followed', 'this node keeps none of it')
      return { items: [{ contributor: account('b7') }], next: null }
    }
  }
} as unknown as Parameters<typeof find>[0] & Node

describe('what a text may mean', () => {
  it('finds accounts by their beginning, also where a Datanet that is not followed is known', async () => {
    const { found } = await find(parts, '0xb7b7b7')
    assert.deepEqual(
      found.filter(({ kind }) => kind === 'account').map(({ id: of, about }) => [of, about]),
      [[account('b7'), 'a contributor to near']]
    )
    assert.deepEqual(
      (await find(parts, '0xa1a1a1')).found.flatMap(({ kind, about }) => (kind === 'account' ? [about] : [])),
      ['the host of far']
    )
  })
})
