import type { TransactionOnChain } from '../../../../node/chain/types.ts'
import type { Json, TransactionView } from '../../contract/index.ts'

/** Characters of one text, and items of one list, that are shown of what a transaction was given. */
const mostText = 400
const mostItems = 64

/** What a contract was given, as JSON: wide integers as decimal text, and nothing without end. */
function shown(value: unknown): Json {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') return value.length > mostText ? `${value.slice(0, mostText)}…` : value
  if (Array.isArray(value)) return value.slice(0, mostItems).map(shown)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return null
  return shownFields(value)
}
const shownFields = (value: object): Record<string, Json> =>
  Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shown(item)]))

export const transactionView = (sent: TransactionOnChain): TransactionView => ({
  hash: sent.hash,
  block: sent.block.toString(),
  at: Number(sent.at) * 1000,
  from: sent.from,
  to: sent.to,
  contract: sent.contract,
  call: sent.call === null ? null : { name: sent.call.name, args: shownFields(sent.call.args) },
  succeeded: sent.succeeded,
  gasUsed: sent.gasUsed.toString(),
  cost: sent.cost.toString(),
  events: sent.events.map(({ name, block: _block, logIndex: _logIndex, transaction: _transaction, ...fields }) => ({
    name,
    fields: shownFields(fields)
  })),
  transfers: sent.transfers.map(({ from, to, amount }) => ({ from, to, amount: amount.toString() }))
})
