import type { SettingView } from '../../daemon/api/contract/index.ts'
import { countText } from '../formats/index.ts'

type Value = SettingView['value']

/** A value as a person writes it: a list by lines. */
export function textOf(value: Value): string {
  if (value === null) return ''
  return Array.isArray(value) ? value.join('\n') : String(value)
}

/**
 * What was written as the file has it; empty: taken out, so that what is usual holds.
 * @returns a fault in words where it can be told here; everything else the daemon tells
 */
export function readText(
  { kind, least, most }: Pick<SettingView, 'kind' | 'least' | 'most'>,
  text: string
): { readonly value: Value } | { readonly fault: string } {
  const trimmed = text.trim()
  if (kind === 'list')
    return {
      value: trimmed
        .split('\n')
        .map(line => line.trim())
        .filter(line => line !== '')
    }
  if (trimmed === '') return { value: null }
  if (kind !== 'number') return { value: trimmed }
  const number = Number(trimmed)
  if (!/^[0-9]+(\.[0-9]+)?$/.test(trimmed) || !Number.isFinite(number)) return { fault: 'This is a number, such as 8.' }
  if (least !== null && number < least) return { fault: `At least ${least}.` }
  if (most !== null && number > most) return { fault: `At most ${most}.` }
  return { value: number }
}

/** Whether a unit says more than the name of the setting does: what is counted stands in the name. */
export const measured = (unit: string | null): unit is string =>
  unit !== null && !['answers', 'rows', 'threads', 'parameters'].includes(unit)

const valueText = (value: Exclude<Value, null>): string =>
  typeof value === 'number' ? countText(value) : Array.isArray(value) ? value.join(', ') : String(value)

/** What holds where nothing is said, in words. */
export function usualText({ usual, unit }: Pick<SettingView, 'usual' | 'unit'>): string {
  if (usual === null || (Array.isArray(usual) && usual.length === 0)) return ''
  const text = usual === true ? 'on' : usual === false ? 'off' : valueText(usual)
  return `Usually ${text}${unit === null || typeof usual === 'boolean' ? '' : ` ${unit}`}.`
}
