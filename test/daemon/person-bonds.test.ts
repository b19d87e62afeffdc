import assert from 'node:assert/strict'
import { join } from 'node:path'
import { dataHandlers } from '../../daemon/api/handlers/data.ts'
import type { Node } from '../../node/node.ts'
import { openSpending } from '../../daemon/spending/index.ts'
import { scratch } from '../harness/index.ts'
import { datanetView } from './views.ts'

const coin = 10n ** 18n
const file = '{"prompt":"Which bird sings at night?","response":"The nightingale"}'
const [id, self] = [`0x${'ab'.repeat(32)}`, `0x${'12'.repeat(20)}`] as const

describe('what is contributed as a person of a local network', () => {
  it('locks none of their tokens by a key that may pay nothing, nor beyond what one may pay', async () => {
    const bonds: bigint[] = []
    const spending = await openSpending(join(await scratch('person-bonds'), 'spending.json'))
    await spending.add('operator', { perRequest: null, perDay: null }, ['operate'])
    await spending.add('payer', { perRequest: null, perDay: 7n * coin }, ['operate', 'money'])
    const { rules } = datanetView()
    const bond = { amount: String(5n * coin), seconds: 60 }
    const data = {
      findDatanet: async () => ({ id, rules: { ...rules, bond } }),
      async contribute({ mostBond }: { mostBond: bigint }) {
        bonds.push(mostBond)
        return { id }
      }
    }
    const node = { data, self } as unknown as Pick<Node, 'chain' | 'data' | 'network' | 'self'>
    const keyOf = async () => ({ address: self, privateKey: new Uint8Array(32).fill(1) })
    const { contribute } = dataHandlers(node, spending, undefined as never, { keyOf })
    const give = (key: string | undefined, most: bigint) =>
      contribute({
        params: { id },
        body: { file, as: 'ada', bond: String(most) },
        signal: new AbortController().signal,
        ...(key === undefined ? {} : { key })
      })

    await give('operator', 0n)
    await assert.rejects(give('operator', 9n * coin), { code: 'auth.rights' })
    await give('payer', 9n * coin)
    await assert.rejects(give('payer', 9n * coin), { code: 'budget.day' })
    await give(undefined, 9n * coin)
    assert.deepEqual(bonds, [0n, 5n * coin, 5n * coin])
  })
})
