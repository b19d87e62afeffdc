import { useCall } from '../../api/index.ts'
import { manyText } from '../../formats/index.ts'
import { Facts, Notice, Section, Who } from '../../parts/index.ts'

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
        facts={audit.segments.map(({ coalition, segment, agreed }) => [
          `Part ${segment + 1} of adapter ${coalition}`,
          <span key={`${coalition}/${segment}`}>
            {agreed.map(account => (
              <Who key={account} account={account} />
            ))}
          </span>
        ])}
      />
    </Section>
  )
}
