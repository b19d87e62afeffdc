import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import {
  asking,
  costText,
  explanationText,
  questionOf,
  sourcesText,
  stepsText,
  systemOf,
  type AskingFlags,
  type Turn
} from '../asking.ts'
import { collect, command, guarded } from '../command.ts'
import { streamAnswer } from '../../api/contract/index.ts'
import { connect } from '../context.ts'
import { dim, printJson, safe } from '../output.ts'
import { pipedText, questionFile } from '../text-file.ts'

interface AskFlags extends AskingFlags {
  file?: string[]
}

/** What was typed, what was piped in where nothing was (or `-`), and the files after it. */
async function questionText(typed: string | undefined, files: readonly string[]): Promise<string> {
  const piped = typed === '-' || (typed === undefined && files.length === 0 && !process.stdin.isTTY)
  const asked = piped ? await pipedText() : typed
  if (asked === undefined && files.length === 0)
    throw new InvalidError('flag-missing', 'there is no question', {
      help: 'Type it after the command, give it as --file FILE, or pipe it in.'
    })
  const parts = asked === undefined ? [] : [asked]
  for (const file of files) parts.push(await questionFile(file))
  return parts.join('\n\n')
}

export function askCommand(): Command {
  return asking(
    command({
      name: 'ask',
      summary: 'ask a model over the network; the answer streams',
      examples: [
        'tilth ask --model elements "What is the symbol of iron?"',
        'tilth ask --model elements --json "Which element is number 26?"',
        'tilth ask --model elements --explain --max-price 0.1 "Which element is number 26?"',
        'tilth ask --model elements --context 3 "Which element is number 26?"',
        'tilth ask --model elements "What is this about?" --file notes.txt',
        'echo "What is the symbol of tin?" | tilth ask --model elements'
      ]
    })
  )
    .argument('[question]', 'what to ask; - or nothing takes what is piped in')
    .option('--file <file>', 'a text file that goes after the question; repeatable', collect)
    .action(
      guarded(async (typed: string | undefined, flags: AskFlags) => {
        await ask(typed, flags)
      })
    )
}

async function ask(typed: string | undefined, flags: AskFlags): Promise<void> {
  const content = await questionText(typed, flags.file ?? [])
  const messages: Turn[] = [...systemOf(flags), { role: 'user', content }]
  const api = await connect(flags)
  const answer = await streamAnswer(api, questionOf(flags, messages), text => {
    if (flags.json !== true) process.stdout.write(safe(text))
  })
  if (flags.json === true) {
    printJson(answer)
    return
  }
  console.log(`\n${dim(costText(answer))}`)
  if (flags.context !== undefined) console.log(dim(sourcesText(answer.sources)))
  if (answer.steps !== undefined) console.log(dim(stepsText(answer.steps)))
  if (answer.explanation !== undefined) console.log(explanationText(answer.explanation))
}

/** As `ask`, of an agent that is named first. */
export function agentAskCommand(): Command {
  return asking(
    command({
      name: 'ask',
      summary: 'ask an agent: each of its steps is paid to its own worker and data, and then its fee',
      examples: [
        'tilth agent ask chemist "What is iron for?"',
        'tilth agent ask chemist --max-price 0.5 "Why is it blue?"'
      ]
    }),
    { named: false }
  )
    .argument('<agent>', 'a registered agent: name, id, or beginning of one')
    .argument('[question]', 'what to ask; - or nothing takes what is piped in')
    .option('--file <file>', 'a text file that goes after the question; repeatable', collect)
    .action(
      guarded(async (agent: string, typed: string | undefined, flags: AskFlags) => {
        await ask(typed, { ...flags, model: agent })
      })
    )
}
