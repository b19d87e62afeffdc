import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import { costText, explanationText } from '../asking.ts'
import type { Ends } from '../../api/contract/index.ts'
import { fail } from '../command.ts'
import { bold, dim, plural, safe, tell, tokens } from '../output.ts'
import type { Conversation } from './conversation.ts'
import { Typing, hearPastes, lineOf, questionTyped } from './typing.ts'
import type { Keys } from './typing.ts'

const help = [
  '/clear   begin anew: nothing said before is sent on',
  '/cost    what the conversation has cost, and what is left of its budget',
  '/quit    end it, as Ctrl-D does',
  '',
  'Ctrl-C cuts an answer off, and what came is paid for; at the prompt it drops what was typed.',
  'The arrows up and down bring back what was asked. Pasted lines are one question (⏎ stands between them).'
].join('\n')

/** Questions that the arrow keys bring back. */
const mostRecalled = 500

/** An answer that may be cut off: once, and what it cost is waited for; twice, and it is not. */
function cutting(typing: Typing): Ends {
  const [enough, hangUp] = [new AbortController(), new AbortController()]
  typing.onInterrupt = () => {
    if (enough.signal.aborted) hangUp.abort()
    enough.abort()
  }
  return { enough: enough.signal, hangUp: hangUp.signal }
}

/** One question and its answer, as it comes. A failed answer is told, and the conversation goes on. */
async function answer(chat: Conversation, question: string, ends: Ends): Promise<void> {
  let last = '\n'
  let isBegun = false
  const write = (piece: string): void => {
    // Models begin with a blank; nothing stands before it here.
    const text = isBegun ? piece : piece.trimStart()
    if (text === '') return
    isBegun = true
    last = text
    process.stdout.write(safe(text))
  }
  const ended = (): string => (last.endsWith('\n') ? '' : '\n')
  try {
    const found = await chat.ask(
      question,
      write,
      () => tell(dim('(what was said first is left out: the model does not read so much)')),
      ends
    )
    const cut = found.finish === 'cancelled' ? '(cut off) ' : ''
    console.log(`${ended()}${dim(`${cut}${costText(found)}`)}`)
    if (found.explanation !== undefined) console.log(explanationText(found.explanation))
    await chat.save()
  } catch (error) {
    if (ends.enough.aborted) console.log(dim(`${ended()}(cut off; what it cost is not known: see \`tilth receipts\`)`))
    else {
      process.stdout.write(ended())
      fail(error, false)
      process.exitCode = 0 // it was told, and the conversation goes on
    }
  }
}

/** What begins with a stroke. @returns whether the conversation goes on */
function command(chat: Conversation, line: string): boolean {
  if (line === '/quit' || line === '/exit') return false
  if (line === '/help') console.log(help)
  else if (line === '/clear') {
    chat.turns = []
    console.log(dim('(nothing said before is sent on)'))
  } else if (line === '/cost')
    console.log(`${tokens(chat.spent, 9)} paid${chat.left === undefined ? '' : `, ${tokens(chat.left, 9)} left`}`)
  else console.log(`there is no ${safe(line.split(' ')[0] ?? '')}; /help lists what there is`)
  return true
}

/** Ctrl-C at the prompt drops what was typed; where nothing was, it ends the conversation the second time. */
function interrupts(lines: Interface, typing: Typing): () => void {
  let once = false
  lines.on('line', () => {
    once = false
  })
  return () => {
    const isEmpty = lines.line === ''
    if (isEmpty && once) return lines.close()
    once = isEmpty
    console.log(isEmpty ? `\n${dim('(once more, or Ctrl-D, ends it)')}` : '')
    lines.write(null, { ctrl: true, name: 'e' })
    lines.write(null, { ctrl: true, name: 'u' })
    lines.prompt()
    typing.next()
  }
}

/** Questions from a terminal, answers as they come. */
export async function talk(chat: Conversation, name: string): Promise<void> {
  const typing = new Typing(process.stdin as Keys)
  const asked = chat.turns.filter(({ role }) => role === 'user').map(({ content }) => lineOf(content))
  const lines = createInterface({
    input: typing,
    output: process.stdout,
    terminal: true,
    prompt: bold('› '),
    historySize: mostRecalled,
    history: asked.slice(-mostRecalled).reverse()
  })
  const quiet = hearPastes(process.stdout)
  lines.on('SIGINT', interrupts(lines, typing))
  console.log(dim(`A conversation with ${safe(name)}. /help says what else there is; Ctrl-D ends it.`))
  if (asked.length > 0)
    console.log(dim(`It goes on from ${plural(asked.length, 'question')} before; /clear begins anew.`))
  try {
    lines.prompt()
    typing.next()
    for await (const typed of lines) {
      const question = questionTyped(typed)
      if (question.startsWith('/') && !question.includes('\n')) {
        if (!command(chat, question)) return
      } else if (question !== '') await answer(chat, question, cutting(typing))
      typing.onInterrupt = () => undefined
      lines.prompt()
      typing.next()
    }
    console.log() // the shell's prompt stands on a line of its own
  } finally {
    quiet()
    lines.close()
    typing.close()
  }
}
