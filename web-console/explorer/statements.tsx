import { useCall } from '../api/index.ts'
import { placeOf } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { shortId } from '../formats/index.ts'
import { GoButton, Notice, Page as Frame, Read, Section } from '../parts/index.ts'
import { Statement } from './statement.tsx'
import { Ways } from './ways.tsx'
import { kindWords, statementWords } from './words.ts'
import './explorer.css'

/** Everything signed under an id. */
export function Statements({ id }: { readonly id: string }) {
  const statements = useCall('statements', { id, limit: 200 })
  return (
    <Read from={statements} what="what was signed">
      {({ items, network, next }) => (
        <div className="explorer-stack">
          {items.map(statement => (
            <Statement key={`${statement.type} ${statement.id}`} statement={statement} network={network} />
          ))}
          {next === null ? null : (
            <Notice title="More was signed than is shown here: open a bid or a vote by its id." />
          )}
        </div>
      )}
    </Read>
  )
}

/** What was signed under an id, checked here, and its way to the chain. */
export function Page() {
  const id = useParameter('id')
  const statements = useCall('statements', { id, limit: 200 })
  const only = statements.data?.items.length === 1 ? statements.data.items[0] : undefined
  const about = statements.data?.items[0]?.about
  const isWhole = about !== undefined && about.id === id
  return (
    <Frame
      title={only === undefined ? 'What was signed' : statementWords[only.type].title}
      lead="Everything that counts in this network is signed by who says it. Your browser checks it here, by itself."
      actions={
        about === undefined ? null : (
          <GoButton to={placeOf(about)}>
            {kindWords[about.kind].name} {shortId(about.id)}
          </GoButton>
        )
      }
    >
      <Statements id={id} />
      {isWhole && (about.kind === 'contribution' || about.kind === 'receipt') ? <Ways id={id} /> : null}
      {isWhole || about === undefined ? null : (
        <Section title={`What it belongs to: ${kindWords[about.kind].name.toLowerCase()} ${shortId(about.id)}`}>
          <GoButton to={placeOf(about)}>Open it</GoButton>
        </Section>
      )}
    </Frame>
  )
}
