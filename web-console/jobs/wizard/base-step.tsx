import { useState } from 'react'
import type { BaseView } from '../../../daemon/api/contract/job-views.ts'
import type { JobDraft } from '../../../protocol/jobs/draft.ts'
import { mostFullParameters } from '../../../protocol/jobs/full.ts'
import { useAct, useList } from '../../api/index.ts'
import { bytesText, manyText, numberText, shortId } from '../../formats/index.ts'
import { Button, Chip, Failure, ReadList, Section, TextField } from '../../parts/index.ts'
import { Choices } from './choices.tsx'
import type { Choice } from './choices.tsx'

const parametersText = (count: number): string => `${numberText(count)} parameters`

function factsOf({ inspection, bytes, tuned }: BaseView): string[] {
  const facts = tuned === 0 ? [] : [`${manyText(tuned, 'model')} grown from it`]
  if (inspection === null)
    return [...facts, bytes === null ? 'not on this machine: a job fetches it' : `${bytesText(bytes)} on this machine`]
  const { parameters, context, needs } = inspection
  const fits = ({ bytes, fits }: { bytes: number; fits: boolean }): string =>
    `${bytesText(bytes)}${fits ? '' : ', more than this machine has'}`
  return [
    parametersText(parameters),
    `reads ${numberText(context, 6)} tokens at once`,
    `to run: ${fits(needs.serve)} of memory`,
    `to train by LoRA: ${fits(needs.tuneLora)}, by QLoRA: ${fits(needs.tuneQlora)}`,
    ...(parameters <= mostFullParameters ? [`in full: ${fits(needs.tuneFull)}`] : []),
    ...facts
  ]
}

const nameOf = ({ name, cid }: Pick<BaseView, 'name' | 'cid'>): string => name ?? shortId(cid)

const choiceOf = (base: BaseView): Choice => ({
  value: base.cid,
  name: nameOf(base),
  chips: (
    <>
      {base.bundled ? <Chip phase="jobs">comes with Tilth</Chip> : null}
      {base.here ? <Chip>on this machine</Chip> : null}
    </>
  ),
  facts: factsOf(base)
})

interface StepProps {
  readonly draft: JobDraft
  readonly change: (edits: Partial<JobDraft>) => void
}

const otherNote =
  'Any model in Hugging Face form of the Llama, Mistral, Qwen2 or Qwen3 kind. ' +
  "A folder of the daemon's machine is published first."

/** A base that is not in the list: by its CID, by a model made of it, or a folder of the daemon's machine. */
function OtherBase({ change }: Pick<StepProps, 'change'>) {
  const [text, setText] = useState('')
  const publish = useAct('importBase', ['bases'])
  const isFolder = /^[./~]|^[a-z]:\\/i.test(text.trim())
  const take = (): void => {
    const wanted = text.trim()
    if (!isFolder) return change({ base: wanted, baseName: shortId(wanted) })
    publish.mutate(
      { body: { folder: wanted } },
      {
        onSuccess: ({ cid }) =>
          change({ base: cid, baseName: wanted.split(/[\\/]/).findLast(part => part !== '') ?? cid })
      }
    )
  }
  return (
    <Section title="Or another one" note={otherNote}>
      <div className="wizard-fields">
        <TextField
          label="Its CID, a model made of it, or a folder"
          placeholder="bafy… or /home/me/models/mine"
          value={text}
          onChange={setText}
        />
      </div>
      <p className="wizard-more wizard-line">
        <Button onPress={take} isDisabled={text.trim() === '' || publish.isPending}>
          {publish.isPending ? 'Publishing the folder' : isFolder ? 'Publish it and take it' : 'Take this one'}
        </Button>
      </p>
      {publish.error === null ? null : <Failure error={publish.error} />}
    </Section>
  )
}

/** Which model the new one grows from. */
export function BaseStep({ draft, change }: StepProps) {
  const bases = useList('bases', { limit: 20 })
  const isListed = bases.items?.some(({ cid }) => cid === draft.base) ?? true
  return (
    <>
      <ReadList from={bases} what="the base models" empty={{ title: 'No base model is known here.' }}>
        {items => (
          <Choices
            label="Base model"
            value={draft.base}
            onChange={cid => {
              const base = items.find(item => item.cid === cid)
              change({ base: cid, baseName: base === undefined ? shortId(cid) : nameOf(base) })
            }}
            choices={[
              ...items.map(choiceOf),
              ...(isListed || draft.base === null
                ? []
                : [{ value: draft.base, name: draft.baseName ?? shortId(draft.base), note: 'Named below.' }])
            ]}
          />
        )}
      </ReadList>
      <OtherBase change={change} />
    </>
  )
}
