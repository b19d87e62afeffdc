import { useState } from 'react'
import { api, useList } from '../api/index.ts'
import type { TimedPayment } from '../../daemon/api/contract/earnings.ts'
import { places } from '../app/places.ts'
import { useWord } from '../app/use-place.ts'
import { Amount, Button, Chip, Failure, Id, ReadList, Section, Table, When } from '../parts/index.ts'
import { paymentsCsv } from './csv.ts'
import { kindOrder, kindWords, paymentsPlace } from './kinds.ts'
import { WhyPayment } from './why-payment.tsx'

/** Payments that one file holds at most. */
const mostInFile = 50_000

/** Where the page of what a payment is for is. */
function placeFor({ kind, of }: TimedPayment): string | undefined {
  if (of === null) return undefined
  if (kind === 'training') return places.job(of)
  if (kind === 'serving' || kind === 'building' || kind === 'upstream') return places.model(of)
  return places.datanet(of)
}

/** All payments, read page by page, as a file. */
async function download(account: string): Promise<void> {
  const payments: TimedPayment[] = []
  let cursor: string | undefined
  do {
    const page = await api.call('income', {
      params: { account, limit: 1000, ...(cursor === undefined ? {} : { cursor }) }
    })
    payments.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && payments.length < mostInFile)
  const url = URL.createObjectURL(new Blob([paymentsCsv(payments)], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `tilth-earnings-${account.slice(0, 10)}.csv`
  link.click()
  setTimeout(() => {
    URL.revokeObjectURL(url)
  }, 10_000)
}

function Csv({ account }: { readonly account: string }) {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const save = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await download(account)
    } catch (cause) {
      setError(cause as Error)
    }
    setBusy(false)
  }
  return (
    <>
      <Button onPress={() => void save()} isDisabled={isBusy}>
        {isBusy ? 'Reading all payments' : 'Save as CSV'}
      </Button>
      {error === undefined ? null : <Failure error={error} />}
    </>
  )
}

/** Each payment, what it was for, and the transaction that brought it. */
export function Payments({ account }: { readonly account: string }) {
  const payments = useList('income', { account, limit: 50 })
  const [open, setOpen] = useState<TimedPayment>()
  const [work, setWork] = useWord('work')
  const chosen = kindOrder.find(kind => kind === work)
  return (
    <Section
      title={chosen === undefined ? 'Every payment' : `Every payment for ${kindWords[chosen].name.toLowerCase()}`}
      actions={
        <span className="payments-actions" id={paymentsPlace}>
          {chosen === undefined ? null : (
            <Button
              onPress={() => {
                setWork('')
              }}
            >
              Show all work
            </Button>
          )}
          <Csv account={account} />
        </span>
      }
    >
      <ReadList from={payments} what="payments" empty={{ title: 'Nothing was paid to this account yet.' }}>
        {items => (
          <Table
            label="Every payment"
            items={items.filter(({ kind }) => chosen === undefined || kind === chosen)}
            keyOf={({ transaction, kind, amount, of }) => `${transaction} ${kind} ${amount} ${of ?? ''}`}
            columns={[
              { name: 'When', cell: ({ at, block }) => (at === null ? `block ${block}` : <When at={at} />) },
              { name: 'Work', cell: ({ kind }) => <Chip phase={kindWords[kind].phase}>{kindWords[kind].name}</Chip> },
              {
                name: 'For',
                cell: payment => {
                  const to = placeFor(payment)
                  return payment.of === null || to === undefined ? (
                    ''
                  ) : (
                    <Id id={payment.of} to={to} {...(payment.name === '' ? {} : { name: payment.name })} />
                  )
                }
              },
              { name: 'Amount', number: true, cell: ({ amount }) => <Amount of={amount} /> },
              {
                name: 'Transaction',
                cell: ({ transaction }) => <Id id={transaction} to={places.transaction(transaction)} />
              },
              {
                name: 'Why',
                number: true,
                cell: payment => (
                  <Button
                    look="quiet"
                    onPress={() => {
                      setOpen(payment)
                    }}
                  >
                    Why this much?
                  </Button>
                )
              }
            ]}
          />
        )}
      </ReadList>
      {open === undefined ? null : (
        <WhyPayment
          account={account}
          payment={open}
          close={() => {
            setOpen(undefined)
          }}
        />
      )}
    </Section>
  )
}
