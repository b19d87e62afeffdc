import assert from 'node:assert/strict'
import type { ProofView, StatementView } from '../../daemon/api/contract/explorer.ts'
import { versionProof, versionRoot } from '../../protocol/data/index.ts'
import { digest, signStatement } from '../../protocol/crypto/index.ts'
import { payoutsTree, receiptId, receiptsTree } from '../../protocol/payouts/index.ts'
import { contentHash, keccak } from '../../protocol/primitives/index.ts'
import { checkStatement, goWay } from '../../web-console/explorer/verify.ts'
import { accountOf, keyOf, network, receipt } from '../protocol/payouts/world.ts'

const rules = { name: 'metals', weight: 0.5 }
const message = { host: accountOf('host'), rules: contentHash(rules), createdAt: 17n }
const signed = signStatement(network, 'Datanet', message, keyOf('host'))
const view: StatementView = {
  id: digest(network, 'Datanet', message),
  type: 'Datanet',
  message: { ...message, createdAt: '17' },
  signatures: [{ as: 'host', by: accountOf('host'), signature: signed.signature }],
  content: { field: 'rules', json: rules },
  about: { kind: 'datanet', id: '0x' }
}
const holds = (changed: Partial<StatementView>, of = network): boolean[] =>
  checkStatement({ ...view, ...changed }, of).map(check => check.holds)

describe('a statement, as a browser checks it', () => {
  it('holds by its id, its signature and what stands behind its hash', () => {
    assert.deepEqual(holds({}), [true, true, true])
  })

  it('does not hold once anything of it is changed', () => {
    assert.deepEqual(holds({ message: { ...view.message, createdAt: '18' } }), [false, false, true])
    assert.deepEqual(holds({ signatures: [{ ...view.signatures[0]!, by: accountOf('mallory') }] }), [true, false, true])
    assert.deepEqual(holds({ content: { field: 'rules', json: { ...rules, weight: 1 } } }), [true, true, false])
    assert.deepEqual(holds({ message: { host: 'nobody' } }), [false])
  })

  it('is of one network alone', () => {
    assert.deepEqual(holds({}, { ...network, chainId: 1 }), [false, false, true])
  })
})

describe('a way to the chain, as a browser goes it', () => {
  const anchored = { transaction: null, block: null }
  const entries = ['a', 'b', 'c'].map((name, n) => ({
    contribution: keccak(name),
    contributor: accountOf(name),
    cid: `b${name.repeat(58)}`,
    own: [n]
  }))

  it('leads from a contribution to the root of its version', () => {
    entries.forEach((leaf, position) => {
      const proof: ProofView = {
        kind: 'version',
        datanet: keccak('net'),
        version: 1,
        leaf,
        position,
        count: 3,
        siblings: versionProof(entries, position).siblings.map(one => ({ ...one })),
        root: versionRoot(entries),
        ...anchored
      }
      assert.equal(goWay(proof).holds, true)
      assert.equal(goWay({ ...proof, leaf: { ...leaf, own: [9] } }).holds, false)
    })
  })

  it('leads from a payout and from a receipt to the roots of their epoch, with its sums', () => {
    const plain = ({ hash, sum }: { hash: string; sum: bigint }) => ({ hash, sum: sum.toString() })
    const lines = ['a', 'b', 'c'].map((name, n) => ({ account: accountOf(name), cumulative: BigInt(n + 1) }))
    const payouts = payoutsTree(lines)
    lines.forEach(({ account, cumulative }, at) => {
      const { index, siblings } = payouts.proof(at)
      const proof: ProofView = {
        kind: 'payout',
        pool: keccak('net'),
        epoch: 1,
        state: 'final',
        account,
        cumulative: cumulative.toString(),
        index: index.toString(),
        siblings: siblings.map(plain),
        root: plain(payouts.root),
        ...anchored
      }
      const way = goWay(proof)
      assert.equal(way.holds, true)
      assert.equal(way.steps.at(-1)?.sum, 6n)
      assert.deepEqual(way.steps[1]?.neighbour?.side, at % 2 === 0 ? 'right' : 'left')
      assert.equal(goWay({ ...proof, cumulative: '9' }).holds, false)
      assert.equal(goWay({ ...proof, index: '99' }).holds, false)
    })
    const all = [1n, 2n, 3n].map(sequence => receipt({ sequence }))
    const tree = receiptsTree(network, all)
    const { index, siblings } = tree.proof(1)
    const counted = all[1]!
    const proof: ProofView = {
      kind: 'receipt',
      pool: keccak('net'),
      epoch: 1,
      state: 'final',
      receipt: receiptId(network, counted),
      clientSignature: counted.clientSignature,
      workerSignature: counted.receipt.signature,
      fee: counted.receipt.message.fee.toString(),
      index: index.toString(),
      siblings: siblings.map(plain),
      root: plain(tree.root),
      ...anchored
    }
    assert.equal(goWay(proof).holds, true)
    assert.equal(goWay({ ...proof, fee: '1' }).holds, false)
  })
})
