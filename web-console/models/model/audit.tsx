import type { ReactNode } from 'react'
import type { ModelView } from '../../../daemon/api/contract/index.ts'
import { useCall } from '../../api/index.ts'
import { amountText, manyText } from '../../formats/index.ts'
import { Facts, Notice, Section, Who } from '../../parts/index.ts'

type Pay = NonNullable<NonNullable<ModelView['audit']>['pay']>

/** What its builder has paid them. */
const payOf = (pay: Pay | undefined): [string, ReactNode][] =>
  (pay?.paid ?? []).map(({ auditor, amount }) => [
    pay?.closed === true ? 'Paid by its builder' : 'To be paid by its builder',
    <span key={auditor}>
      <Who account={auditor} /> {amountText(amount)}
    </span>
  ])

/** Who has run parts of its trainings again, or what it waits for until its answers count. */
export function Audit({ model }: { readonly model: string }) {
  const { data } = useCall('model', { id: model })
  const audit = data?.audit
  if (audit === undefined || audit.state === 'unaudited') return null
  if (audit.state !== 'passed') {
    const never = audit.state === 'refused' || audit.state === 'other'
    return (
      <Notice title={never ? 'It earns its data nothing, and never will.' : 'Its answers do not count yet.'}>
        <p>{audit.why[0]?.toUpperCase() + audit.why.slice(1)}.</p>
      </Notice>
    )
  }
  return (
    <Section
      title="Run again before it earned"
      note={`Chance drew ${manyText(audit.segments.length, 'part')} of its trainings, and who ran them again.`}
    >
      <Facts
        facts={[
          ...audit.segments.map(({ coalition, segment, agreed }): [string, ReactNode] => [
            `Part ${segment + 1} of adapter ${coalition}`,
            <span key={`${coalition}/${segment}`}>
              {agreed.map(account => (
                <Who key={account} account={account} />
              ))}
            </span>
          ]),
          ...payOf(audit.pay)
        ]}
      />
    </Section>
  )
}
