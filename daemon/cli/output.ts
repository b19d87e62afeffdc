import { stripVTControlCharacters } from 'node:util'
import { tokenText } from '../../protocol/primitives/index.ts'

/** Colours and bars are for people at a terminal that want them (https://no-color.org). */
const wanted = (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb'
const colour = process.stdout.isTTY && wanted
const paint =
  (code: number) =>
  (text: string): string =>
    colour ? `\x1b[${code}m${text}\x1b[0m` : text

/** A line on standard error, painted only where that is a terminal too. */
export const tell = (text: string): void => {
  console.error(process.stderr.isTTY ? text : stripVTControlCharacters(text))
}

/** ███████░░░ 70%, or the number alone where nobody looks. */
export function bar(done: number, total: number, width = 24): string {
  const share = total === 0 ? 0 : Math.min(1, done / total)
  const full = Math.round(share * width)
  const percent = `${Math.round(share * 100)}%`
  return process.stdout.isTTY ? `${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent.padStart(4)}` : percent
}
/** Between two moves of a bar. */
const moveMs = 200

/** A bar on standard error that moves where somebody looks, and nothing elsewhere. */
export function progress(what: string): { at(share: number): void; so(far: string): void; end(): void } {
  let last = 0
  const so = (far: string): void => {
    const now = Date.now()
    if (!process.stderr.isTTY || now - last < moveMs) return
    last = now
    process.stderr.write(`\r${what}  ${far}  `)
  }
  return {
    at: share => so(bar(share, 1)),
    so,
    end() {
      if (last > 0) process.stderr.write('\r\x1b[K')
    }
  }
}
export const bold = paint(1)
export const dim = paint(2)
export const green = paint(32)
export const red = paint(31)
export const yellow = paint(33)

/** JSON for programs: bigints as decimal strings, one document. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2))
}

const width = (text: string): number => stripVTControlCharacters(text).length

/** Columns padded to their widest cell; numbers (`right`) to the right. */
export function table(head: string[], rows: string[][], right: number[] = []): string {
  const widths = head.map((title, column) => Math.max(width(title), ...rows.map(cells => width(cells[column] ?? ''))))
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => {
        const space = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))
        return right.includes(column) ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd()
  return [dim(line(head)), ...rows.map(line)].join('\n')
}

/** Text from a peer, made safe for a terminal: control and direction characters are shown as a mark. */
export const safe = (text: string): string =>
  text.replace(/(?![\n\t])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '·')

export const short = (hex: string): string => (hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex)

/** 1 question, 2 questions */
export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** An amount of 18-decimal tokens for people: 1.2345 (never used where a program reads). */
export const tokens = (smallest: string | bigint, digits = 6): string => tokenText(BigInt(smallest), digits)

/** 45 s · 12 min · 5 h 20 min · 3 d 4 h */
export function duration(seconds: number): string {
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)]
  if (seconds < 120) return `${seconds} s`
  if (minutes < 120) return `${minutes} min`
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}
