import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  InvalidError,
  emptyNode,
  inSumTree,
  keccak,
  leafNode,
  sumTree,
  zeroHash
} from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

interface TextNode {
  hash: Hex
  sum: string
}
interface Vectors {
  trees: {
    count: number
    leaves: { content: Hex; sum: string }[]
    leafHashes: Hex[]
    root: TextNode
    proofs: { index: number; siblings: TextNode[] }[]
  }[]
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/sum-tree.json', import.meta.url), 'utf8')) as Vectors
const node = ({ hash, sum }: TextNode) => ({ hash, sum: BigInt(sum) })
const leaves = fc.array(fc.record({ content: fc.nat().map(n => keccak(String(n))), sum: fc.bigInt(0n, 1n << 200n) }), {
  maxLength: 40
})

describe('Merkle sum trees', () => {
  for (const tree of vectors.trees) {
    it(`agrees with the contract's vectors for ${tree.count} leaves`, () => {
      const content = tree.leaves.map(leaf => ({ content: leaf.content, sum: BigInt(leaf.sum) }))
      const built = sumTree(content)
      assert.deepEqual(built.root, node(tree.root))
      assert.deepEqual(
        content.map(leaf => leafNode(leaf).hash),
        tree.leafHashes
      )
      for (const { index, siblings } of tree.proofs) {
        assert.deepEqual(built.proof(index), { index: BigInt(index), siblings: siblings.map(node) })
      }
    })
  }

  it('proves every leaf, with the sum of all at the root', () => {
    fc.assert(
      fc.property(leaves, content => {
        const tree = sumTree(content)
        assert.equal(
          tree.root.sum,
          content.reduce((sum, leaf) => sum + leaf.sum, 0n)
        )
        content.forEach((leaf, i) => {
          assert.ok(inSumTree(tree.root, leafNode(leaf), tree.proof(i)))
        })
      })
    )
  })

  it('proves nothing else: another sum, content, position, sibling or root', () => {
    fc.assert(
      fc.property(
        leaves.filter(list => list.length > 1),
        fc.nat(),
        fc.nat(),
        fc.bigInt(1n, 1n << 100n),
        (content, pick, other, extra) => {
          const tree = sumTree(content)
          const index = pick % content.length
          const leaf = content[index] ?? assert.fail()
          const proof = tree.proof(index)
          assert.ok(!inSumTree(tree.root, leafNode({ ...leaf, sum: leaf.sum + extra }), proof))
          assert.ok(!inSumTree(tree.root, { ...leafNode(leaf), sum: leaf.sum + extra }, proof))
          assert.ok(!inSumTree(tree.root, leafNode({ ...leaf, content: keccak('other') }), proof))
          assert.ok(!inSumTree({ ...tree.root, sum: tree.root.sum + extra }, leafNode(leaf), proof))
          assert.ok(
            !inSumTree(tree.root, leafNode(leaf), {
              ...proof,
              index: proof.index + (1n << BigInt(proof.siblings.length))
            })
          )
          const level = other % proof.siblings.length
          const siblings = proof.siblings.map((sibling, i) =>
            i === level ? { ...sibling, sum: sibling.sum + extra } : sibling
          )
          assert.ok(!inSumTree(tree.root, leafNode(leaf), { ...proof, siblings }))
        }
      )
    )
  })

  it('has the empty node as root of nothing, and no proof in it', () => {
    assert.deepEqual(sumTree([]).root, emptyNode)
    assert.equal(emptyNode.hash, zeroHash)
    assert.throws(() => sumTree([]).proof(0), InvalidError)
  })

  it('refuses sums that do not fit, and paths that would wrap prove nothing', () => {
    const content = keccak('a')
    assert.throws(
      () =>
        sumTree([
          { content, sum: (1n << 256n) - 1n },
          { content, sum: 1n }
        ]),
      InvalidError
    )
    assert.throws(() => sumTree([{ content, sum: -1n }]), InvalidError)
    const leaf = leafNode({ content, sum: 5n })
    assert.ok(
      !inSumTree({ hash: leaf.hash, sum: 4n }, leaf, {
        index: 0n,
        siblings: [{ hash: zeroHash, sum: (1n << 256n) - 1n }]
      })
    )
  })
})
