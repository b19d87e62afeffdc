import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { useAct, useCall } from '../../api/index.ts'
import { Button, Card, Failure, Section } from '../../parts/index.ts'
import { ServeForm } from './serve-form.tsx'
import './serve.css'

/** What a worker's owner does with a model: serves it, alone or with all over its base, or no more. */
export function ServeHere({ model }: { readonly model: BazaarView }) {
  const status = useCall('status')
  if (status.data?.roles.includes('worker') !== true) return null
  const { serving, servingAll = [] } = status.data
  const own = serving.find(one => one.model === model.id)
  const all = servingAll.find(({ base }) => base === model.base)
  const [isOwn, isAll] = [own !== undefined, all !== undefined]
  return (
    <Section
      title="On this machine"
      note={
        isOwn && isAll
          ? 'It is offered by itself, and so is every other model over its base by one offer.'
          : isOwn
            ? 'It is offered by itself.'
            : isAll
              ? 'It is offered with every model over its base, by one offer; it is fetched when it is asked for.'
              : 'It is not served here. A worker serves at its own price.'
      }
    >
      <Card phase="models">
        {isOwn || isAll ? (
          <p className="serve-line">
            {isOwn ? <Unserve model={model.id} all={false} act="Serve it no more" /> : null}
            {isAll ? <Unserve model={model.id} all act="Serve the models over its base no more" /> : null}
          </p>
        ) : null}
        <ServeForm key={model.id} model={model.id} now={own ?? all} isServed={{ own: isOwn, all: isAll }} />
      </Card>
    </Section>
  )
}

interface UnserveProps {
  readonly model: string
  readonly all: boolean
  readonly act: string
}

/** Answers under way are finished. */
export function Unserve({ model, all, act }: UnserveProps) {
  const unserve = useAct('unserve', ['models', 'model', 'bazaarModel', 'status'])
  return (
    <>
      <Button
        isDisabled={unserve.isPending}
        onPress={() => unserve.mutate({ params: { id: model }, ...(all ? { body: { all } } : {}) })}
      >
        {act}
      </Button>
      {unserve.error === null ? null : <Failure error={unserve.error} />}
    </>
  )
}
