import { useState } from 'react'
import { servedWeights } from '../../protocol/models/weights.ts'
import { useAct, useList } from '../api/index.ts'
import { shortId } from '../formats/index.ts'
import { Button, Failure, Section, Select, TextField } from '../parts/index.ts'
import { kindOptions } from './server-words.ts'

const weightOptions = [
  { value: '', name: 'nothing is said' },
  ...servedWeights.options.map(value => ({ value, name: value }))
]
type Kind = 'auto' | 'vllm' | 'llama.cpp' | 'ollama' | 'openai'
const first = { name: '', url: '', base: '', kind: 'auto', model: '', weights: '', concurrency: '32' }
type Form = typeof first

/** What is wrong with each field, in a sentence. */
function faultsOf({ name, url, base, concurrency }: Form): Partial<Record<keyof Form, string>> {
  const read = URL.canParse(url) ? new URL(url) : undefined
  return {
    ...(/^[a-z0-9][a-z0-9-]{0,31}$/.test(name) ? {} : { name: 'Small letters, digits and hyphens, 32 at most.' }),
    ...(read === undefined || !/^https?:$/.test(read.protocol)
      ? { url: 'An address such as http://127.0.0.1:8000.' }
      : `${read.username}${read.password}${read.search}${read.hash}` === ''
        ? {}
        : { url: 'An address alone: a key goes into a file or the environment.' }),
    ...(/^[a-zA-Z0-9]{10,120}$/.test(base.trim()) ? {} : { base: 'The CID of the base model that it holds.' }),
    ...(/^[0-9]{1,4}$/.test(concurrency) && Number(concurrency) >= 1 && Number(concurrency) <= 4096
      ? {}
      : { concurrency: 'A whole number from 1 to 4096.' })
  }
}

/** Naming a server that answers for a base: vLLM, llama.cpp, Ollama, or any with /v1/completions. */
export function AddServer() {
  const add = useAct('addBackend', ['backends'])
  const models = useList('models', { limit: 500 })
  const [form, setForm] = useState(first)
  const [isTried, setTried] = useState(false)
  const faults = faultsOf(form)
  const bases = (models.items ?? []).filter(one => one.adapter === null && one.agent !== true)
  const field = (name: keyof Form) => ({
    value: form[name],
    onChange: (value: string) => setForm({ ...form, [name]: value }),
    fault: isTried ? faults[name] : undefined
  })
  const send = (): void => {
    setTried(true)
    if (Object.keys(faults).length > 0) return
    const { name, url, base, kind, model, weights, concurrency } = form
    const said = servedWeights.safeParse(weights)
    add.mutate(
      {
        body: {
          name,
          url,
          base: base.trim(),
          kind: kind as Kind,
          ...(model.trim() === '' ? {} : { model: model.trim() }),
          ...(said.success ? { weights: said.data } : {}),
          concurrency: Number(concurrency)
        }
      },
      {
        onSuccess: () => {
          setTried(false)
          setForm(first)
        }
      }
    )
  }
  return (
    <Section
      title="Name a server"
      note={
        'vLLM, llama.cpp, Ollama, or any with /v1/completions. It is used from the daemon’s next start on. ' +
        'Named again at the same address it keeps what is not said here; for another address remove it first.'
      }
    >
      <form
        onSubmit={event => {
          event.preventDefault()
          send()
        }}
      >
        <div className="server-form">
          <TextField label="What to call it" {...field('name')} />
          <TextField label="Its address, without /v1" placeholder="http://127.0.0.1:8000" {...field('url')} />
          <TextField
            label="The base model that it holds"
            note="Its CID, or one of those that are registered here."
            {...field('base')}
          />
          {bases.length === 0 ? null : (
            <Select
              label="Registered bases"
              value={bases.some(({ base }) => base === form.base) ? form.base : ''}
              onChange={base => setForm({ ...form, base })}
              options={[
                { value: '', name: 'choose one' },
                ...[...new Map(bases.map(one => [one.base, one])).values()].map(({ base, name }) => ({
                  value: base,
                  name,
                  note: shortId(base)
                }))
              ]}
            />
          )}
          <Select
            label="What it is"
            options={kindOptions}
            value={form.kind}
            onChange={kind => setForm({ ...form, kind })}
          />
          <TextField label="What it calls the base" note="Its first model unless given." {...field('model')} />
          <Select
            label="What it answers from"
            note="As offers say it."
            options={weightOptions}
            value={form.weights}
            onChange={weights => setForm({ ...form, weights })}
          />
          <TextField label="Answers at once" number {...field('concurrency')} />
        </div>
        <p className="server-key">
          A key is never typed here. It is read from a variable of the daemon’s environment, which is shown once the
          server is named, or from a file: <code>tilth backend add --key-file</code> on the machine itself.
        </p>
        <div className="server-do">
          <Button look="main" type="submit" isDisabled={add.isPending}>
            Add it
          </Button>
          {add.isSuccess ? (
            <span role="status">{add.data.name} is named, and is used from the next start on.</span>
          ) : null}
        </div>
        {add.error === null ? null : <Failure error={add.error} />}
      </form>
    </Section>
  )
}
