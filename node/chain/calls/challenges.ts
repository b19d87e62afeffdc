import { parseEventLogs } from 'viem'
import { attributionAnchorAbi } from '../../../protocol/contracts/index.ts'
import type { Connection } from '../connection/index.ts'
import { mined } from '../connection/index.ts'
import type { Addresses } from '../addresses.ts'
import type { Payouts } from './payouts-types.ts'

/** In the contract's order of `AttributionAnchor.Tree`. */
const treeIndex = { receipts: 0, payouts: 1 } as const

export type Challenges = Pick<
  Payouts,
  | 'challengeSignature'
  | 'challengeDuplicate'
  | 'challengeFee'
  | 'challengeNode'
  | 'challengeLeaf'
  | 'challengeModel'
  | 'veto'
>

/**
 * Fraud proofs. What holds costs the bond and voids the epoch; what does not is refused with `NoFraud` or `NotInTree`.
 */
export function createChallenges(connection: Connection, { anchor }: Addresses): Challenges {
  const at = { address: anchor, abi: attributionAnchorAbi } as const
  const what = (kind: string, pool: string, epoch: number): string => `${kind} challenge of epoch ${epoch} of ${pool}`
  return {
    challengeSignature: async (pool, epoch, evidence) =>
      mined(
        await connection.write({
          ...at,
          what: what('signature', pool, epoch),
          functionName: 'challengeSignature',
          args: [pool, epoch, evidence]
        })
      ),
    challengeDuplicate: async (pool, epoch, evidence, firstEpoch, first) =>
      mined(
        await connection.write({
          ...at,
          what: what('duplicate', pool, epoch),
          functionName: 'challengeDuplicate',
          args: [pool, epoch, evidence, firstEpoch, first]
        })
      ),
    challengeFee: async (pool, epoch, evidence) =>
      mined(
        await connection.write({
          ...at,
          what: what('fee', pool, epoch),
          functionName: 'challengeFee',
          args: [pool, epoch, evidence]
        })
      ),
    challengeModel: async (pool, epoch, evidence) =>
      mined(
        await connection.write({
          ...at,
          what: what('model', pool, epoch),
          functionName: 'challengeModel',
          args: [pool, epoch, evidence]
        })
      ),
    challengeNode: async (pool, epoch, tree, evidence) =>
      mined(
        await connection.write({
          ...at,
          what: what('sum', pool, epoch),
          functionName: 'challengeNode',
          args: [pool, epoch, treeIndex[tree], evidence]
        })
      ),
    challengeLeaf: async (pool, epoch, tree, evidence) =>
      mined(
        await connection.write({
          ...at,
          what: what('sum', pool, epoch),
          functionName: 'challengeLeaf',
          args: [pool, epoch, treeIndex[tree], evidence]
        })
      ),
    async veto(pool, epoch, round) {
      const receipt = await connection.write({
        ...at,
        what: `veto of epoch ${epoch} of ${pool}`,
        functionName: 'veto',
        args: [pool, epoch, round]
      })
      return {
        ...mined(receipt),
        voided: parseEventLogs({ abi: attributionAnchorAbi, eventName: 'EpochVoided', logs: receipt.logs }).length > 0
      }
    }
  }
}
