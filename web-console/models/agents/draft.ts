import type { BodyOf, Routes } from '../../../daemon/api/contract/index.ts'
import { checkManifest, mostSteps } from '../../../protocol/models/agents/manifest.ts'
import { TilthError } from '../../../protocol/primitives/errors.ts'
import { licenceText } from '../../../protocol/primitives/licences.ts'
import { smallestOf } from '../../formats/index.ts'
import { splitOf } from '../../jobs/job/split-text.ts'

// An agent as it is typed: everything is text, so that what is wrong with it can be told in words beside it.

export interface StepDraft {
  /** Of the form alone, so that a step keeps its fields when it moves. */
  readonly key: string
  readonly name: string
  readonly model: string
  readonly system: string
  readonly prompt: string
  readonly maxTokens: string
  readonly temperature: string
  /** With commas between them. */
  readonly choices: string
  readonly whenStep: string
  readonly whenIs: string
}

export interface AgentDraft {
  readonly name: string
  readonly about: string
  readonly fee: string
  readonly worker: string
  readonly builder: string
  readonly upstream: string
  readonly upstreamModel: string
  readonly licence: string
  readonly steps: readonly StepDraft[]
}

export const canAdd = ({ steps }: AgentDraft): boolean => steps.length < mostSteps

/** The first is given what was asked, each later one what the step before it said. */
export const newStep = (number: number): StepDraft => ({
  key: crypto.randomUUID(),
  name: number === 1 ? 'answer' : `step-${number}`,
  model: '',
  system: '',
  prompt: number === 1 ? '{{input}}' : '{{previous}}',
  maxTokens: '64',
  temperature: '',
  choices: '',
  whenStep: '',
  whenIs: ''
})

export const firstDraft = (): AgentDraft => ({
  name: '',
  about: '',
  fee: '0',
  worker: '10',
  builder: '90',
  upstream: '0',
  upstreamModel: '',
  licence: '',
  steps: [newStep(1)]
})

export const listOf = (text: string): string[] =>
  text
    .split(',')
    .map(one => one.trim())
    .filter(one => one !== '')

type Request = BodyOf<Routes['createAgent']>
export type StepFaults = Partial<Record<keyof StepDraft, string>>
export interface Faults {
  readonly fields: Partial<Record<keyof AgentDraft, string>>
  /** By the step's key. */
  readonly steps: Readonly<Record<string, StepFaults>>
  /** Of the whole, where each field by itself is right. */
  readonly whole?: { readonly says: string; readonly help: string | undefined }
}

const isWhole = (text: string, least: number, most: number): boolean =>
  /^[0-9]{1,9}$/.test(text.trim()) && Number(text) >= least && Number(text) <= most

function stepFaults({ name, model, prompt, maxTokens, temperature, whenStep, whenIs }: StepDraft): StepFaults {
  const heat = Number(temperature)
  return {
    ...(/^[a-z][a-z0-9-]{0,23}$/.test(name) ? {} : { name: 'Small letters, digits and hyphens, 24 at most.' }),
    ...(model === '' ? { model: 'Choose the model that it asks.' } : {}),
    ...(prompt.trim() === '' ? { prompt: 'Say what it is asked: {{input}} is the question.' } : {}),
    ...(isWhole(maxTokens, 1, 4096) ? {} : { maxTokens: 'A whole number from 1 to 4096.' }),
    ...(temperature.trim() === '' || (heat >= 0 && heat <= 5)
      ? {}
      : { temperature: 'A number from 0 to 5, or nothing.' }),
    ...(whenStep !== '' && listOf(whenIs).length === 0 ? { whenIs: 'Name one of its choices, or several.' } : {})
  }
}

const stepOf = (draft: StepDraft) => ({
  name: draft.name,
  model: draft.model,
  ...(draft.system.trim() === '' ? {} : { system: draft.system }),
  prompt: draft.prompt,
  maxTokens: Number(draft.maxTokens),
  ...(draft.temperature.trim() === '' ? {} : { temperature: Number(draft.temperature) }),
  ...(listOf(draft.choices).length === 0 ? {} : { choices: listOf(draft.choices) }),
  ...(draft.whenStep === '' ? {} : { when: { step: draft.whenStep, is: listOf(draft.whenIs) } })
})

/** What is sent, or all that is wrong with what was typed. */
export function readDraft(draft: AgentDraft): { readonly body: Request } | { readonly faults: Faults } {
  const { name, about, licence, upstreamModel } = draft
  const fee = smallestOf(draft.fee)
  const split = splitOf({ worker: draft.worker, builder: draft.builder, data: '0', upstream: draft.upstream }, 0)
  const steps: Record<string, StepFaults> = {}
  for (const step of draft.steps) {
    const found = stepFaults(step)
    if (Object.keys(found).length > 0) steps[step.key] = found
  }
  const fields: Partial<Record<keyof AgentDraft, string>> = {
    ...(name.trim() === ''
      ? { name: 'An agent needs a name.' }
      : name.length > 80
        ? { name: 'At most 80 letters.' }
        : {}),
    ...(about.length > 500 ? { about: 'At most 500 letters.' } : {}),
    ...(fee === undefined ? { fee: 'A number of TILTH such as 0.01; 0 for none.' } : {}),
    ...('fault' in split ? { upstream: split.fault } : {}),
    ...('split' in split && split.split.upstream !== undefined && upstreamModel === ''
      ? { upstreamModel: 'Choose the model that it goes to.' }
      : {}),
    ...(licence.trim() === '' || licenceText.safeParse(licence.trim()).success
      ? {}
      : { licence: 'An SPDX identifier, such as CC-BY-4.0; LicenseRef- and a name for any other.' })
  }
  if (fee === undefined || 'fault' in split || Object.keys(fields).length + Object.keys(steps).length > 0)
    return { faults: { fields, steps } }
  const made = draft.steps.map(stepOf)
  const said = about.trim() === '' ? {} : { about: about.trim() }
  try {
    checkManifest({ kind: 'tilth agent', version: 1, ...said, fee: fee.toString(), steps: made })
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return { faults: { fields, steps, whole: { says: error.message, help: error.help } } }
  }
  return {
    body: {
      name: name.trim(),
      ...said,
      fee: fee.toString(),
      steps: made,
      split: split.split,
      ...(split.split.upstream === undefined ? {} : { upstream: upstreamModel }),
      ...(licence.trim() === '' ? {} : { licence: licence.trim() })
    }
  }
}
