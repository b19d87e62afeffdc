import { exactTokenText } from '../../protocol/primitives/index.ts'
import type { StatusView } from '../api/contract/index.ts'
import type { Finding } from './finding.ts'
import { tokens } from './output.ts'

/** Below so many transactions the owner is told to send coin. */
const fewTransactions = 50

/** What to do about an account that can pay for few transactions or none; undefined while all is well. */
export function gasAdvice({ address, transactions }: Pick<StatusView, 'address' | 'transactions'>): string | undefined {
  if (transactions >= fewTransactions) return undefined
  const what = transactions === 0 ? 'No transaction can be sent' : `Only about ${transactions} more transactions`
  return (
    `${what}: from another node \`tilth wallet send ${address} AMOUNT --coin\`, ` +
    'on a local network `tilth wallet fund --local`.'
  )
}

/** What to do about a stake that is too small for what the node is meant to do. */
export function stakeAdvice({
  roles,
  stake,
  minStake
}: Pick<StatusView, 'roles' | 'stake' | 'minStake'>): string | undefined {
  const bonded = roles.filter(role => role === 'settler' || role === 'scorer')
  const missing = BigInt(minStake) - BigInt(stake)
  if (bonded.length > 0 && missing > 0n)
    return (
      `A ${bonded.join(' or ')} needs ${exactTokenText(BigInt(minStake))} at stake: ` +
      `tilth wallet stake ${exactTokenText(missing)}`
    )
  if (roles.includes('validator') && BigInt(stake) === 0n)
    return 'A validator without a stake risks nothing by its votes: tilth wallet stake AMOUNT'
  if (roles.includes('worker') && missing > 0n)
    return (
      'A worker with less at stake cannot challenge an epoch that leaves its answers out: ' +
      `tilth wallet stake ${exactTokenText(missing)}`
    )
  return undefined
}

/** Whether the daemon can pay for its transactions and has at stake what its roles ask. */
export function moneyFindings(status: StatusView): Finding[] {
  const [gas, stake] = [gasAdvice(status), stakeAdvice(status)]
  return [
    {
      check: 'gas',
      ok: gas === undefined,
      required: false,
      found: `${tokens(status.gas)} coin, about ${status.transactions} transactions`,
      ...(gas === undefined ? {} : { help: gas })
    },
    {
      check: 'stake',
      ok: stake === undefined,
      required: false,
      found: `${tokens(status.stake)} tokens for ${status.roles.join(', ')}`,
      ...(stake === undefined ? {} : { help: stake })
    }
  ]
}
