import type { ReactNode } from 'react'
import { placeOf } from '../app/places.ts'
import type { Kind } from '../../daemon/api/contract/explorer.ts'
import { Amount, Id, When, Who } from '../parts/index.ts'

/** What a field of that name holds: an id of what, an amount, or a time in chain seconds. */
const meanings: Readonly<Record<string, Kind | 'amount' | 'time'>> = {
  account: 'account',
  asker: 'account',
  builder: 'account',
  challenger: 'account',
  client: 'account',
  contributor: 'account',
  from: 'account',
  holder: 'account',
  host: 'account',
  node: 'account',
  payout: 'account',
  proposer: 'account',
  reporter: 'account',
  scorer: 'account',
  settler: 'account',
  to: 'account',
  validator: 'account',
  worker: 'account',
  channel: 'channel',
  contribution: 'contribution',
  datanet: 'datanet',
  pool: 'datanet',
  poolId: 'datanet',
  escrow: 'escrow',
  job: 'job',
  model: 'model',
  receipt: 'receipt',
  base: 'file',
  bundle: 'file',
  cid: 'file',
  result: 'file',
  amount: 'amount',
  bond: 'amount',
  budget: 'amount',
  claimed: 'amount',
  cumulative: 'amount',
  deposit: 'amount',
  fee: 'amount',
  total: 'amount',
  inputPrice: 'amount',
  maxFee: 'amount',
  outputPrice: 'amount',
  paid: 'amount',
  payoutsTotal: 'amount',
  price: 'amount',
  receiptsTotal: 'amount',
  refunded: 'amount',
  returned: 'amount',
  siblingPrice: 'amount',
  slashed: 'amount',
  stake: 'amount',
  sum: 'amount',
  toBuilder: 'amount',
  toData: 'amount',
  toUpstream: 'amount',
  toWorker: 'amount',
  value: 'amount',
  availableAt: 'time',
  challengeEnds: 'time',
  closesAt: 'time',
  createdAt: 'time',
  deadline: 'time',
  expires: 'time',
  expiry: 'time',
  finishedAt: 'time',
  issuedAt: 'time',
  startedAt: 'time'
}

const isId = (text: string): boolean => /^0x[0-9a-f]{40,64}$/i.test(text) || /^[a-z0-9]{46,100}$/i.test(text)
const isWhole = (text: string): boolean => /^[0-9]+$/.test(text)
const isNothing = (text: string): boolean => /^(0x0*)?$/.test(text)

/** A value of a statement, an event or a call, as what it is: whatever has a page is a link to it. */
export function Field({ name, value }: { readonly name: string; readonly value: unknown }): ReactNode {
  const meaning = Object.hasOwn(meanings, name) ? meanings[name] : undefined
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'object' && value !== null) return <Nested value={value} />
  const text = String(value)
  if (isNothing(text)) return <span className="field-none">none</span>
  if (meaning === 'amount' && isWhole(text)) return <Amount of={text} />
  if (meaning === 'time' && isWhole(text)) return <When at={Number(text) * 1000} />
  if (meaning === 'account' && isId(text)) return <Who account={text.toLowerCase()} />
  if (meaning !== undefined && meaning !== 'amount' && meaning !== 'time' && isId(text))
    return <Id id={text} to={placeOf({ kind: meaning, id: text.startsWith('0x') ? text.toLowerCase() : text })} />
  if (/^0x[0-9a-f]{64}$/i.test(text)) return <Id id={text} />
  if (/^0x[0-9a-f]{40}$/i.test(text)) return <Who account={text.toLowerCase()} />
  return <bdi className={text.startsWith('0x') ? 'mono' : undefined}>{text}</bdi>
}

/** Names and values one level down, and so on. */
function Nested({ value }: { readonly value: object }) {
  const entries = Object.entries(value as Record<string, unknown>)
  if (entries.length === 0) return <span className="field-none">none</span>
  return (
    <dl className="nested">
      {entries.map(([name, item]) => (
        <div key={name}>
          <dt>{Array.isArray(value) ? `${Number(name) + 1}` : name}</dt>
          <dd>
            <Field name={name} value={item} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

interface FieldsProps {
  readonly fields: Readonly<Record<string, unknown>>
  /** Rows of the same list that are none of the fields. */
  readonly children?: ReactNode
}

/** Fields by their names, each as what it holds. */
export function Fields({ fields, children }: FieldsProps) {
  return (
    <dl className="fields">
      {Object.entries(fields).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Field name={name} value={value} />
          </dd>
        </div>
      ))}
      {children}
    </dl>
  )
}
