import type { AgentView } from '../../../daemon/api/contract/agents.ts'
import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useParameter } from '../../app/use-place.ts'
import { countText, manyText, shortId } from '../../formats/index.ts'
import { Amount, Card, Facts, Go, GoButton, Id, Notice, Page as Frame, Read, Section, Who } from '../../parts/index.ts'
import { awayText, feePartsText, isOnData, titleOf, wayOf } from './words.ts'
import './agents.css'

/** One agent: its steps, their models, its fee and who has it. */
export function Page() {
  const agent = useCall('agent', { id: useParameter('id') })
  return (
    <Read from={agent} what="the agent">
      {found => <Agent agent={found} />}
    </Read>
  )
}

function Agent({ agent }: { readonly agent: AgentView }) {
  const { id, about, retired, steps } = agent
  const status = useCall('status')
  const away = awayText(agent, status.data?.address)
  return (
    <Frame
      phase="models"
      above={<Go to={places.agents}>Agents</Go>}
      title={titleOf(agent)}
      lead={about}
      actions={
        <GoButton look="main" to={places.askAgent(id)}>
          Ask it
        </GoButton>
      }
    >
      {retired ? (
        <Notice title="Its builder has retired it.">
          <p>Nobody opens new channels for it; what was agreed is paid.</p>
        </Notice>
      ) : null}
      {away === undefined ? null : (
        <Notice title={away.title}>
          <p>{away.help}</p>
        </Notice>
      )}
      <Section
        title="Its steps"
        note="Each asks one model over a channel of its own, so each has its own receipt and pays its own data."
      >
        <ol className="agent-steps">
          {steps.map((step, at) => (
            <li key={step.name}>
              <Step step={step} number={at + 1} />
            </li>
          ))}
        </ol>
      </Section>
      <Fee agent={agent} />
    </Frame>
  )
}

type StepOf = AgentView['steps'][number]

function Step({ step, number }: { readonly step: StepOf; readonly number: number }) {
  const { name, model, modelName, maxTokens, temperature, offered, builder, datanet, system, prompt } = step
  const way = wayOf(step)
  return (
    <Card phase="models">
      <h3>
        {number}. {name}
      </h3>
      {way === '' ? null : <p className="agent-way">{way}</p>}
      <Facts
        facts={[
          [
            'Model',
            <Go key="model" to={places.model(model)}>
              {modelName === '' ? shortId(model) : modelName}
            </Go>
          ],
          ['Tokens at most', countText(maxTokens)],
          ['Workers now', offered === 0 ? 'nobody offers it' : manyText(offered, 'worker')],
          ['Model’s builder', <Who key="builder" account={builder} />],
          [
            'Model’s data',
            isOnData(datanet) ? (
              <Go key="data" to={places.datanet(datanet)}>
                its Datanet
              </Go>
            ) : (
              'a base: nobody’s rows'
            )
          ],
          ...(temperature === undefined ? [] : [['Temperature', String(temperature)] as const])
        ]}
      />
      {system === undefined ? null : <Said name="Told before it" text={system} />}
      <Said name="What it is asked" text={prompt} />
    </Card>
  )
}

/** A template as its builder wrote it: text, with places in double braces. */
function Said({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div className="agent-said">
      <p>{name}</p>
      <pre dir="auto">{text}</pre>
    </div>
  )
}

function Fee({ agent }: { readonly agent: AgentView }) {
  const { id, fee, split, offered, builder, manifest, upstream } = agent
  return (
    <Section
      title="What a call costs"
      note="The steps cost what their workers ask for their tokens; the fee comes once the answer is there."
    >
      <Facts
        facts={[
          ['Fee of its own', fee === '0' ? 'none of its own' : <Amount key="fee" of={fee} />],
          ['Of its fee', feePartsText(split)],
          ...(upstream === undefined
            ? []
            : [
                [
                  'Upstream',
                  <Go key="upstream" to={places.model(upstream)}>
                    {shortId(upstream)}
                  </Go>
                ] as const
              ]),
          ['Taken by', fee === '0' ? 'nothing to take' : offered === 0 ? 'nobody now' : manyText(offered, 'worker')],
          ['Builder', <Who key="builder" account={builder} />],
          ['Id', <Id key="id" id={id} to={places.agent(id)} />],
          ['Manifest', <Id key="manifest" id={manifest} to={places.file(manifest)} />]
        ]}
      />
    </Section>
  )
}
