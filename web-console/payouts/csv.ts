import type { TimedPayment } from '../../daemon/api/contract/earnings.ts'
import { exactTokenText } from '../../protocol/primitives/tokens.ts'
import { kindWords } from './kinds.ts'

/** A cell as spreadsheets take it: quoted, and never a formula, whatever somebody called a model. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return `"${safe.replaceAll('"', '""')}"`
}

const columns = ['time', 'work', 'TILTH', 'for', 'id', 'block', 'transaction'] as const

/** Payments as a table that any spreadsheet opens; amounts exact, times in UTC. */
export function paymentsCsv(payments: readonly TimedPayment[]): string {
  const rows = payments.map(({ at, kind, amount, name, of, block, transaction }) => [
    at === null ? '' : new Date(at).toISOString(),
    kindWords[kind].name,
    exactTokenText(BigInt(amount)),
    name,
    of ?? '',
    block,
    transaction
  ])
  return [columns, ...rows].map(row => row.map(cell).join(',')).join('\r\n')
}
