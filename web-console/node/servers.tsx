import { useState } from 'react'
import type { BackendView } from '../../daemon/api/contract/backends.ts'
import { useAct, useList } from '../api/index.ts'
import { countText, manyText } from '../formats/index.ts'
import { Button, Card, Chip, Confirm, Facts, Failure, Id, Notice, ReadList, Section, When } from '../parts/index.ts'
import { places } from '../app/places.ts'
import { AddServer } from './add-server.tsx'
import { agreedText, canText, keyText, kindText, ofText, stateText } from './server-words.ts'
import './servers.css'

/** Servers that exist already, such as vLLM or llama.cpp, which answer in the place of the own engine. */
export function Servers() {
  const servers = useList('backends')
  return (
    <>
      <Section
        title="Servers that answer for this node"
        note={
          'Servers that exist already, such as vLLM or llama.cpp, answer in the place of the own engine. Each is ' +
          'compared with this node itself before it answers, and what it costs and whom it pays stays with the node.'
        }
      >
        <ReadList
          from={servers}
          what="the servers"
          empty={{
            title: 'No servers: the engine answers.',
            children: <span>Name one below; it is used from the next start on.</span>
          }}
        >
          {items => (
            <ul className="servers">
              {items.map(one => (
                <li key={one.name}>
                  <Server server={one} />
                </li>
              ))}
            </ul>
          )}
        </ReadList>
      </Section>
      <AddServer />
    </>
  )
}

const sinceText = ({ answers, tokens, failures }: BackendView): string =>
  `${manyText(answers, 'answer')}, ${manyText(tokens, 'token')}, ${manyText(failures, 'failure')}`

const isWrong = ({ state }: BackendView): boolean => state === 'away' || state === 'refused'

function Server({ server }: { readonly server: BackendView }) {
  const { name, kind, url, base, model, can, context, error, checked, pending } = server
  const check = useAct('checkBackend', ['backends'])
  return (
    <Card
      {...(isWrong(server)
        ? { phase: 'wrong' as const }
        : server.state === 'ready'
          ? { phase: 'models' as const }
          : {})}
    >
      <div className="server-head">
        <h3>{name}</h3>
        <Chip {...(isWrong(server) ? { phase: 'wrong' as const } : { phase: 'models' as const })}>
          {stateText(server)}
        </Chip>
      </div>
      {pending === 'changed' ? (
        <Notice title="The file says something else of it by now.">
          <p>That holds from the next start on.</p>
        </Notice>
      ) : null}
      {error === null ? null : (
        <Notice kind="wrong" title={`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}`}>
          {error.help === null ? null : <p>{error.help}</p>}
        </Notice>
      )}
      <Facts
        facts={[
          ['Address', url],
          ['What it is', kindText(kind)],
          ['Base', <Id key="base" id={base} to={places.file(base)} />],
          ['Calls it', model ?? 'its first model'],
          ['Answers now', `${countText(server.running)} of ${countText(server.concurrency)}`],
          ['Since the start', sinceText(server)],
          ...(context === null ? [] : [['Longest prompt and answer', manyText(context, 'token')] as const])
        ]}
      />
      <p className="server-can">
        <b>Its key:</b> {keyText(server)}.
      </p>
      {can === null ? null : (
        <p className="server-can">
          <b>What it can do:</b> {canText(can)}.
        </p>
      )}
      {checked.length === 0 ? null : (
        <div className="server-agrees">
          <p>Beside this node itself</p>
          <ul>
            {checked.map(one => (
              <li key={one.adapter}>
                <b>{ofText(one)}</b>: {agreedText(one)} (<When at={one.at} />)
              </li>
            ))}
          </ul>
          <p>
            {checked.some(({ answers }) => answers === null)
              ? 'Answers of a form, and scores: none here, since this node cannot hold the base.'
              : 'Answers of a form, and scores: by this node itself.'}
          </p>
        </div>
      )}
      <div className="server-do">
        {pending === 'added' ? null : (
          <Button isDisabled={check.isPending} onPress={() => check.mutate({ params: { name } })}>
            {check.isPending ? 'Looking at it' : 'Test it'}
          </Button>
        )}
        {pending === 'removed' ? null : <RemoveServer name={name} />}
      </div>
      {check.error === null ? null : <Failure error={check.error} />}
    </Card>
  )
}

function RemoveServer({ name }: { readonly name: string }) {
  const remove = useAct('removeBackend', ['backends'])
  const [isAsked, setAsked] = useState(false)
  return (
    <>
      <Button look="quiet" onPress={() => setAsked(true)} aria-label={`Remove ${name}`}>
        Remove
      </Button>
      <Confirm
        title={`Name ${name} no more?`}
        isOpen={isAsked}
        close={() => setAsked(false)}
        act="Remove it"
        isBusy={remove.isPending}
        onAct={() => remove.mutate({ params: { name } }, { onSuccess: () => setAsked(false) })}
      >
        <p>The engine answers in its place from the next start on; the daemon uses it until then.</p>
        {remove.error === null ? null : <Failure error={remove.error} />}
      </Confirm>
    </>
  )
}
