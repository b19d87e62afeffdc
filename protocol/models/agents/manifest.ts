import { z } from 'zod'
import { canonicalJson } from '../../primitives/canonical.ts'
import { amount, bytes32 } from '../../primitives/hex.ts'
import { InvalidError, readAs } from '../../primitives/index.ts'
import { highestPrice } from '../offer.ts'
import type { ModelRecord } from '../types.ts'
import { bytesIn, mostTemplateCharacters, placesOf } from './template.ts'

// An agent is a composition of registered models: steps, each a model and what it is asked, and a price of its own that
// goes to whoever made it. Its manifest is data in a closed form, published by its CID; no code of anybody's is run for
// it. Whoever asks it asks each model over the ordinary channels, so each step has its own receipt.

export const mostSteps = 8
export const mostManifestBytes = 131_072
/** Of the models a step chooses a way among. */
const mostChoices = 16
/** Bytes of a step's words that later ones are given for each of its tokens, unless it says otherwise. */
const bytesPerToken = 8

const stepName = z.string().regex(/^[a-z][a-z0-9-]{0,23}$/, 'must be small letters, digits and hyphens, 24 at most')
const template = z.string().min(1).max(mostTemplateCharacters)

export const agentStep = z.strictObject({
  name: stepName,
  model: bytes32,
  system: template.optional(),
  prompt: template,
  maxTokens: z.int().min(1).max(4096),
  /** The asker's unless given. */
  temperature: z.number().min(0).max(5).optional(),
  /** Most bytes of its words that later steps are given. */
  passes: z.int().min(1).max(32_768).optional(),
  /** It answers with one of these and nothing else: later steps go by it. */
  choices: z
    .array(z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} _-]{0,39}$/u, 'must be a word or a few'))
    .min(2)
    .max(mostChoices)
    .optional(),
  /** It is asked only where an earlier one has chosen one of these. */
  when: z.strictObject({ step: stepName, is: z.array(z.string().max(40)).min(1).max(mostChoices) }).optional()
})
export type AgentStep = z.infer<typeof agentStep>

const form = z.strictObject({
  kind: z.literal('tilth agent'),
  version: z.literal(1),
  about: z.string().max(500).optional(),
  /** What one call of it costs beside what its steps cost, in the token's smallest unit; 0: nothing. */
  fee: amount,
  steps: z.array(agentStep).min(1).max(mostSteps)
})
export type AgentManifest = z.infer<typeof form>

const places = new Set(['input', 'conversation', 'previous'])

const refuse = (says: string, help?: string): never => {
  throw new InvalidError('agent.invalid', says, { help })
}

/** [reject] What a step goes by was said before it. */
function checkStep(one: AgentStep, before: ReadonlyMap<string, AgentStep>): void {
  if (places.has(one.name) || one.name === 'fee' || before.has(one.name))
    refuse(`a step cannot be called ${one.name}: the name is taken`)
  for (const name of [...placesOf(one.prompt), ...placesOf(one.system ?? '')])
    if (name === 'previous' ? before.size === 0 : !places.has(name) && !before.has(name))
      refuse(
        `the step ${one.name} is given {{${name}}}, which is nothing by then`,
        'Places are {{input}}, {{conversation}}, {{previous}}, or the name of an earlier step.'
      )
  if (new Set(one.choices).size !== (one.choices?.length ?? 0)) refuse(`the step ${one.name} has a choice twice`)
  // [reject] A choice is never cut off, since a token is a byte at least: nobody pays for half a word.
  const longest = Math.max(0, ...(one.choices ?? []).map(choice => bytesIn(JSON.stringify(choice))))
  if (one.maxTokens < longest)
    refuse(`the step ${one.name} has fewer tokens than its longest choice may take`, `Give it ${longest} at least.`)
  const { when } = one
  if (when === undefined) return
  const choices = before.get(when.step)?.choices
  if (choices === undefined) return refuse(`the step ${one.name} goes by ${when.step}, which chooses nothing before it`)
  if (!when.is.every(wanted => choices.includes(wanted)))
    refuse(`the step ${one.name} goes by a choice that ${when.step} does not have`)
}

/** [reject] Whichever way it goes, something is answered: nobody pays for steps that come to nothing. */
function checkAnswers(steps: readonly AgentStep[]): void {
  const answering = steps.filter(({ choices }) => choices === undefined)
  if (answering.some(({ when }) => when === undefined)) return
  const covers = ({ name, choices = [], when }: AgentStep): boolean =>
    when === undefined &&
    choices.length > 0 &&
    choices.every(choice => answering.some(one => one.when?.step === name && one.when.is.includes(choice)))
  if (!steps.some(covers))
    refuse(
      'it can come to its end without an answer',
      'Give it a step without `choices` and `when`, or one for each choice of a step that is always asked.'
    )
}

/** @throws InvalidError `agent.invalid`, `agent.template` */
export function checkManifest(value: unknown): AgentManifest {
  const manifest = readAs(form, value, 'agent.invalid')
  if (manifest.fee > highestPrice) refuse('its fee is beyond any sum there is')
  const before = new Map<string, AgentStep>()
  for (const one of manifest.steps) {
    checkStep(one, before)
    before.set(one.name, one)
  }
  checkAnswers(manifest.steps)
  return manifest
}

export const encodeManifest = (manifest: AgentManifest): Uint8Array => new TextEncoder().encode(canonicalJson(manifest))

/** @throws InvalidError `agent.invalid`, `agent.template` */
export function decodeManifest(bytes: Uint8Array): AgentManifest {
  // [reject] It is no larger than one that somebody would write.
  if (bytes.length > mostManifestBytes) refuse(`the manifest has more than ${mostManifestBytes} bytes`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new InvalidError('agent.invalid', 'the manifest is not JSON', { cause })
  }
  return checkManifest(value)
}

/**
 * Whether a registration is an agent's: both of what other models are made of, base and result, are its manifest. No
 * model is so, since a base has no result and an adapter's is another document.
 */
export const isAgent = ({ base, adapter, result }: Pick<ModelRecord, 'base' | 'adapter' | 'result'>): boolean =>
  adapter === null && result === base

/** Most bytes of a step's words that later steps are given. */
export const passedOn = ({ passes, maxTokens, choices }: AgentStep): number =>
  choices === undefined ? (passes ?? maxTokens * bytesPerToken) : 160
