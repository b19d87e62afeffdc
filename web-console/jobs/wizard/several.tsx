import { useState } from 'react'
import { Checkbox, CheckboxGroup, Label } from 'react-aria-components'
import type { DatanetView, JobView } from '../../../daemon/api/contract/views.ts'
import { tokensAbout } from '../../../protocol/jobs/recommend.ts'
import { useAct } from '../../api/index.ts'
import { countText, durationText } from '../../formats/index.ts'
import { Amount, Button, Card, Failure, Facts, Loading, Notice, Section, TextField } from '../../parts/index.ts'
import { Earlier } from './earlier.tsx'
import { useRecommended } from './use-plan.ts'

interface AddsProps {
  readonly base: string | null
  readonly datanet: DatanetView
  readonly jobs: readonly JobView[]
}

/** What one of several would bring in, and what it would cost by itself. */
function Adds({ base, datanet: { id, name }, jobs }: AddsProps) {
  const { data, error } = useRecommended(base, id)
  return (
    <Card>
      <h3>
        <bdi>{name}</bdi>
      </h3>
      {error !== null ? (
        <Failure error={error} />
      ) : data === undefined ? (
        <Loading what="what it adds" />
      ) : (
        <Facts
          facts={[
            ['Rows', countText(data.rows)],
            ['People who gave them', countText(data.players)],
            ['Text, about', `${countText(tokensAbout(data.characters))} tokens`],
            ['By itself, about', durationText(data.cost.seconds)],
            ['Cost by itself, about', <Amount key="cost" of={BigInt(data.cost.adapter) + BigInt(data.cost.siblings)} />]
          ]}
        />
      )}
      <div className="wizard-more">
        <Earlier jobs={jobs.filter(({ datanet }) => datanet === id)} />
      </div>
    </Card>
  )
}

interface SeveralProps {
  readonly base: string | null
  readonly datanets: readonly DatanetView[]
  readonly jobs: readonly JobView[]
  /** The mix that was founded, or that was there. */
  readonly take: (datanet: string) => void
}

/** Several Datanets become one to learn from: a mix, whose people are paid from one pool by what their rows add. */
export function Several({ base, datanets, jobs, take }: SeveralProps) {
  const [chosen, choose] = useState<readonly string[]>([])
  const [name, setName] = useState('')
  const mix = useAct('mixDatanets', ['datanets', 'datanet'])
  const ready = datanets.filter(({ latestVersion, parents }) => latestVersion > 0 && parents === undefined)
  const several = ready.filter(({ id }) => chosen.includes(id))
  if (ready.length < 2) return null
  const found = (): void =>
    mix.mutate(
      { body: { datanets: several.map(({ id }) => id), ...(name.trim() === '' ? {} : { name: name.trim() }) } },
      { onSuccess: ({ datanet }) => take(datanet.id) }
    )
  return (
    <Section title="Or several together">
      <CheckboxGroup className="several" value={[...chosen]} onChange={choose}>
        <Label className="visually-hidden">Datanets to mix</Label>
        {ready.map(({ id, name: called }) => (
          <Checkbox key={id} value={id} className="several-one">
            <span className="several-box" aria-hidden="true" />
            <bdi>{called}</bdi>
          </Checkbox>
        ))}
      </CheckboxGroup>
      {several.length < 2 ? null : (
        <>
          <div className="several-adds">
            {several.map(datanet => (
              <Adds key={datanet.id} base={base} datanet={datanet} jobs={jobs} />
            ))}
          </div>
          <Notice title="Together they are a Datanet of their own: a mix.">
            <p>
              It holds all that these have accepted, takes nothing else, and has one pool: everybody whose rows are in
              it is paid by what they add to an answer. A row that two of them hold counts once, and is credited to
              whoever committed it first. Founding it is a transaction; if you have mixed the same before, that one is
              taken.
            </p>
          </Notice>
          <div className="wizard-fields wizard-more">
            <TextField
              label="Name of the mix"
              note="Their names together, unless you give one."
              value={name}
              onChange={setName}
              placeholder={several.map(({ name: called }) => called).join(' + ')}
            />
          </div>
          {mix.error === null ? null : <Failure error={mix.error} />}
          <p className="wizard-more">
            <Button look="main" isDisabled={mix.isPending} onPress={found}>
              {mix.isPending ? 'Mixing them' : 'Mix them, and learn from that'}
            </Button>
          </p>
        </>
      )}
    </Section>
  )
}
