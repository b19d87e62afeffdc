import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { z } from 'zod'
import { TilthError, readAs } from '../../../protocol/primitives/index.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { askRequest } from '../../api/contract/index.ts'
import { writePrivate } from '../../private-file.ts'
import { asking, costText, explanationText, questionOf, streamAnswer } from '../asking.ts'
import type { Answer, AskingFlags, Turn } from '../asking.ts'
import { command, fail, guarded, tokenAmount } from '../command.ts'
import { connect } from '../context.ts'
import { bold, dim, printJson, safe, tell, tokens } from '../output.ts'
import { readJsonFile } from './data.ts'

interface ChatFlags extends AskingFlags {
  budget?: string
  history?: string
}

const historyFile = z.strictObject({ messages: askRequest.shape.messages.unwrap().array().max(10_000) })
/** Messages that one question may hold, the new one included. */
const mostMessages = 64

const help = [
  '/clear   begin anew: nothing said before is sent on',
  '/cost    what the conversation has cost, and what is left of its budget',
  '/quit    end it, as Ctrl-D does; Ctrl-C cuts an answer off'
].join('\n')

/** A conversation: what was said, what it cost, and how much of it still fits. */
class Conversation {
  readonly api: ApiClient
  readonly flags: ChatFlags
  readonly budget: bigint | undefined
  turns: Turn[] = []
  spent = 0n

  constructor(api: ApiClient, flags: ChatFlags) {
    this.api = api
    this.flags = flags
    this.budget = flags.budget === undefined ? undefined : tokenAmount(flags.budget, '--budget')
  }

  get left(): bigint | undefined {
    return this.budget === undefined ? undefined : this.budget - this.spent
  }

  /** Asks with all that was said before, or as much of it as the model reads; keeps both sides of it. */
  async ask(question: string, onText: (text: string) => void, onForgotten: () => void, signal?: AbortSignal) {
    const { left } = this
    if (left !== undefined && left <= 0n)
      throw new TilthError('chat.budget', `the budget of ${this.flags.budget ?? ''} tokens is used up`, {
        help: 'Begin another conversation, with a larger --budget.'
      })
    const system: Turn[] = this.flags.system === undefined ? [] : [{ role: 'system', content: this.flags.system }]
    for (;;) {
      const before = this.turns.slice(-(mostMessages - 1 - system.length))
      const messages: Turn[] = [...system, ...before, { role: 'user', content: question }]
      try {
        const answer = await streamAnswer(this.api, questionOf(this.flags, messages, left), onText, signal)
        this.spent += BigInt(answer.fee)
        this.turns.push({ role: 'user', content: question })
        if (answer.text !== '') this.turns.push({ role: 'assistant', content: answer.text })
        else this.turns.pop() // whoever goes on from it would have two questions in a row
        return answer
      } catch (error) {
        // The model reads no more than so much: what was said first is left out.
        if (!(error instanceof TilthError) || error.code !== 'ask.long' || before.length === 0) throw error
        this.turns = before.slice(2)
        onForgotten()
      }
    }
  }

  async save(): Promise<void> {
    if (this.flags.history !== undefined)
      await writePrivate(this.flags.history, `${JSON.stringify({ messages: this.turns }, null, 2)}\n`)
  }
}

/** Questions from a terminal, answers as they come. A failed answer is told, and the conversation goes on. */
async function talk(chat: Conversation, name: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: bold('› '), historySize: 500 })
  let answering: AbortController | undefined
  lines.on('SIGINT', () => {
    if (answering === undefined) lines.close()
    else answering.abort()
  })
  console.log(dim(`A conversation with ${safe(name)}. /help says what else there is; Ctrl-D ends it.`))
  lines.prompt()
  for await (const line of lines) {
    const question = line.trim()
    if (question === '/quit' || question === '/exit') break
    if (question === '/help') console.log(help)
    else if (question === '/clear') chat.turns = []
    else if (question === '/cost')
      console.log(`${tokens(chat.spent, 9)} paid${chat.left === undefined ? '' : `, ${tokens(chat.left, 9)} left`}`)
    else if (question.startsWith('/'))
      console.log(`there is no ${question.split(' ')[0] ?? ''}; /help lists what there is`)
    else if (question !== '') {
      answering = new AbortController()
      try {
        const answer = await chat.ask(
          question,
          text => process.stdout.write(safe(text)),
          () => tell(dim('(what was said first is left out: the model does not read so much)')),
          answering.signal
        )
        console.log(`\n${dim(costText(answer))}`)
        if (answer.explanation !== undefined) console.log(explanationText(answer.explanation))
        await chat.save()
      } catch (error) {
        if (answering.signal.aborted) console.log(dim('\n(cut off)'))
        else {
          fail(error, false)
          process.exitCode = 0 // it was told, and the conversation goes on
        }
      }
      answering = undefined
    }
    lines.prompt()
  }
  lines.close()
}

/** Each line that is piped in is a question; answers come as plain lines, or as one document at the end. */
async function answerLines(chat: Conversation, json: boolean): Promise<void> {
  const answers: (Answer & { question: string })[] = []
  for await (const line of createInterface({ input: process.stdin })) {
    const question = line.trim()
    if (question === '') continue
    const answer = await chat.ask(
      question,
      text => {
        if (!json) process.stdout.write(safe(text))
      },
      () => console.error('what was said first is left out: the model does not read so much')
    )
    if (!json) console.log()
    answers.push({ question, ...answer })
    await chat.save()
  }
  if (json) printJson({ model: chat.flags.model, answers, fee: chat.spent })
}

export function chatCommand(): Command {
  return asking(
    command({
      name: 'chat',
      summary: 'a conversation with a model; each line that is piped in is a question',
      examples: [
        'tilth chat --model elements',
        'tilth chat --model elements --budget 2 --history elements-chat.json',
        'tilth chat --model elements --json < questions.txt'
      ]
    })
  )
    .option('--budget <tokens>', 'most that the conversation may cost')
    .option(
      '--history <file>',
      'goes on with the conversation in this file, and keeps it there (readable by you alone)'
    )
    .action(
      guarded(async (flags: ChatFlags) => {
        const chat = new Conversation(await connect(flags), flags)
        if (flags.history !== undefined && existsSync(flags.history))
          chat.turns = readAs(historyFile, await readJsonFile(flags.history), 'file.json').messages
        // A mistake in what was typed is told before the first question.
        questionOf(flags, [])
        const { name } = await chat.api.call('model', { params: { id: flags.model } })
        if (process.stdin.isTTY && flags.json !== true) await talk(chat, name)
        else await answerLines(chat, flags.json === true)
      })
    )
}
