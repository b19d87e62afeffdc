import type { ProofView, StatementView } from '../../daemon/api/contract/explorer.ts'
import { digest } from '../../protocol/crypto/digest.ts'
import { signedSchema } from '../../protocol/crypto/schema.ts'
import { recoverDigest } from '../../protocol/crypto/sign.ts'
import type { Network } from '../../protocol/crypto/statements.ts'
import { versionPath } from '../../protocol/data/version.ts'
import { countedLeaf, payoutLeaf } from '../../protocol/payouts/leaves.ts'
import { contentHash } from '../../protocol/primitives/canonical.ts'
import type { Address, Hex } from '../../protocol/primitives/hex.ts'
import { leafNode, sumPath } from '../../protocol/primitives/sum-tree.ts'
import type { SumLeaf } from '../../protocol/primitives/sum-tree.ts'

// What a browser finds out for itself, by the same functions as every node: nothing here asks the daemon anything.

/** Something that was looked at: what, whether it holds, and what was found. */
export interface Check {
  readonly what: string
  readonly holds: boolean
  readonly found: string
}

/** Whether a statement is what it says: its id, each signature, and what stands behind a hash in it. */
export function checkStatement(view: StatementView, network: { chainId: number; registry: string }): Check[] {
  const { id, type, message, signatures, content } = view
  const read = signedSchema(type).safeParse({ type, message, signature: signatures[0]?.signature })
  if (!read.success) return [{ what: 'Its fields', holds: false, found: 'They are not those of such a statement.' }]
  const domain: Network = { chainId: network.chainId, registry: network.registry as Address }
  const own = digest(domain, type, read.data.message)
  const checks: Check[] = [
    {
      what: 'Its id',
      holds: own === id,
      found: own === id ? 'The hash of its fields, for this network alone.' : `The hash of its fields is ${own}.`
    },
    ...signatures.map(({ as, by, signature }): Check => {
      const signer = recoverDigest(own, signature as Hex)
      return {
        what: `The ${as}’s signature`,
        holds: signer === by,
        found: signer === by ? `Made by the key of ${by}.` : `Made by ${signer ?? 'nobody: it is no signature'}.`
      }
    })
  ]
  if (content === null) return checks
  const hash = contentHash(content.json)
  const holds = hash === message[content.field]
  return [
    ...checks,
    {
      what: `What stands behind “${content.field}”`,
      holds,
      found: holds ? 'It has the hash that was signed.' : `It has another hash than the one that was signed: ${hash}.`
    }
  ]
}

/** One step of a way: with which neighbour the hash before is joined, and what comes of it. */
export interface Step {
  readonly hash: Hex
  readonly sum: bigint | undefined
  readonly neighbour: {
    readonly hash: string
    readonly side: 'left' | 'right'
    readonly sum: bigint | undefined
  } | null
}
export interface Way {
  /** The leaf first; the last one's hash is the root of whatever tree it stands in. */
  readonly steps: readonly Step[]
  /** Whether that is the root on chain. */
  readonly holds: boolean
  readonly root: string
}

function sumWay(leaf: SumLeaf, proof: Exclude<ProofView, { kind: 'version' }>): Way {
  const index = BigInt(proof.index)
  const siblings = proof.siblings.map(({ hash, sum }) => ({ hash: hash as Hex, sum: BigInt(sum) }))
  const path = sumPath(leafNode(leaf), { index, siblings }) ?? []
  const top = path.at(-1)
  return {
    root: proof.root.hash,
    holds: top !== undefined && top.hash === proof.root.hash && top.sum === BigInt(proof.root.sum),
    steps: path.map(({ hash, sum }, at) => {
      const sibling = at === 0 ? undefined : siblings[at - 1]
      const side = (index >> BigInt(at - 1 < 0 ? 0 : at - 1)) & 1n ? 'left' : 'right'
      return { hash, sum, neighbour: sibling === undefined ? null : { ...sibling, side } }
    })
  }
}

/** Goes the way from a leaf to its root, hash by hash. */
export function goWay(proof: ProofView): Way {
  switch (proof.kind) {
    case 'version': {
      const siblings = proof.siblings.map(({ hash, side }) => ({ hash: hash as Hex, side }))
      const { contribution, contributor, cid, own } = proof.leaf
      const leaf = { contribution: contribution as Hex, contributor: contributor as Address, cid, own: [...own] }
      const path = versionPath(leaf, { siblings })
      return {
        root: proof.root,
        holds: path.at(-1) === proof.root,
        steps: path.map((hash, at) => {
          const sibling = at === 0 ? undefined : siblings[at - 1]
          return { hash, sum: undefined, neighbour: sibling === undefined ? null : { ...sibling, sum: undefined } }
        })
      }
    }
    case 'receipt':
      return sumWay(
        countedLeaf({
          id: proof.receipt as Hex,
          clientSignature: proof.clientSignature as Hex,
          workerSignature: proof.workerSignature as Hex,
          fee: BigInt(proof.fee)
        }),
        proof
      )
    case 'payout':
      return sumWay(payoutLeaf({ account: proof.account as Address, cumulative: BigInt(proof.cumulative) }), proof)
  }
}
