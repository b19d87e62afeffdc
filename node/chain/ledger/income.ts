import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ChainEvent } from '../events/index.ts'
import type { Draft } from './draft.ts'
import { emptyAccount, placeOf } from './records.ts'
import type { AccountRecord, IncomeKind, Tables } from './records.ts'

async function change(
  account: Address,
  draft: Draft,
  { accounts }: Tables,
  edit: (record: AccountRecord) => Partial<AccountRecord>
): Promise<void> {
  const known = (await draft.get(accounts, account)) ?? emptyAccount
  await draft.put(accounts, account, { ...known, ...edit(known) })
}

/** An account was paid by an event; what comes to nothing is not written. */
export async function earn(
  event: Pick<ChainEvent, 'block' | 'logIndex' | 'transaction'>,
  { account, kind, amount, of }: { account: Address; kind: IncomeKind; amount: bigint; of: Hex | null },
  draft: Draft,
  tables: Tables
): Promise<void> {
  if (amount === 0n) return
  const place = placeOf(event)
  const { block, transaction } = event
  await draft.put(tables.income, `${account}/${place}/${kind}`, { kind, amount, of, block, transaction, place })
  await change(account, draft, tables, ({ income }) => {
    const before = income[kind]
    return { income: { ...income, [kind]: { amount: before.amount + amount, times: before.times + 1 } } }
  })
}

/**
 * What a job's two parties have in an escrow, in or (`sign` -1) out of it again: the price is the builder's own and the
 * worker's to be, the deposit the worker's own.
 */
export async function hold(
  { builder, worker, amount, deposit }: { builder: Address; worker: Address; amount: bigint; deposit: bigint },
  sign: 1n | -1n,
  draft: Draft,
  tables: Tables
): Promise<void> {
  await change(builder, draft, tables, ({ escrowed }) => ({ escrowed: escrowed + sign * amount }))
  await change(worker, draft, tables, ({ expected, escrowed }) => ({
    expected: expected + sign * amount,
    escrowed: escrowed + sign * deposit
  }))
}
