import type { Command, Option } from 'commander'
import { roles } from '../../config/index.ts'
import { members } from '../../local/network/members.ts'

/** An option as a shell completes it. */
export interface CompletedOption {
  readonly names: readonly string[]
  readonly summary: string
  readonly takesValue: boolean
  /** Its values, where they are few. */
  readonly choices: readonly string[]
}

/** A command with what may follow it, `commands` or words of an argument; `path` is empty for the program itself. */
export interface CompletedCommand {
  readonly path: readonly string[]
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly options: readonly CompletedOption[]
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

const optionOf = ({ long, short, description, required, optional, argChoices }: Option): CompletedOption => ({
  names: [long, short].filter(name => name !== undefined && name !== null),
  summary: plain(description),
  takesValue: required || optional,
  choices: argChoices ?? usualValues[long ?? ''] ?? []
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
      ]
    },
    ...shown.flatMap(sub => commandTree(sub, [...path, sub.name()]))
  ]
}
