import { useMemo, useState } from 'react'
import type { StatementView } from '../../daemon/api/contract/explorer.ts'
import { Button, Card, Chip, Id, Who } from '../parts/index.ts'
import { Checks } from './checks.tsx'
import { Field, Fields } from './field.tsx'
import { checkStatement } from './verify.ts'
import { statementWords } from './words.ts'

interface StatementProps {
  readonly statement: StatementView
  readonly network: { readonly chainId: number; readonly registry: string }
}

/** A statement: what it means, its fields, and its signatures as this browser finds them. */
export function Statement({ statement, network }: StatementProps) {
  const [isRaw, setRaw] = useState(false)
  const checks = useMemo(() => checkStatement(statement, network), [statement, network])
  const { title, phase, means } = statementWords[statement.type]
  const { type, message, signatures, content } = statement
  return (
    <Card phase={phase}>
      <div className="statement-head">
        <h3>{title}</h3>
        <Chip phase={checks.every(({ holds }) => holds) ? phase : 'wrong'}>
          {checks.every(({ holds }) => holds) ? 'signature holds' : 'does not hold'}
        </Chip>
        <Id id={statement.id} />
      </div>
      <p className="statement-means">{means}</p>
      <Fields fields={message}>
        {signatures.map(({ as, by }) => (
          <div key={as}>
            <dt>signed by the {as}</dt>
            <dd>
              <Who account={by} />
            </dd>
          </div>
        ))}
      </Fields>
      {content === null ? null : (
        <details className="behind">
          <summary>What stands behind “{content.field}”</summary>
          <Field name={content.field} value={content.json} />
        </details>
      )}
      <Checks checks={checks} />
      <Button
        look="quiet"
        aria-expanded={isRaw}
        onPress={() => {
          setRaw(!isRaw)
        }}
      >
        {isRaw ? 'Hide what was signed' : 'Show it as it was signed'}
      </Button>
      {isRaw ? <pre className="raw">{JSON.stringify({ type, message, signatures, network }, null, 2)}</pre> : null}
    </Card>
  )
}
