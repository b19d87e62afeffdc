import type { Command } from 'commander'
import { InvalidError, RefusedError, refusalsText } from '../../protocol/primitives/index.ts'
import type { Refusal } from '../../protocol/primitives/index.ts'

// The API speaks of fields, a person has typed options and arguments.

interface Typed {
  readonly name: string
  readonly value: unknown
}

/** Options that say which daemon is meant: no field comes from them. */
const aboutDaemon = new Set(['data', 'as', 'api', 'tokenFile', 'json'])
/** Fields whose option or argument has another name, where they stand in another by both. */
const otherNames: Readonly<Record<string, string>> = {
  messages: 'question',
  validators: 'validator',
  languages: 'language',
  tags: 'tag',
  heldOut: 'questions',
  uploadsPerContributor: 'uploads',
  'uploads.rows': 'epochRows',
  'uploads.bytes': 'epochBytes',
  'keptBack.share': 'keptBack',
  'keptBack.epochs': 'keptEpochs',
  'bond.amount': 'bond',
  'private.leastStake': 'workerStake'
}

/** The option or argument of a command that a field came from: by its name, wherever in the body it stands. */
function typedFor({ path, given }: Refusal, cmd: Command): Typed | undefined {
  const words = path
    .filter(part => typeof part === 'string')
    .map((word, i, all) => otherNames[`${all[i - 1] ?? ''}.${word}`] ?? otherNames[word] ?? word)
    .reverse()
  for (const word of words) {
    const option = cmd.options.find(one => one.attributeName() === word && !aboutDaemon.has(word))
    if (option === undefined) continue
    const value: unknown = cmd.getOptionValue(word)
    return { name: option.long ?? option.flags, value: Array.isArray(value) ? value.join(' ') : value }
  }
  const named = cmd.registeredArguments.findIndex(argument => words.includes(argument.name()))
  // What a path is about has no name of its own there: it is known by what it says.
  return argumentAt(cmd, named) ?? typedAs(given, cmd) ?? (words[0] === 'id' ? argumentAt(cmd, 0) : undefined)
}

function argumentAt(cmd: Command, at: number): Typed | undefined {
  const argument = cmd.registeredArguments[at]
  return argument === undefined ? undefined : { name: `the ${argument.name()}`, value: cmd.processedArgs[at] }
}

/** The argument or option that is this text, or of which one is. */
function typedAs(given: unknown, cmd: Command): Typed | undefined {
  if (typeof given !== 'string') return undefined
  const at = cmd.processedArgs.findIndex(value => [value].flat().includes(given))
  const option = cmd.options.find(
    one => !aboutDaemon.has(one.attributeName()) && [cmd.getOptionValue(one.attributeName())].flat().includes(given)
  )
  return argumentAt(cmd, at) ?? (option === undefined ? undefined : { name: option.long ?? option.flags, value: given })
}

/** The same refusal, in words about what was typed; any other error as it is. */
export function asTyped(error: unknown, cmd: Command): unknown {
  if (!(error instanceof RefusedError)) return error
  const typed = new Map(error.refusals.map(refusal => [refusal, typedFor(refusal, cmd)]))
  const text = refusalsText(
    error.refusals,
    refusal => typed.get(refusal)?.name ?? refusal.path.join('.'),
    refusal => typed.get(refusal)?.value ?? refusal.given
  )
  return new InvalidError(error.code, text, { help: error.help ?? `See \`${fullName(cmd)} --help\`.` })
}

/** `tilth datanet create` */
export const fullName = (cmd: Command): string =>
  cmd.parent === null ? cmd.name() : `${fullName(cmd.parent)} ${cmd.name()}`
