import { Navigate } from '@tanstack/react-router'
import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useParameter } from '../../app/use-place.ts'
import { manyText, shareText, shortId } from '../../formats/index.ts'
import { Facts, Go, GoButton, Id, Notice, Page as Frame, Read, Section, Who } from '../../parts/index.ts'
import { priceText, qualityText } from '../bazaar/words.ts'
import { Audit } from './audit.tsx'
import { Lineage } from './lineage.tsx'
import { Passed } from './passed.tsx'
import { Quality } from './quality.tsx'
import { ServeHere } from './serve-here.tsx'
import { Use } from './use.tsx'
import { Workers } from './workers.tsx'
import './model.css'

/** One model: how well it does and by whose word, who made it, who uses and serves it, and where it comes from. */
export function Page() {
  const model = useCall('bazaarModel', { id: useParameter('id') })
  return (
    <Read from={model} what="the model">
      {found => (found.agent === true ? <Navigate to={places.agent(found.id)} replace /> : <Model model={found} />)}
    </Read>
  )
}

const points = (basisPoints: number): string => shareText(basisPoints / 10_000)

function titleOf({ name, quality, adapter }: BazaarView): string {
  if (adapter === null) return `${name} is a base that models grow from`
  const taught = quality === null ? 0 : Object.values(quality.values).filter(value => BigInt(value) > 0n).length
  return taught === 0 ? name : `${name} knows what ${taught === 1 ? 'one person' : `${taught} people`} taught it`
}

function Model({ model }: { readonly model: BazaarView }) {
  const { id, name, retired, adapter, datanet, datanetName, version, baseName, base, split, builder, worker } = model
  return (
    <Frame
      phase="models"
      above={<Go to={places.bazaar}>Bazaar</Go>}
      title={titleOf(model)}
      lead={
        <>
          {adapter === null ? (
            'It learnt from nobody’s contributions, so its answers pay no data.'
          ) : (
            <>
              Grown from {baseName ?? 'a base'} on <Go to={places.datanet(datanet)}>{datanetName ?? 'its Datanet'}</Go>,
              version {version}. {qualityText(model)}
            </>
          )}
        </>
      }
      actions={
        <>
          <GoButton to={places.compare([id])}>Compare</GoButton>
          <GoButton look="main" to={places.chat(id)}>
            Ask it
          </GoButton>
        </>
      }
    >
      {retired ? (
        <Notice title="Its builder has retired it.">
          <p>Nobody opens new channels for it; what was agreed is paid. The list shows what took its place.</p>
        </Notice>
      ) : null}
      {model.left === undefined ? null : (
        <Notice
          title={
            model.left === 1
              ? 'A contribution that it was grown from has left.'
              : `${manyText(model.left, 'contribution')} that it was grown from have left.`
          }
        >
          <p>
            They were taken back or taken down since. Its builder makes it again on what the Datanet holds now:{' '}
            <code>tilth tune --like {name}</code>
          </p>
        </Notice>
      )}
      <Audit model={id} />
      <Quality model={model} />
      <Workers model={model} />
      <ServeHere model={model} />
      <Use model={id} />
      <Lineage model={id} />
      <Section title="What each answer’s fee is split into" note={`Asked now: ${priceText(model)}.`}>
        <Facts
          facts={[
            ['Whoever serves it', points(split.worker)],
            ['Its builder', points(split.builder)],
            ['Its data', points(split.data)],
            ...(model.upstream === undefined
              ? []
              : [['What it grew from', <Passed key="upstream" model={model} />] as const]),
            ['Licence', model.licence ?? 'none was said'],
            ['Builder', <Who key="builder" account={builder} />],
            ['Trained by', <Who key="worker" account={worker} />],
            ['Id', <Id key="id" id={id} to={places.model(id)} />],
            ['Base', <Id key="base" id={base} />],
            ...(adapter === null ? [] : [['Adapter', <Id key="adapter" id={adapter} />] as const]),
            ...(model.result === null ? [] : [['Result of its job', <Id key="result" id={model.result} />] as const])
          ]}
        />
      </Section>
      <p className="visually-hidden">
        {name}, {shortId(id)}, {manyText(model.offers.length, 'worker')}
      </p>
    </Frame>
  )
}
