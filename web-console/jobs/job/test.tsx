import { useState } from 'react'
import { numberText } from '../../formats/index.ts'
import { Button, Failure, LongField, Progress, Section, TextField } from '../../parts/index.ts'
import { totalsOf } from './test-totals.ts'
import type { Answered, Totals } from './test-totals.ts'
import { useTest } from './use-test.ts'

const mostPrompts = 20
const mostHeldOut = 100

function Answer({ who, answer }: { readonly who: string; readonly answer: Answered['base'] }) {
  const { text, exact, loss } = answer
  return (
    <div className="tested-answer" data-exact={exact ?? 'unknown'}>
      <p className="tested-who">
        {who}
        {exact === null ? null : exact ? ', right' : ', not as expected'}
        {loss === null ? null : `, loss ${numberText(loss)}`}
      </p>
      <p className="tested-text">
        <bdi>{text.trim() === '' ? 'says nothing' : text.trim()}</bdi>
      </p>
    </div>
  )
}

/** One question with both answers. */
export function Question({ one }: { readonly one: Answered }) {
  return (
    <li className="tested">
      <p className="tested-asked">
        <bdi>{one.prompt}</bdi>
        {one.expected === null ? null : (
          <span className="tested-expected">
            expected: <bdi>{one.expected}</bdi>
          </span>
        )}
      </p>
      <div className="tested-both">
        <Answer who="base" answer={one.base} />
        <Answer who="tuned" answer={one.tuned} />
      </div>
    </li>
  )
}

function Sum({ totals: { judged, baseRight, tunedRight, baseLoss, tunedLoss } }: { readonly totals: Totals }) {
  if (judged === 0) return null
  return (
    <p className="tested-sum">
      Of {judged} held-out questions the base model answered {baseRight === 0 ? 'none' : baseRight} as their authors
      did, the tuned one {tunedRight === judged ? 'all' : tunedRight === 0 ? 'none' : tunedRight}.
      {baseLoss === null || tunedLoss === null
        ? ''
        : ` Loss ${numberText(baseLoss)} before, ${numberText(tunedLoss)} after.`}
    </p>
  )
}

/** Before anybody pays for its answers: both models, the same questions, on this machine. */
export function Test({ job }: { readonly job: string }) {
  const [own, setOwn] = useState('')
  const [heldOut, setHeldOut] = useState('10')
  const testing = useTest(job)
  const prompts = own
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const count = Number(heldOut)
  const isCount = Number.isInteger(count) && count >= 0 && count <= mostHeldOut
  const { answered, asked, isRunning } = testing
  return (
    <Section
      title="Test it"
      note="The base model and the tuned one answer the same questions on this machine. Nobody is asked or paid."
    >
      <div className="wizard-fields">
        <LongField
          label="Your own questions, one a line"
          value={own}
          onChange={setOwn}
          placeholder="What is the symbol of iron?"
          fault={prompts.length > mostPrompts ? `At most ${mostPrompts} at once.` : undefined}
        />
        <TextField
          label="Held-out questions of the Datanet"
          number
          value={heldOut}
          onChange={setHeldOut}
          note="Questions that nobody's rows hold, with their authors' answers."
          fault={isCount ? undefined : `A whole number up to ${mostHeldOut}.`}
        />
      </div>
      <p className="wizard-more wizard-line">
        {isRunning ? (
          <Button onPress={testing.stop}>Stop</Button>
        ) : (
          <Button
            look="main"
            isDisabled={!isCount || prompts.length > mostPrompts || (count === 0 && prompts.length === 0)}
            onPress={() => testing.start(prompts, count)}
          >
            Ask both
          </Button>
        )}
      </p>
      {testing.error === undefined ? null : <Failure error={testing.error} />}
      {isRunning ? (
        <Progress
          label={asked === null ? 'Both models are loaded' : `${answered.length} of ${asked} questions answered`}
          share={asked === null ? 0 : answered.length / Math.max(1, asked)}
        />
      ) : null}
      <Sum totals={totalsOf(answered)} />
      <ul className="tested-list" aria-label="Answers">
        {answered.map(one => (
          <Question key={one.question} one={one} />
        ))}
      </ul>
    </Section>
  )
}
