import type { Quota } from '../../protocol/wire/index.ts'

// How numbers of limits are written.

const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')

/** `512 KiB`, where it is a whole number of them. */
export function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10]
  ] as const)
    if (bytes >= size && bytes % size === 0) return `${grouped(bytes / size)} ${unit}`
  return grouped(bytes)
}

/** `20 s`, in the largest unit of which it is a whole number. */
export function timeText(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000]
  ] as const)
    if (ms >= size && ms % size === 0) return `${grouped(ms / size)} ${unit}`
  return `${grouped(ms)} ms`
}

export const countText = grouped

/** `20/s, 200 at once`; slow ones as the time from one to the next. */
export function quotaText({ perSecond, burst }: Quota): string {
  const pace = perSecond >= 1 ? `${grouped(perSecond)}/s` : `1 in ${timeText(Math.round(1000 / perSecond))}`
  return `${pace}, ${grouped(burst)} at once`
}

export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
