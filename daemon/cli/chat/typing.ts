import { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** What stands for an end of line within one question, so that it is one line while it is edited. */
export const lineMark = '⏎'
const escape = '\x1b'
/** Asks a terminal to say what is pasted, and to say it no more. */
const pasting = { on: `${escape}[?2004h`, off: `${escape}[?2004l` } as const
const paste = { begin: `${escape}[200~`, end: `${escape}[201~` } as const
const interrupt = '\x03'
/** A key: a character, or what a terminal sends for one that is none. */
const keys = new RegExp(`${escape}(?:\\[[0-9;]*[A-Za-z~]|O[A-Za-z])|\\r\\n|.`, 'gsu')
/** Characters that are typed ahead, at most. */
const mostAhead = 64 * 1024

/** A terminal's input, as far as it is used here. */
export interface Keys {
  readonly isTTY?: boolean
  isRaw?: boolean
  setRawMode?(raw: boolean): unknown
  on(name: 'data', listener: (data: Buffer) => void): unknown
  on(name: 'end', listener: () => void): unknown
  off(name: 'data', listener: (data: Buffer) => void): unknown
  pause(): unknown
  resume(): unknown
}

/** What at the end of a chunk may be the beginning of something that the next one ends. */
function splitTail(text: string, marks: readonly string[]): [whole: string, tail: string] {
  const longest = Math.max(...marks.map(mark => mark.length - 1))
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const tail = text.slice(-length)
    if (marks.some(mark => mark !== tail && mark.startsWith(tail))) return [text.slice(0, -length), tail]
  }
  return [text, '']
}

/**
 * What is typed, given on one line at a time: what is typed while an answer comes is neither shown in it nor lost, but
 * waits for its turn. Pasted lines are one question.
 */
export class Typing extends Readable {
  readonly isTTY = true
  private readonly keys: Keys
  private readonly decoder = new StringDecoder('utf8')
  private readonly onData = (data: Buffer): void => this.hear(this.decoder.write(data))
  /** What waits for its turn, in the order it was typed. */
  private ahead = ''
  private isOpen = false
  private isPasting = false
  private tail = ''
  private hasEnded = false
  /** Called for Ctrl-C while nothing is given on. */
  onInterrupt: () => void = () => undefined

  constructor(keys: Keys) {
    super()
    this.keys = keys
    keys.on('data', this.onData)
    keys.on('end', () => this.end())
  }
  get isRaw(): boolean {
    return this.keys.isRaw ?? false
  }
  setRawMode(raw: boolean): this {
    this.keys.setRawMode?.(raw)
    return this
  }
  override _read(): void {
    this.keys.resume()
  }
  /** Gives on the next line, as far as it is typed. */
  next(): void {
    this.isOpen = true
    this.give()
  }
  /** Ends listening: the terminal is others' again. */
  close(): void {
    this.keys.off('data', this.onData)
    this.keys.pause()
    this.end()
  }

  private end(): void {
    if (!this.hasEnded) this.push(null)
    this.hasEnded = true
  }

  private hear(chunk: string): void {
    let text = this.tail + chunk
    this.tail = ''
    while (text !== '') {
      const mark = this.isPasting ? paste.end : paste.begin
      const at = text.indexOf(mark)
      const [whole, tail] =
        at === -1 ? splitTail(text, this.isPasting ? [mark, '\r\n'] : [mark]) : [text.slice(0, at), '']
      this.add(this.isPasting ? pastedText(whole) : whole)
      if (at === -1) {
        this.tail = tail
        break
      }
      this.isPasting = !this.isPasting
      text = text.slice(at + mark.length)
    }
    this.give()
  }
  private add(text: string): void {
    const at = this.isOpen || this.isPasting ? -1 : text.lastIndexOf(interrupt)
    if (at !== -1) {
      // As terminals do: what was typed before it is dropped.
      this.ahead = text.slice(at + 1)
      this.onInterrupt()
      return
    }
    this.ahead = (this.ahead + text).slice(0, mostAhead)
  }
  private give(): void {
    if (!this.isOpen || this.ahead === '') return
    const end = /\r\n?|\n/.exec(this.ahead)
    const upTo = end === null ? this.ahead.length : end.index + end[0].length
    const line = this.ahead.slice(0, upTo)
    this.ahead = this.ahead.slice(upTo)
    if (end !== null) this.isOpen = false
    // Key by key: of several at once readline forgets over how many rows its line goes, and draws it twice.
    for (const [key] of line.matchAll(keys)) this.push(key)
  }
}

/** What is pasted, as it is edited: on one line, with nothing in it that a terminal would act upon. */
const pastedText = (text: string): string =>
  text
    .replaceAll(/\r\n?|\n/g, lineMark)
    .replaceAll('\t', '  ')
    .replaceAll(/\p{Cc}/gu, '')

/** A line as it was edited, as the question that it is. */
export const questionTyped = (line: string): string => line.replaceAll(lineMark, '\n').trim()
/** A question as it is edited. */
export const lineOf = (question: string): string => pastedText(question)

/** Has the terminal say what is pasted, until the function that it gives is called, or the process ends. */
export function hearPastes(output: Pick<NodeJS.WriteStream, 'write'>): () => void {
  if (process.env['TERM'] === 'dumb') return () => undefined
  output.write(pasting.on)
  const off = (): void => {
    process.off('exit', off)
    output.write(pasting.off)
  }
  process.on('exit', off)
  return off
}
