import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { asking, questionOf, systemOf } from '../asking.ts'
import type { Answer } from '../../api/contract/index.ts'
import { Conversation, historyBound, historyFile } from '../chat/conversation.ts'
import type { ChatFlags } from '../chat/conversation.ts'
import { talk } from '../chat/talk.ts'
import { command, guarded } from '../command.ts'
import { connect } from '../context.ts'
import { printJson, safe } from '../output.ts'
import { readFileAs } from '../text-file.ts'

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
          chat.turns = (await readFileAs(historyFile, flags.history, historyBound)).messages
        // A mistake in what was typed is told before the first question.
        questionOf(flags, systemOf(flags))
        const { name } = await chat.api.call('model', { params: { id: flags.model } })
        if (process.stdin.isTTY && flags.json !== true) await talk(chat, name)
        else await answerLines(chat, flags.json === true)
      })
    )
}
