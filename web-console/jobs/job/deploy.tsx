import { useState } from 'react'
import type { DatanetView, JobView, ModelView } from '../../../daemon/api/contract/views.ts'
import { licenceText } from '../../../protocol/primitives/licences.ts'
import { splitText, usualSplitFor } from '../../../protocol/primitives/split.ts'
import { useAct, useCall, useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { manyText } from '../../formats/index.ts'
import {
  Amount,
  Button,
  Card,
  Confirm,
  Facts,
  Failure,
  GoButton,
  Section,
  TextField,
  useNames
} from '../../parts/index.ts'
import { ServeForm } from '../../models/model/serve-form.tsx'
import { splitOf, typedSplit } from './split-text.ts'
import { Terms, usualLicence } from './terms.tsx'
import { UpstreamFields } from './upstream.tsx'

/** An address that others open in their own console or this one. */
function Share({ model }: { readonly model: ModelView }) {
  const [copied, setCopied] = useState<string>()
  const link = `${location.origin}${places.model(model.id)}`
  const command = `tilth ask --model ${model.name} "…"`
  const copy = (text: string): void => {
    void navigator.clipboard.writeText(text).then(() => setCopied(text))
  }
  return (
    <div className="shared">
      <code className="shared-text">{link}</code>
      <Button onPress={() => copy(link)}>{copied === link ? 'Copied' : 'Copy the link'}</Button>
      <code className="shared-text">{command}</code>
      <Button onPress={() => copy(command)}>{copied === command ? 'Copied' : 'Copy the command'}</Button>
    </div>
  )
}

/** A worker serves at its own price; who is none is told whose price it is. */
function Price({ model, isWorker }: { readonly model: ModelView; readonly isWorker: boolean }) {
  if (!isWorker)
    return (
      <p className="choice-note">
        {model.offers.length === 0
          ? 'No worker offers it yet. The one that trained it does within a minute, at its own price for a token.'
          : `Offered by ${manyText(model.offers.length, 'worker')}, each at its own price for a token.`}
      </p>
    )
  return <ServeForm model={model.id} />
}

function Deployed({ model, datanet }: { readonly model: ModelView; readonly datanet: DatanetView }) {
  const status = useCall('status')
  const nameOf = useNames()
  const { split } = model
  return (
    <Card phase="models">
      <Facts
        facts={[
          ['Name', model.name],
          ['Of each fee', `${splitText(split)}${model.upstreamName === undefined ? '' : `, to ${model.upstreamName}`}`],
          ['Licence', model.licence ?? 'none was said'],
          ['Licence of its data', datanet.licence],
          ...model.offers.slice(0, 3).map(
            ({ worker, outputPrice }) =>
              [
                `Price at ${nameOf(worker)}`,
                <span key={worker}>
                  <Amount of={outputPrice} /> a token
                </span>
              ] as const
          )
        ]}
      />
      <div className="wizard-more">
        <Price model={model} isWorker={status.data?.roles.includes('worker') ?? false} />
      </div>
      <div className="wizard-more">
        <Share model={model} />
      </div>
      <p className="wizard-more wizard-line">
        <GoButton to={places.model(model.id)} look="main">
          Open it in the bazaar
        </GoButton>
        <GoButton to={places.chat(model.id)}>Talk to it</GoButton>
      </p>
    </Card>
  )
}

interface FormProps {
  readonly job: JobView
  readonly datanet: DatanetView
  /** What the base was registered as, the first registration first. */
  readonly bases: readonly ModelView[]
}

function Form({ job, datanet, bases }: FormProps) {
  const [name, setName] = useState(job.product?.name ?? `${datanet.name}-v${job.version}`)
  const [licence, setLicence] = useState(job.product?.licence ?? usualLicence(datanet))
  const [split, setSplit] = useState(() =>
    typedSplit(job.product?.split ?? usualSplitFor(datanet.rules.leastDataShare))
  )
  const [upstream, setUpstream] = useState<string | undefined>(job.product?.upstream)
  const [isAsking, setAsking] = useState(false)
  const register = useAct('registerModel', ['models', 'job'])
  const read = splitOf(split, datanet.rules.leastDataShare)
  const above = bases.find(({ id }) => id === upstream) ?? bases[0]
  const fault = 'fault' in read ? read.fault : undefined
  const licenceFault =
    licence.trim() === '' || licenceText.safeParse(licence.trim()).success
      ? undefined
      : 'An SPDX identifier, such as CC-BY-4.0; LicenseRef- and a name for any other.'
  const isWrong = fault !== undefined || licenceFault !== undefined || name.trim() === ''
  const send = (): void => {
    if ('fault' in read) return
    register.mutate(
      {
        body: {
          name: name.trim(),
          job: job.id,
          split: read.split,
          ...(read.split.upstream === undefined || above === undefined ? {} : { upstream: above.id }),
          ...(licence.trim() === '' ? {} : { licence: licence.trim() })
        }
      },
      { onSuccess: () => setAsking(false) }
    )
  }
  return (
    <>
      <div className="wizard-fields">
        <TextField
          label="Name"
          note="What people ask for. A name that looks like another's is refused."
          value={name}
          onChange={setName}
          fault={name.trim() === '' ? 'A model needs a name.' : undefined}
        />
        <TextField
          label="Licence"
          note="What others may do with it: an SPDX identifier such as CC-BY-4.0 or Apache-2.0. It stands on chain."
          value={licence}
          onChange={setLicence}
          fault={licenceFault}
        />
      </div>
      <h3 className="deploy-split">Who gets what of every fee, in percent</h3>
      <div className="wizard-fields">
        <TextField
          label="Worker"
          note="Whoever answers."
          number
          value={split.worker}
          onChange={worker => setSplit({ ...split, worker })}
        />
        <TextField
          label="Builder"
          note="You, who had it made."
          number
          value={split.builder}
          onChange={builder => setSplit({ ...split, builder })}
        />
        <TextField
          label="Data"
          note="The people whose rows an answer owes to."
          number
          value={split.data}
          onChange={data => setSplit({ ...split, data })}
          fault={fault}
        />
        <UpstreamFields
          bases={bases}
          chosen={above}
          choose={setUpstream}
          percent={split.upstream}
          setPercent={percent => setSplit({ ...split, upstream: percent })}
        />
      </div>
      <div className="wizard-more">
        <Terms licence={licence.trim()} datanet={datanet} base={bases[0]} />
      </div>
      <p className="wizard-more wizard-line">
        <Button look="main" isDisabled={isWrong} onPress={() => setAsking(true)}>
          Deploy it
        </Button>
      </p>
      <Confirm
        title={`Deploy it as ${name.trim()}?`}
        isOpen={isAsking}
        close={() => setAsking(false)}
        act="Register it on chain"
        isBusy={register.isPending}
        onAct={send}
      >
        {'fault' in read ? null : (
          <p>
            Of every fee: {splitText(read.split)}
            {read.split.upstream === undefined || above === undefined ? '' : `, to ${above.name}`}. Licence:{' '}
            {licence.trim() === '' ? 'none is said' : licence.trim()}.
          </p>
        )}
        <p>
          The registration is on chain for good, and costs the gas of one transaction. Another split later is another
          registration; a name can be retired.
        </p>
        {register.error === null ? null : <Failure error={register.error} />}
      </Confirm>
    </>
  )
}

/** Name, licence, split and price, and then the model's address for others. */
export function Deploy({ job, datanet }: { readonly job: JobView; readonly datanet: DatanetView }) {
  const models = useList('models', { limit: 500 })
  const model = models.items?.find(({ result }) => result === job.result)
  const bases = models.items?.filter(one => one.adapter === null && one.result === null && one.base === job.base) ?? []
  return (
    <Section
      title={model === undefined ? 'Deploy it' : `It is deployed as ${model.name}`}
      note={
        model === undefined
          ? 'Once it is registered, workers can offer it, anybody can ask it, and every fee is shared as you say here.'
          : undefined
      }
    >
      {model === undefined ? (
        <Form job={job} datanet={datanet} bases={bases} />
      ) : (
        <Deployed model={model} datanet={datanet} />
      )}
    </Section>
  )
}
