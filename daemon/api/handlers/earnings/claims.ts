import { encodeFunctionData } from 'viem'
import type { Node } from '../../../../node/node.ts'
import type { ClaimPaper } from '../../../../node/payouts/index.ts'
import { attributionAnchorAbi } from '../../../../protocol/contracts/index.ts'
import type { Address } from '../../../../protocol/primitives/index.ts'
import type { ClaimCallView } from '../../contract/index.ts'
import type { Names } from './names.ts'

/** A claim as call data: `claim(pool, account, cumulative, proof)` of the anchor contract. */
export const claimData = ({ pool, account, cumulative, proof }: ClaimPaper): string =>
  encodeFunctionData({
    abi: attributionAnchorAbi,
    functionName: 'claim',
    args: [pool, account, cumulative, { index: proof.index, siblings: [...proof.siblings] }]
  })

/** What a wallet may send for an account. Whoever sends it pays the gas, whoever's it is gets the tokens. */
export async function claimCalls(
  { payouts }: Pick<Node, 'payouts'>,
  account: Address,
  names: Names
): Promise<ClaimCallView[]> {
  const calls: ClaimCallView[] = []
  for (const paper of await payouts.claims(account)) {
    const { pool, epoch, cumulative, claimed, proof, root } = paper
    const node = ({ hash, sum }: { hash: string; sum: bigint }) => ({ hash, sum: sum.toString() })
    calls.push({
      pool,
      name: await names.datanet(pool),
      epoch,
      amount: (cumulative - claimed).toString(),
      cumulative: cumulative.toString(),
      claimed: claimed.toString(),
      data: claimData(paper),
      proof: { index: proof.index.toString(), siblings: proof.siblings.map(node) },
      root: node(root)
    })
  }
  return calls
}
