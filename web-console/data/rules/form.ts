import type { z } from 'zod'
import { parseHeldOut } from '../../../protocol/data/held-out.ts'
import { checkLicence } from '../../../protocol/data/licence.ts'
import { fixedRules } from '../../../protocol/data/amendment.ts'
import type { LaterRules, RulesChange } from '../../../protocol/data/amendment.ts'
import { datanetRules, leastDataShareOf, usualAuditedSegments, usualKeptBack } from '../../../protocol/data/types.ts'
import type { DatanetRules, Row } from '../../../protocol/data/types.ts'
import { TilthError } from '../../../protocol/primitives/errors.ts'
import { exactTokenText, tokensIn } from '../../../protocol/primitives/tokens.ts'
import { refusalsOf, refusalsText } from '../../../protocol/primitives/refusal.ts'

/** The form of a new Datanet as it is typed: text, so that what is wrong with it can be told. */
export interface RulesForm {
  readonly name: string
  readonly description: string
  readonly licence: string
  readonly tags: string
  readonly languages: string
  /** qa, chat or text; empty for any. */
  readonly kind: string
  readonly maxRows: string
  /** In megabytes. */
  readonly maxMegabytes: string
  readonly uploadsPerContributor: string
  /** In tokens; 0 for none. */
  readonly bond: string
  readonly bondDays: string
  /** In percent. */
  readonly minOwnShare: string
  readonly dataShare: string
  readonly auditedSegments: string
  readonly keptBack: string
  readonly nearDuplicate: string
  readonly revealMinutes: string
  readonly voteMinutes: string
  /** An address a line, with its weight after it if it is not 1. */
  readonly validators: string
  /** `yes`, or empty. */
  readonly private: string
  /** Of a private one: an account a line that may train on its rows, with `builder` after it for whom it chooses. */
  readonly trainers: string
}
export type FormField = keyof RulesForm

export const firstForm: RulesForm = {
  name: '',
  description: '',
  licence: 'CC0-1.0',
  tags: '',
  languages: '',
  kind: '',
  maxRows: '10000',
  maxMegabytes: '8',
  uploadsPerContributor: '10',
  bond: '0',
  bondDays: '1',
  minOwnShare: '50',
  dataShare: '10',
  auditedSegments: String(usualAuditedSegments),
  keptBack: '0',
  nearDuplicate: '50',
  revealMinutes: '10',
  voteMinutes: '60',
  validators: '',
  private: '',
  trainers: ''
}

/** Rules in force as they are typed. */
export function formOf(rules: LaterRules, validators: string): RulesForm {
  return {
    name: rules.name,
    description: rules.description,
    licence: rules.licence,
    tags: (rules.tags ?? []).join(', '),
    languages: (rules.languages ?? []).join(', '),
    kind: rules.kind ?? '',
    maxRows: String(rules.maxRows),
    maxMegabytes: String(rules.maxBytes / 1_000_000),
    uploadsPerContributor: String(rules.uploadsPerContributor),
    bond: rules.bond === undefined ? '0' : exactTokenText(BigInt(rules.bond.amount)),
    bondDays: String((rules.bond?.seconds ?? 86_400) / 86_400),
    minOwnShare: String(rules.minOwnShare / 10),
    dataShare: String(leastDataShareOf(rules) / 100),
    auditedSegments: String(rules.auditedSegments ?? 0),
    keptBack: String((rules.keptBack?.share ?? 0) / 100),
    nearDuplicate: String(rules.nearDuplicate / 10),
    revealMinutes: String(rules.revealSeconds / 60),
    voteMinutes: String(rules.voteSeconds / 60),
    validators,
    private: rules.private === undefined ? '' : 'yes',
    trainers: trainersText(rules)
  }
}

const trainersText = ({ trainers = {} }: Pick<LaterRules, 'trainers'>): string =>
  [
    ...(trainers.workers ?? []),
    ...(trainers.builders ?? []).map(account => `${account} builder`),
    ...(trainers.anybody === true ? ['anybody'] : [])
  ].join('\n')

/** What stays for as long as there is the Datanet. */
export const isFixed = (field: FormField): boolean => Object.hasOwn(fixedRules, ruleOf[field])

/** What is typed otherwise than it was. */
export function changeOf(before: RulesForm, form: RulesForm): RulesChange {
  const values = valuesOf(form)
  const fields = (Object.keys(ruleOf) as FormField[]).filter(field => form[field] !== before[field])
  return Object.fromEntries(fields.map(field => [ruleOf[field], values[ruleOf[field]] ?? null]))
}

type Rules = Omit<DatanetRules, 'heldOut' | 'parents'>
type RuleName = keyof Rules

const ruleOf: Record<FormField, RuleName> = {
  name: 'name',
  description: 'description',
  licence: 'licence',
  tags: 'tags',
  languages: 'languages',
  kind: 'kind',
  dataShare: 'leastDataShare',
  auditedSegments: 'auditedSegments',
  keptBack: 'keptBack',
  maxRows: 'maxRows',
  maxMegabytes: 'maxBytes',
  uploadsPerContributor: 'uploadsPerContributor',
  bond: 'bond',
  bondDays: 'bond',
  minOwnShare: 'minOwnShare',
  nearDuplicate: 'nearDuplicate',
  revealMinutes: 'revealSeconds',
  voteMinutes: 'voteSeconds',
  validators: 'validators',
  private: 'private',
  trainers: 'trainers'
}

/** What goes into fields that are typed in other units than the rules have. */
const inTypedUnits: Partial<Record<FormField, string>> = {
  maxMegabytes: 'It must be a number of megabytes, at most 67.1.',
  bond: 'It must be a number of tokens such as 5 or 0.5; 0 for none.',
  bondDays: 'It must be a number of days, at most 30.',
  minOwnShare: 'It must be a number from 0 to 100.',
  dataShare: 'It must be a number from 0 to 100.',
  auditedSegments: 'It must be a number from 0 to 16.',
  keptBack: 'It must be a number from 0 to 50.',
  nearDuplicate: 'It must be a number from 0 to 100.',
  revealMinutes: 'It must be a number of minutes, at most 10080, which is a week.',
  voteMinutes: 'It must be a number of minutes, at most 10080, which is a week.',
  trainers: 'Each line must be an account, with the word builder after it where whom it chooses is trusted.'
}

/** A number as it was typed; what is none stays text, for its refusal to say so. */
const scaled = (text: string, factor: number): unknown => {
  const number = Number(text.trim().replace(',', '.'))
  return text.trim() === '' || Number.isNaN(number) ? text : Math.round(number * factor)
}

/** Nobody but who sits where nobody is named; `anybody` stands for the worker of any award. */
function trainersOf({ private: isPrivate, trainers }: RulesForm): unknown {
  const lines = listed(trainers, /\n/).map(line => line.split(/\s+/))
  if (isPrivate === '' || lines.length === 0) return undefined
  const named = lines.filter(([account]) => account !== 'anybody')
  const accounts = (isBuilder: boolean): string[] =>
    named.filter(([, as]) => (as === 'builder') === isBuilder).map(([account = '']) => account)
  return {
    ...(accounts(false).length === 0 ? {} : { workers: accounts(false) }),
    ...(accounts(true).length === 0 ? {} : { builders: accounts(true) }),
    ...(named.length === lines.length ? {} : { anybody: true })
  }
}

/** Nothing is kept back at 0; else as long as is usual. */
function keptBackOf(form: RulesForm): unknown {
  const share = scaled(form.keptBack, 100)
  return share === 0 ? undefined : { ...usualKeptBack, share }
}

/** Nothing is locked at 0; what is no amount stays text, for its refusal to say so. */
function bondOf(form: RulesForm): unknown {
  const amount = tokensIn(form.bond.trim().replace(',', '.'))
  if (amount === 0n) return undefined
  return { amount: amount === undefined ? form.bond : String(amount), seconds: scaled(form.bondDays, 86_400) }
}

const listed = (text: string, separator: RegExp): string[] =>
  text
    .split(separator)
    .map(part => part.trim())
    .filter(part => part !== '')

function valuesOf(form: RulesForm): Record<RuleName, unknown> {
  const tags = listed(form.tags, /[,\n]/)
  const languages = listed(form.languages, /[,\s]/)
  return {
    name: form.name.trim(),
    description: form.description.trim(),
    licence: form.licence.trim(),
    tags: tags.length === 0 ? undefined : tags,
    languages: languages.length === 0 ? undefined : languages,
    kind: form.kind.trim() === '' ? undefined : form.kind.trim(),
    rows: undefined, // any
    uploads: undefined, // by contributions alone
    private: form.private === '' ? undefined : {},
    trainers: trainersOf(form),
    maxRows: scaled(form.maxRows, 1),
    maxBytes: scaled(form.maxMegabytes, 1_000_000),
    uploadsPerContributor: scaled(form.uploadsPerContributor, 1),
    bond: bondOf(form),
    minOwnShare: scaled(form.minOwnShare, 10),
    leastDataShare: scaled(form.dataShare, 100),
    // Drawn auditors cannot read a private one's rows.
    auditedSegments: form.private === '' ? scaled(form.auditedSegments, 1) : 0,
    questionWriters: 'by-standing', // newcomers share a third
    keptBack: keptBackOf(form),
    nearDuplicate: scaled(form.nearDuplicate, 10),
    revealSeconds: scaled(form.revealMinutes, 60),
    voteSeconds: scaled(form.voteMinutes, 60),
    weights: undefined, // as they are named
    validators: listed(form.validators, /\n/).map(line => {
      const [address = '', weight = '1'] = line.split(/[\s,=]+/)
      return { address, weight: scaled(weight, 1) }
    })
  }
}

function licenceFault(text: string): string | undefined {
  try {
    checkLicence(text)
    return undefined
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return `It is no licence of the SPDX list. ${error.help ?? ''}`
  }
}

/** Two fields make one rule: which of them is at fault. */
const isOfBond = (field: FormField, { issues }: z.ZodError): boolean =>
  issues.some(({ path }) => path[0] === (field === 'bond' ? 'amount' : 'seconds'))

/** What is wrong with each field, in words. */
export function faultsOf(form: RulesForm): Partial<Record<FormField, string>> {
  const values = valuesOf(form)
  const faults: Partial<Record<FormField, string>> = {}
  for (const field of Object.keys(ruleOf) as FormField[]) {
    const rule = ruleOf[field]
    const read = datanetRules.shape[rule].safeParse(values[rule])
    if (read.success || (rule === 'bond' && !isOfBond(field, read.error))) continue
    faults[field] =
      inTypedUnits[field] ??
      refusalsText(refusalsOf(datanetRules.shape[rule], values[rule], read.error), ({ path }) =>
        path.length === 0 ? 'It' : `Line ${Number(path[0]) + 1}`
      )
  }
  if (faults.licence === undefined) {
    const fault = licenceFault(form.licence.trim())
    if (fault !== undefined) faults.licence = fault
  }
  const accounts = (values.validators as { address: string }[]).map(({ address }) => address)
  if (faults.validators === undefined && new Set(accounts).size !== accounts.length)
    faults.validators = 'An account stands here twice.'
  return faults
}

/** The rules, where nothing is wrong with them. */
export function rulesOf(form: RulesForm): Rules | undefined {
  const read = datanetRules.omit({ heldOut: true, parents: true }).safeParse(valuesOf(form))
  return read.success && licenceFault(read.data.licence) === undefined ? read.data : undefined
}

/** As many rules as an example can be judged by, the others as they were at first. */
export function judgedBy(form: RulesForm) {
  const [values, first] = [valuesOf(form), valuesOf(firstForm)]
  const number = (rule: RuleName): number =>
    datanetRules.shape[rule].safeParse(values[rule]).success ? Number(values[rule]) : Number(first[rule])
  return {
    maxRows: number('maxRows'),
    maxBytes: number('maxBytes'),
    uploadsPerContributor: number('uploadsPerContributor'),
    kind: datanetRules.shape.kind.safeParse(values.kind).data,
    minOwnShare: number('minOwnShare'),
    nearDuplicate: number('nearDuplicate')
  }
}

/** The questions of a file, or what is wrong with it. */
export function questionsOf(bytes: Uint8Array): { readonly rows: readonly Row[] } | { readonly fault: string } {
  try {
    return { rows: parseHeldOut(bytes) }
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return { fault: `${error.message}. ${error.help ?? ''}` }
  }
}
