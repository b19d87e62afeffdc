import type { ChatMessage } from '../types.ts'

/** Of a text, in UTF-16 units. */
export interface Span {
  readonly from: number
  readonly to: number
}

// A template is a program: where it puts an answer is found out by marking each answer and looking where the marks come
// out. Marks are characters of private use that stand in none of the texts.

const marksFrom = [0xe100, 0xe400, 0xe800, 0xec00, 0xf000, 0xf400]
const mostMarked = 0x200

/** The first two marks for one of the messages, of a range that none of them uses. */
function rangeFor(messages: readonly ChatMessage[]): number | undefined {
  const isFree = (base: number): boolean =>
    !messages.some(({ content }) => {
      for (let i = 0; i < content.length; i++) {
        const code = content.charCodeAt(i)
        if (code >= base && code < base + 2 * mostMarked) return true
      }
      return false
    })
  return messages.length > mostMarked ? undefined : marksFrom.find(isFree)
}

/**
 * Where the text of each answer stands in what a template makes of a conversation, by the message's index. An answer
 * that the template drops is not there; of one that it shortens, what is left is. Undefined where marks change what it
 * makes of the rest.
 */
export function answersIn(
  messages: readonly ChatMessage[],
  whole: string,
  render: (messages: readonly ChatMessage[]) => string
): Map<number, Span> | undefined {
  const base = rangeFor(messages)
  if (base === undefined) return undefined
  const mark = (i: number): string => String.fromCharCode(base + i)
  const cores = messages.map(({ content }) => content.trim())
  const marked = render(
    messages.map((message, i) => {
      if (message.role !== 'assistant') return message
      const { content } = message
      const lead = content.length - content.trimStart().length
      const core = cores[i] ?? ''
      // Blanks stay outside: a template that trims a text has to find them.
      return {
        ...message,
        content: content.slice(0, lead) + mark(2 * i) + core + mark(2 * i + 1) + content.slice(lead + core.length)
      }
    })
  )
  const opens = new Map<number, number>()
  const closes = new Map<number, number>()
  const kept: string[] = []
  let length = 0
  let start = 0
  for (let at = 0; at <= marked.length; at++) {
    const code = at === marked.length ? base : marked.charCodeAt(at)
    if (code < base || code >= base + 2 * messages.length) continue
    kept.push(marked.slice(start, at))
    length += at - start
    start = at + 1
    if (at < marked.length) ((code - base) % 2 === 0 ? opens : closes).set(Math.floor((code - base) / 2), length)
  }
  if (kept.join('') !== whole) return undefined
  const spans = new Map<number, Span>()
  for (const [i, close] of closes) {
    const core = cores[i] ?? ''
    const content = messages[i]?.content ?? ''
    const open = opens.get(i)
    const isWhole = open !== undefined && open <= close && whole.slice(open, close) === core
    const from = isWhole ? open : close - sharedEnd(whole.slice(Math.max(0, close - core.length), close), core)
    // What the template left of the blanks around it is its own as well.
    const lead = isWhole ? content.slice(0, content.length - content.trimStart().length) : ''
    const trail = content.slice(content.trimEnd().length)
    spans.set(i, {
      from: lead !== '' && whole.slice(0, from).endsWith(lead) ? from - lead.length : from,
      to: trail !== '' && whole.startsWith(trail, close) ? close + trail.length : close
    })
  }
  return spans
}

/** Length of the longest end that two texts share, without blanks before it: those may be the template's. */
function sharedEnd(a: string, b: string): number {
  let n = 0
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n++
  return a.slice(a.length - n).trimStart().length
}

/** What a template writes around a conversation's last answer. */
export interface Asking {
  /** What the model is given when it is asked for the last answer. */
  readonly prompt: string
  /** What of that asks for an answer: the header of an answer's turn. */
  readonly header: string
}

/**
 * What a model says by itself when it gives these answers: from where it is asked to what ends its turn, so with what a
 * template writes between the two. Spans in order, none over another.
 */
export function turnsOf(answers: readonly Span[], whole: string, { prompt, header }: Asking): Span[] {
  const last = answers.at(-1)
  if (last === undefined) return []
  const tail = whole.slice(last.to)
  const isAsked = whole.startsWith(prompt) && prompt.length <= last.from
  // Where nothing but blanks stands between prompt and answer, the model says them.
  const gap =
    isAsked && whole.slice(prompt.length, last.from).trim() === '' ? whole.slice(prompt.length, last.from) : ''
  const turns: Span[] = []
  let floor = 0
  for (const answer of answers) {
    const { from, to } = answer
    const at = header === '' ? -1 : whole.lastIndexOf(header, from - header.length)
    const begins =
      answer === last && isAsked && prompt.length >= floor
        ? prompt.length
        : at >= floor
          ? at + header.length
          : from - gap.length >= floor && whole.startsWith(gap, from - gap.length)
            ? from - gap.length
            : from
    const ends = whole.startsWith(tail, to) ? to + tail.length : to
    turns.push({ from: begins, to: ends })
    floor = ends
  }
  return turns
}
