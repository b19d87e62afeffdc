import { knownCommandName } from './known.ts'
import type { CompletedCommand, CompletedOption } from './tree.ts'

// One script for each shell. All go the same way: the words before the cursor lead to a command, and what may follow it
// is offered: commands of a group, options after a dash, the values of an option that has few, names that the daemon
// knows, and else files. Names are strangers' words: no shell is ever given them to read as its own.

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** Where the line from `~/.…rc` goes, for the help. */
export const installing: Record<Shell, string> = {
  bash: 'source <(tilth completion bash)      # in ~/.bashrc',
  zsh: 'source <(tilth completion zsh)       # in ~/.zshrc, after compinit',
  fish: 'tilth completion fish | source       # in ~/.config/fish/config.fish'
}

const name = ({ path }: CompletedCommand): string => path.join(' ')
const quoted = (text: string): string => `'${text.replaceAll("'", '’')}'`

/** Paths of commands, as the patterns of a `case`. */
const paths = (tree: readonly CompletedCommand[]): string =>
  tree
    .filter(({ path }) => path.length > 0)
    .map(cmd => quoted(name(cmd)))
    .join('|')

/** `'tune --provider') … ;;` for each option with a value. */
const values = (tree: readonly CompletedCommand[], show: (option: CompletedOption) => string): string[] =>
  tree.flatMap(cmd =>
    cmd.options
      .filter(({ takesValue }) => takesValue)
      .map(option => {
        const patterns = option.names.map(spelled => quoted(`${name(cmd)} ${spelled}`)).join('|')
        return `    ${patterns}) ${show(option)} ;;`
      })
  )

function bash(tree: readonly CompletedCommand[]): string {
  const chosen = ({ choices, known }: CompletedOption): string =>
    known !== undefined
      ? `_tilth_names ${known}; return`
      : choices.length === 0
        ? 'return'
        : `COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$current")); return`
  const words = tree.map(
    cmd => `    ${quoted(name(cmd))}) words=${quoted(cmd.commands.map(sub => sub.name).join(' '))}
      options=${quoted(cmd.options.flatMap(({ names }) => names).join(' '))} known=${cmd.known ?? ''} ;;`
  )
  return `# Completion of tilth for bash: ${installing.bash}
_tilth_names() {
  local found
  while IFS= read -r found; do
    printf -v found %q "$found"
    if [[ "$found" == "$current"* ]]; then COMPREPLY+=("$found"); fi
  done < <("\${COMP_WORDS[0]}" ${knownCommandName} "$1" "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null </dev/null)
}
_tilth() {
  local word path= words= options= known= current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
    ${paths(tree)}) path="\${path:+$path }$word" ;;
    esac
  done
  COMPREPLY=()
  case "$path $before" in
${values(tree, chosen).join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  if [[ $current == -* ]]; then words=$options known=; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n $known ]]; then _tilth_names "$known"; fi
}
complete -o default -F _tilth tilth
`
}

function zsh(tree: readonly CompletedCommand[]): string {
  const chosen = ({ choices, known }: CompletedOption): string =>
    known !== undefined
      ? `_tilth_names ${known}; return`
      : choices.length === 0
        ? '_files; return'
        : `compadd -- ${choices.map(quoted).join(' ')}; return`
  const described = (items: readonly { name: string; summary: string }[]): string =>
    items.map(item => quoted(`${item.name}:${item.summary}`)).join(' ')
  const words = tree.map(cmd => {
    const options = cmd.options.flatMap(({ names, summary }) => names.map(option => ({ name: option, summary })))
    return `    ${quoted(name(cmd))})
      commands=(${described(cmd.commands)}) known=${cmd.known ?? ''}
      options=(${described(options)}) ;;`
  })
  return `#compdef tilth
# Completion of tilth for zsh: ${installing.zsh}
_tilth_names() {
  local -a found
  found=("\${(@f)$("\${words[1]}" ${knownCommandName} "$1" "\${(@)words[2,CURRENT-1]}" 2>/dev/null </dev/null)}")
  compadd -- "\${(@)found:#}"
}
_tilth() {
  local word at="" known=""
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${at:+$at }$word" in
    ${paths(tree)}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${values(tree, chosen).join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe option options
  elif (( \${#commands} )); then
    _describe command commands
    if [[ -n "$known" ]]; then _tilth_names "$known"; fi
  elif [[ -n "$known" ]]; then
    _tilth_names "$known" || _files
  else
    _files
  fi
}
compdef _tilth tilth
`
}

function fish(tree: readonly CompletedCommand[]): string {
  const lines = tree.flatMap(cmd => {
    const here = `-c tilth -n ${quoted(`__tilth_at "${name(cmd)}"`)}`
    return [
      ...cmd.commands.map(sub => `complete ${here} -f -a ${quoted(sub.name)} -d ${quoted(sub.summary)}`),
      ...(cmd.known === undefined ? [] : [`complete ${here} -a '(__tilth_names ${cmd.known})'`]),
      ...cmd.options.map(({ names, summary, takesValue, choices, known }) => {
        const spelled = names.map(option =>
          option.startsWith('--') ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`
        )
        const offered = known === undefined ? quoted(choices.join(' ')) : `'(__tilth_names ${known})'`
        const value = known !== undefined || choices.length > 0 ? ` -x -a ${offered}` : takesValue ? ' -r' : ''
        return `complete ${here} ${spelled.join(' ')}${value} -d ${quoted(summary)}`
      })
    ]
  })
  return `# Completion of tilth for fish: ${installing.fish}
function __tilth_at
  set -l at
  for word in (commandline -opc)[2..-1]
    switch (string join ' ' -- $at $word)
      case ${paths(tree).replaceAll('|', ' ')}
        set -a at $word
    end
  end
  test "$(string join ' ' -- $at)" = "$argv[1]"
end
function __tilth_names
  set -l line (commandline -opc)
  command $line[1] ${knownCommandName} $argv[1] $line[2..-1] 2>/dev/null </dev/null
end
${lines.join('\n')}
`
}

/** A script that a shell reads once and completes by from then on. */
export const completionScript = (shell: Shell, tree: readonly CompletedCommand[]): string =>
  ({ bash, zsh, fish })[shell](tree)
