import type { BondView } from '../../../daemon/api/contract/bonds.ts'
import { exactTokenText } from '../../../protocol/primitives/tokens.ts'
import { When } from '../../parts/index.ts'

/** What is locked with a contribution, and whether it comes back. */
export function Bond({ of: { amount, state, until, spam, total } }: { readonly of: BondView }) {
  const tokens = `${exactTokenText(BigInt(amount))} tokens`
  if (state === 'returned') return <>{tokens}, given back</>
  if (state === 'burnt') return <>{tokens}, burnt: more than two thirds of its validators called it spam</>
  return (
    <>
      {tokens}, back <When at={until} />
      {spam === 0 ? null : `; called spam by a weight of ${spam} of ${total}`}
    </>
  )
}
