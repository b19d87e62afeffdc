import assert from 'node:assert/strict'
import type { RulesRecord } from '../../../node/chain/types.ts'
import { createTerms } from '../../../node/data/terms/terms.ts'
import { datanetRules, laterRules, rulesInForce, rulesText } from '../../../protocol/data/index.ts'
import type { DatanetDocument } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { rulesFor } from './network.ts'

const datanet = keccak('songs')
const heldOut = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const first = datanetRules.parse({ ...rulesFor([`0x${'11'.repeat(20)}`]), kind: 'qa', heldOut })
const net = { rules: first } as DatanetDocument
const { validators: _validators, ...texts } = first

/** Rules by a number; every fifth changes what never changes, and is none. */
function setAs(number: number, name: string): RulesRecord {
  const changed = { ...texts, licence: `LicenseRef-${number}`, name, ...(number % 5 === 0 ? { kind: 'text' } : {}) }
  const text = rulesText(laterRules.parse(changed))
  const transaction = keccak(`${name} ${number} is set`)
  const amendment = keccak(`${name} ${number}`)
  return { number, rules: keccak(text), text, amendment, block: BigInt(number), transaction }
}

describe('data: reading a Datanet’s rules', () => {
  it('reads each that was set once, whoever asks of which number, and anew what was taken back', async () => {
    let set = Array.from({ length: 255 }, (_, i) => setAs(i + 2, 'songs'))
    let looked = 0
    const ledger = {
      datanet: async () => ({ rulesNumber: set.length + 1 }),
      async rules(_: unknown, upTo: number, from = 2) {
        const found = set.filter(({ number }) => number >= from && number <= upTo)
        looked += found.length
        return found
      }
    }
    const [one, other] = [createTerms({ ledger } as never), createTerms({ ledger } as never)]
    const due = rulesInForce(first, set)
    for (const number of [3, 256, 7, 128, 2, 256, 1])
      for (const terms of [one, other]) {
        assert.deepEqual((await terms.numbered(datanet, number, net)).rules, due[number - 1]?.rules)
        assert.equal((await terms.licence(datanet, number, net)).startsWith(first.licence), true)
      }
    const history = await other.history(datanet, net)
    assert.deepEqual(
      history.map(({ number, why }) => [number, why === undefined]),
      due.map(({ why }, i) => [i + 1, why === undefined])
    )
    assert.ok(looked < 255 + 40, `${looked} were looked at`)

    set = [...set.slice(0, 100), setAs(102, 'others')]
    one.forget(datanet)
    assert.equal((await other.now(datanet, net)).rules.name, 'others')
    assert.equal((await one.numbered(datanet, 101, net)).rules.name, 'songs')
  })
})
