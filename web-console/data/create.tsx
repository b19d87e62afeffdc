import { useMemo, useState } from 'react'
import type { Row } from '../../protocol/data/types.ts'
import { useAct, useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useGo } from '../app/use-place.ts'
import { countText, manyText } from '../formats/index.ts'
import { Button, Failure, Go, LongField, Notice, Page as Frame, Section, Switch, TextField } from '../parts/index.ts'
import { DropFile, Lines, useCheck } from './check/index.ts'
import type { CheckRequest, LocalFile } from './check/index.ts'
import { effectsOn, leaksIn } from './rules/effects.ts'
import { ruleFields, trainersNote } from './rules/fields.ts'
import type { Effect } from './rules/effects.ts'
import { faultsOf, firstForm, judgedBy, questionsOf, rulesOf } from './rules/form.ts'
import type { FormField, RulesForm } from './rules/form.ts'
import './data.css'
import './rules/rules.css'

const mostQuestionBytes = 2 << 20
const mostExampleBytes = 16 << 20
const noEdits: CheckRequest['edits'] = new Map()
const noRows: readonly Row[] = []

/** Rules that no example shows anything of. */
const unexampled: ReadonlySet<FormField> = new Set([
  'revealMinutes',
  'voteMinutes',
  'dataShare',
  'keptBack',
  'auditedSegments',
  'bond',
  'bondDays'
])

/** What an example file would meet, beside the rule. */
function RuleEffect({ effect }: { readonly effect: Effect | undefined }) {
  return effect === undefined ? (
    <p className="rule-effect-none">Drop an example above to see what this rule does to it.</p>
  ) : (
    <p className="rule-effect" {...(effect.refuses ? { 'data-phase': 'wrong' } : {})}>
      {effect.text}
    </p>
  )
}

/** Founding a Datanet: its purpose, its rules with what each does, its questions. */
export function Page() {
  const go = useGo()
  const status = useCall('status')
  const create = useAct('createDatanet', ['datanets'])
  const [typed, setTyped] = useState<RulesForm>(firstForm)
  const [isTried, setTried] = useState(false)
  const [touched, setTouched] = useState<ReadonlySet<FormField>>(new Set())
  const [questions, setQuestions] = useState<LocalFile>()
  const [example, setExample] = useState<LocalFile>()

  // Whoever founds it votes, unless somebody else is named.
  const self = status.data?.address ?? ''
  const form = { ...typed, validators: typed.validators === '' && !touched.has('validators') ? self : typed.validators }
  const faults = faultsOf(form)
  const read = useMemo(() => (questions === undefined ? undefined : questionsOf(questions.bytes)), [questions])
  const heldOut = read !== undefined && 'rows' in read ? read.rows : noRows
  const judged = judgedBy(form)
  const rulesKey = JSON.stringify(judged)
  const request = useMemo(
    (): CheckRequest | undefined =>
      example === undefined ? undefined : { bytes: example.bytes, edits: noEdits, rules: judged, heldOut, uploads: 0 },
    [example, heldOut, rulesKey]
  )
  const { checked, failed } = useCheck(request)
  const effects = checked === undefined ? {} : effectsOn(checked, judged)

  const set = (field: FormField) => (value: string) => {
    setTouched(new Set([...touched, field]))
    setTyped({ ...form, [field]: value })
  }
  const fault = (field: FormField): string | undefined => (isTried || touched.has(field) ? faults[field] : undefined)
  const missing = Object.keys(faults).length + (heldOut.length === 0 ? 1 : 0)
  const found = (): void => {
    setTried(true)
    const rules = rulesOf(form)
    if (rules === undefined || missing > 0 || questions === undefined) return
    create.mutate(
      { body: { rules, heldOut: new TextDecoder().decode(questions.bytes) } },
      {
        onSuccess: ({ id }) => {
          go(places.datanet(id))
        }
      }
    )
  }

  return (
    <Frame
      title="Create a Datanet"
      phase="data"
      above={<Go to={places.datanets}>Datanets</Go>}
      lead={
        'Say what it is for and by which rules rows are taken. Others may follow them, if its validators agree; ' +
        'whatever is contributed is judged by those of then.'
      }
    >
      <Section title="What it is for">
        <div className="rule-form">
          <TextField
            label="Name"
            note="Short, and unlike any other."
            value={form.name}
            onChange={set('name')}
            fault={fault('name')}
          />
          <LongField
            label="Purpose"
            note="What its rows are about, and what a model that learnt from them should do better."
            value={form.description}
            onChange={set('description')}
            fault={fault('description')}
          />
          <TextField
            label="Licence"
            note="Of everything that is contributed, as SPDX writes it: CC0-1.0 or CC-BY-4.0."
            value={form.licence}
            onChange={set('licence')}
            fault={fault('licence')}
          />
          <TextField
            label="Tags"
            note="Up to eight words by which people find it, with commas between them."
            value={form.tags}
            onChange={set('tags')}
            fault={fault('tags')}
          />
          <TextField
            label="Languages"
            note="Of its rows, for example en or pt-BR, with commas between them. Leave it empty for any."
            value={form.languages}
            onChange={set('languages')}
            fault={fault('languages')}
          />
          <TextField
            label="Kind of rows"
            note="qa for a question with its answer, chat for conversations, text for texts. Leave it empty for any."
            value={form.kind}
            onChange={set('kind')}
            fault={fault('kind')}
          />
        </div>
      </Section>

      <Section
        title="Who reads its rows"
        note="For ever: what was given for few is not shown to all, and what all have read is no secret any more."
      >
        <Switch
          isOn={form.private !== ''}
          onChange={isOn => {
            set('private')(isOn ? 'yes' : '')
          }}
        >
          Only validators, this host, and workers while they train on them
        </Switch>
        {form.private === '' ? null : (
          <>
            <LongField
              label="Who may train on them"
              note={trainersNote}
              value={form.trainers}
              onChange={set('trainers')}
              fault={fault('trainers')}
            />
            <Notice title="What that does not protect from">
              Whoever had a key can keep what it opened and pass it on, and a model tells what it learnt. Who gave how
              many rows, and when, is public.
            </Notice>
          </>
        )}
      </Section>

      <Section
        title="The held-out questions"
        note={
          'Questions with their answers that nobody may train on. By them it is measured whether somebody’s ' +
          'rows made a model better, so ask what really matters. They are public.'
        }
      >
        <DropFile
          label="Drop the questions here"
          note='JSONL: one question a line, {"prompt": "…", "response": "…"}.'
          mostBytes={mostQuestionBytes}
          file={questions}
          onFile={setQuestions}
        />
        {read === undefined ? (
          isTried ? (
            <Notice kind="wrong" title="There are no held-out questions yet." />
          ) : null
        ) : 'fault' in read ? (
          <Notice kind="wrong" title={read.fault} />
        ) : (
          <p className="allowance">
            {manyText(heldOut.length, 'question')}. {checked === undefined ? null : leaksIn(checked).text}
          </p>
        )}
      </Section>

      <Section
        title="An example"
        note="A file such as people will give. Each rule below says what it would do to it; nothing of it is sent."
      >
        <DropFile
          label="Drop an example file here"
          note='JSONL: one row a line, {"prompt": "…", "response": "…"} or {"messages": […]}.'
          mostBytes={mostExampleBytes}
          file={example}
          onFile={setExample}
        />
        {failed === undefined ? null : <Notice kind="wrong" title={failed} />}
      </Section>

      <Section title="The rules">
        <div className="rule-form">
          {ruleFields.map(({ field, label, note, number = false }) => (
            <div key={field} className="rule-field">
              <TextField
                label={label}
                note={note}
                number={number}
                value={form[field]}
                onChange={set(field)}
                fault={fault(field)}
              />
              {unexampled.has(field) ? null : <RuleEffect effect={effects[field]} />}
            </div>
          ))}
          <LongField
            label="Validators"
            note={
              'The accounts that check and vote, one a line, with a weight after an address if it is not 1. ' +
              'More than two thirds of the weight accept. They hand over together; each needs a node that runs.'
            }
            rows={4}
            value={form.validators}
            onChange={set('validators')}
            fault={fault('validators')}
          />
        </div>
      </Section>

      <div className="send">
        <Button look="main" isDisabled={create.isPending} onPress={found}>
          {create.isPending ? 'It goes to the chain' : 'Create it'}
        </Button>
        <span className="send-note">
          {isTried && missing > 0
            ? `Missing or wrong above: ${manyText(missing, 'thing')}.`
            : 'One transaction. This node hosts it from then on and anchors its versions.'}
        </span>
      </div>
      {create.error === null ? null : <Failure error={create.error} />}

      {checked === undefined || example === undefined ? null : (
        <Section
          title={`The example row by row: ${countText(checked.own)} of ${manyText(checked.lines.length, 'row')} taken`}
        >
          <Lines lines={checked.lines} heldOut={heldOut} bytes={example.bytes} />
        </Section>
      )}
    </Frame>
  )
}
