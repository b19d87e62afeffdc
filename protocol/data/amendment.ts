import type { z } from 'zod'
import { canonicalJson, keccak } from '../primitives/canonical.ts'
import { InvalidError } from '../primitives/errors.ts'
import type { Hex } from '../primitives/hex.ts'
import { requireAuditable } from './auditable.ts'
import { checkTrainers } from './trainers.ts'
import { datanetRules, mostCharacters, mostMessages } from './types.ts'
import type { DatanetRules } from './types.ts'

// Rules have numbers. The first ones stand in a Datanet's id; those that follow were put forward on chain, with their
// text, and set by more than two thirds of the roster that sat. Which ones a contribution is judged by follows from its
// place on chain, so everybody finds the same; what may never change is refused here, whoever agreed to it.

/** Bytes of a text of rules; the contract's `MAX_RULES`. */
export const mostRulesBytes = 16_384

/** Rules as they are put forward: all but who validates, which rosters say. */
export const laterRules = datanetRules.omit({ validators: true })
export type LaterRules = z.infer<typeof laterRules>

/** What is to be other than before; `null` leaves out what need not be there. What never changes is refused by name. */
export const rulesChange = datanetRules.partial().extend({
  tags: laterRules.shape.tags.nullable(),
  languages: laterRules.shape.languages.nullable(),
  rows: laterRules.shape.rows.nullable(),
  uploads: laterRules.shape.uploads.nullable(),
  leastDataShare: laterRules.shape.leastDataShare.nullable(),
  auditedSegments: laterRules.shape.auditedSegments.nullable(),
  trainers: laterRules.shape.trainers.nullable(),
  bond: laterRules.shape.bond.nullable()
})
export type RulesChange = z.infer<typeof rulesChange>

/** Why some rules stay as they are for as long as there is the Datanet. */
export const fixedRules = {
  validators: 'who validates is handed over from roster to roster',
  weights: 'who validates counts on what a seat weighs: it is a roster of another kind otherwise',
  heldOut: 'every version was measured by these questions, and what was paid follows from that',
  keptBack: 'it was kept back for so long of what was paid, and stays that for whoever waits for it',
  kind: 'the rows that were accepted are of this kind',
  parents: 'what a mix is made of stands in what was paid for it',
  private: 'what was given for few is not shown to all, and what all have read is no secret any more'
} as const
export type FixedRule = keyof typeof fixedRules

const fixed = (rule: FixedRule): InvalidError =>
  new InvalidError('rules.fixed', `${rule} never changes: ${fixedRules[rule]}`, {
    help: rule === 'validators' ? 'Put another roster forward: tilth datanet roster add' : 'Found another Datanet.'
  })

/** The text that goes through the chain: there is one for the same rules. */
export const rulesText = ({
  validators: _validators,
  ...rules
}: LaterRules & Partial<Pick<DatanetRules, 'validators'>>): string => canonicalJson(rules)

/**
 * Rules with some of them changed.
 * @throws InvalidError `rules.fixed` naming what never changes, `rules.invalid`, `datanet.private`
 */
export function changedRules(before: DatanetRules, change: Readonly<Record<string, unknown>>): LaterRules {
  for (const rule of Object.keys(fixedRules) as FixedRule[]) {
    const wanted = change[rule]
    // [reject] What never changes may be said again and not otherwise.
    if (wanted !== undefined && canonicalJson(wanted) !== canonicalJson(before[rule])) throw fixed(rule)
  }
  const said = Object.entries(change).filter(([, value]) => value !== undefined)
  const { validators: _validators, ...wanted } = Object.fromEntries(
    Object.entries({ ...before, ...Object.fromEntries(said) }).filter(([, value]) => value !== null)
  )
  const parsed = laterRules.safeParse(wanted)
  if (parsed.success) {
    requireAuditable(parsed.data)
    checkTrainers(parsed.data, before)
    return parsed.data
  }
  const [issue] = parsed.error.issues
  throw new InvalidError('rules.invalid', `${issue?.path.join('.') ?? 'rules'}: ${issue?.message ?? 'not as they are'}`)
}

/** What a row may be at most. */
const takes = ({ kind, rows }: Pick<DatanetRules, 'kind' | 'rows'>) => ({
  system: Number(rows?.system ?? kind !== 'qa'),
  mostTurns: kind === 'chat' || kind === undefined ? (rows?.mostTurns ?? mostMessages / 2) : 1,
  mostCharacters: rows?.mostCharacters ?? mostCharacters * mostMessages
})

/**
 * Whether rules can follow others.
 * @throws InvalidError `rules.mix`, `rules.fixed`, `rules.narrower`, `rules.trainers`
 */
export function checkLaterRules(before: DatanetRules, next: LaterRules): void {
  // [reject] A mix's rules follow from its parents', as they were when it was founded.
  if (before.parents !== undefined)
    throw new InvalidError('rules.mix', "a mix's rules follow from those of the Datanets that it is made of", {
      help: 'Found another mix: it takes their rules as they are by then.'
    })
  // [reject] Questions, what is kept back, kind, parents, how seats weigh and who may read stay.
  for (const rule of ['heldOut', 'keptBack', 'kind', 'parents', 'weights', 'private'] as const)
    if (canonicalJson(next[rule]) !== canonicalJson(before[rule])) throw fixed(rule)
  checkTrainers(next, before)
  // [reject] Every row that was accepted would be accepted still.
  const [was, is] = [takes(before), takes(next)]
  for (const limit of ['system', 'mostTurns', 'mostCharacters'] as const)
    if (is[limit] < was[limit])
      throw new InvalidError('rules.narrower', `rows.${limit} would shut out rows that were accepted`, {
        help: `What a row may be only widens: ${limit} stays, or becomes more.`
      })
}

/** @throws InvalidError `rules.invalid` for a text that is not one of rules, or not as they are written */
export function readRulesText(text: string): LaterRules {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidError('rules.invalid', 'the text is no JSON', { cause })
  }
  const parsed = laterRules.safeParse(value)
  // [reject] One text for the same rules, so that nobody agrees to what reads differently elsewhere.
  if (!parsed.success || rulesText(parsed.data) !== text)
    throw new InvalidError('rules.invalid', 'the text is not that of rules as this network writes them')
  return parsed.data
}

/** Rules that were set, as the chain tells it. */
export interface SetRules {
  readonly rules: Hex
  readonly text: string
}

/** What became of rules that were set: `why` they are none where they change what never changes. */
export interface InForce {
  readonly rules: DatanetRules
  readonly why?: InvalidError
}

/**
 * The rules from the first on, each as it is in force: where what was set cannot follow, those before it go on.
 * @param set from the second on, in the chain's order
 */
export function rulesInForce(first: DatanetRules, set: readonly SetRules[]): InForce[] {
  const all: InForce[] = [{ rules: first }]
  let before = first
  for (const { rules: hash, text } of set) {
    try {
      // [reject] The text is the one that was agreed to.
      if (keccak(text) !== hash) throw new InvalidError('rules.invalid', 'the text is not the one that was agreed to')
      const next = readRulesText(text)
      checkLaterRules(before, next)
      before = { ...next, validators: first.validators }
      all.push({ rules: before })
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
      all.push({ rules: before, why: error })
    }
  }
  return all
}

/** One rule that is other than before; values as JSON, null where there is none. */
export interface RuleDifference {
  readonly rule: string
  readonly from: string | null
  readonly to: string | null
}

/** What is other in some rules than in others, limits one by one. */
export function rulesDifference(before: LaterRules, after: LaterRules): RuleDifference[] {
  const [was, is] = [flat(before), flat(after)]
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap(rule => {
    const [from, to] = [was.get(rule) ?? null, is.get(rule) ?? null]
    return from === to ? [] : [{ rule, from, to }]
  })
}

function flat(rules: object, prefix = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of Object.entries(rules) as [string, unknown][]) {
    if (value === undefined || name === 'validators') continue
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [inner, text] of flat(value, `${prefix}${name}.`)) all.set(inner, text)
    else all.set(`${prefix}${name}`, canonicalJson(value))
  }
  return all
}
