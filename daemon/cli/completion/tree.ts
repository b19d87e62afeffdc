import type { Argument, Command, Option } from 'commander'
import { roles } from '../../config/index.ts'
import { members } from '../../local/network/members.ts'
import type { KnownKind } from './known.ts'

/** An option as a shell completes it. */
export interface CompletedOption {
  readonly names: readonly string[]
  readonly summary: string
  readonly takesValue: boolean
  /** Its values, where they are few. */
  readonly choices: readonly string[]
  /** Of which things its values are names. */
  readonly known?: KnownKind
}

/** A command with what may follow it, `commands` or words of an argument; `path` is empty for the program itself. */
export interface CompletedCommand {
  readonly path: readonly string[]
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly options: readonly CompletedOption[]
  /** Of which things its arguments are names. */
  readonly known?: KnownKind
}

/** The first line of a summary, without what shells read as theirs. */
const plain = (text: string): string =>
  (text.split('\n')[0] ?? '')
    .replaceAll(/(?<=\w)'(?=\w)/g, '’')
    .replaceAll(': ', ', ')
    .replace(/[`'"\\$:[\]]/g, ' ')
    .trim()

/** Values that commands check in words of their own, or that are no more than the usual ones. */
const usualValues: Readonly<Record<string, readonly string[]>> = {
  '--as': members.map(({ name }) => name),
  '--role': roles
}
const usualWords: Readonly<Record<string, readonly string[]>> = {
  'audit kind': ['receipt', 'epoch', 'model'],
  'review policy policy': ['auto', 'manual'],
  'vote decision': ['accept', 'reject']
}

/** What an option's value or an argument is called, where it names one of many things. */
const knownWords: Readonly<Record<string, KnownKind>> = {
  model: 'model',
  datanet: 'datanet',
  datanets: 'datanet',
  '--datanet': 'datanet',
  'models compare first': 'model',
  'models compare second': 'model'
}
/** Models that are not registered: on a hub, or in a folder. */
const unknownWords = new Set(['models add model'])

const knownBy = (...words: readonly string[]): { known?: KnownKind } => {
  const known = words.some(word => unknownWords.has(word))
    ? undefined
    : words.map(word => knownWords[word]).find(kind => kind !== undefined)
  return known === undefined ? {} : { known }
}
const argumentKnown = (path: readonly string[]) => (argument: Argument) =>
  knownBy([...path, argument.name()].join(' '), argument.name())

const optionOf = ({ long, short, flags, description, required, optional, argChoices }: Option): CompletedOption => ({
  names: [long, short].filter(name => name !== undefined && name !== null),
  summary: plain(description),
  takesValue: required || optional,
  choices: argChoices ?? usualValues[long ?? ''] ?? [],
  ...knownBy(long ?? '', /<([a-z]+)>/.exec(flags)?.[1] ?? '')
})

/** Every command of the program, groups before what is in them. */
export function commandTree(cmd: Command, path: readonly string[] = []): CompletedCommand[] {
  const shown = cmd.commands.filter(sub => !sub.name().startsWith('_'))
  return [
    {
      path,
      commands: [
        ...shown.map(sub => ({ name: sub.name(), summary: plain(sub.description()) })),
        ...cmd.registeredArguments.flatMap(argument =>
          (argument.argChoices ?? usualWords[[...path, argument.name()].join(' ')] ?? []).map(word => ({
            name: word,
            summary: plain(argument.description)
          }))
        )
      ],
      options: [
        ...cmd.options.map(optionOf),
        { names: ['--help', '-h'], summary: 'what it takes, with an example', takesValue: false, choices: [] }
      ],
      ...cmd.registeredArguments.map(argumentKnown(path)).find(({ known }) => known !== undefined)
    },
    ...shown.flatMap(sub => commandTree(sub, [...path, sub.name()]))
  ]
}
