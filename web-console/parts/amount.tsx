import { exactTokenText } from '../../protocol/primitives/tokens.ts'
import { amountText } from '../formats/index.ts'

/** An amount of the token with its unit; exact on hover. */
export function Amount({ of }: { readonly of: string | bigint }) {
  return (
    <span className="amount" title={`${exactTokenText(BigInt(of))} TILTH`}>
      {amountText(of)}
    </span>
  )
}
