import { keccak_256 } from '@noble/hashes/sha3.js'
import { InvalidError } from './errors.ts'
import { fromHex, toHex, zeroHash } from './hex.ts'
import type { Hex } from './hex.ts'

// Merkle sum trees, the same as in protocol/contracts/solidity/SumTree.sol (test/vectors/sum-tree.json holds the two
// together): leaf = keccak256(0x00 ‖ content ‖ sum), node = keccak256(0x01 ‖ left hash ‖ left sum ‖ right hash ‖ right
// sum) with sum left + right; an odd node is paired with the empty one. A tree's commitment is its root's (hash, sum).

export interface SumNode {
  readonly hash: Hex
  readonly sum: bigint
}
export interface SumLeaf {
  readonly content: Hex
  readonly sum: bigint
}
/** Siblings from the leaf up; bit i of `index` says whether the leaf's ancestor at level i is a right child. */
export interface SumProof {
  readonly index: bigint
  readonly siblings: readonly SumNode[]
}

/** Pairs an odd node, and is the root of a tree without leaves. */
export const emptyNode: SumNode = { hash: zeroHash, sum: 0n }

const limit = 1n << 256n
/** As in the contract: deeper than any tree that can be built. */
const maxDepth = 64

function checkedSum(a: bigint, b: bigint): bigint {
  const sum = a + b
  if (a < 0n || b < 0n || sum >= limit)
    throw new InvalidError('sum-tree.overflow', 'a sum tree holds unsigned sums of 256 bits')
  return sum
}

function hashOf(prefix: 0 | 1, words: readonly (Hex | bigint)[]): Hex {
  const bytes = new Uint8Array(1 + 32 * words.length)
  bytes[0] = prefix
  words.forEach((word, i) => {
    bytes.set(fromHex(typeof word === 'string' ? word : `0x${word.toString(16).padStart(64, '0')}`), 1 + 32 * i)
  })
  return toHex(keccak_256(bytes))
}

export function leafNode({ content, sum }: SumLeaf): SumNode {
  return { hash: hashOf(0, [content, checkedSum(sum, 0n)]), sum }
}

/** The hash that a node with these children has, whatever sum is stated for it. */
export const parentHash = (left: SumNode, right: SumNode): Hex =>
  hashOf(1, [left.hash, left.sum, right.hash, right.sum])

export interface SumTree {
  readonly root: SumNode
  /** levels[0] are the leaves (filled up with the empty node where odd), the last one is the root alone. */
  readonly levels: readonly (readonly SumNode[])[]
  /** @throws InvalidError `sum-tree.index` */
  proof(index: number): SumProof
}

/** @throws InvalidError `sum-tree.overflow` when the sums do not fit in 256 bits */
export function sumTree(leaves: readonly SumLeaf[]): SumTree {
  let level: SumNode[] = leaves.length === 0 ? [emptyNode] : leaves.map(leafNode)
  const levels = [level]
  while (level.length > 1) {
    if (level.length % 2 === 1) level.push(emptyNode)
    const above: SumNode[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left = emptyNode, right = emptyNode] = [level[i], level[i + 1]]
      above.push({ hash: parentHash(left, right), sum: checkedSum(left.sum, right.sum) })
    }
    levels.push(above)
    level = above
  }
  return {
    root: level[0] ?? emptyNode,
    levels,
    proof(index) {
      if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
        throw new InvalidError('sum-tree.index', `the tree has ${leaves.length} leaves, none at ${index}`)
      return {
        index: BigInt(index),
        siblings: levels.slice(0, -1).map((nodes, depth) => nodes[(index >> depth) ^ 1] ?? emptyNode)
      }
    }
  }
}

/**
 * The nodes on the way up from a member, the member first: the last one is the root of whatever tree it stands in. A
 * position has one name: an index with more bits than the path has levels is none, and has no way up.
 */
export function sumPath(member: SumNode, { index, siblings }: SumProof): SumNode[] | undefined {
  if (siblings.length > maxDepth || index < 0n || index >> BigInt(siblings.length) !== 0n) return undefined
  let node = member
  const path = [node]
  for (const [depth, sibling] of siblings.entries()) {
    const [left, right] = (index >> BigInt(depth)) & 1n ? [sibling, node] : [node, sibling]
    if (left.sum < 0n || right.sum < 0n || left.sum + right.sum >= limit) return undefined
    node = { hash: parentHash(left, right), sum: left.sum + right.sum }
    path.push(node)
  }
  return path
}

/** Whether a node stands under that root at the proof's position. */
export function inSumTree(root: SumNode, member: SumNode, proof: SumProof): boolean {
  const top = sumPath(member, proof)?.at(-1)
  return top !== undefined && top.hash === root.hash && top.sum === root.sum
}
