import type { JudgedRules } from '../../../protocol/data/checks.ts'
import { bytesText, countText, manyText, shareText } from '../../formats/index.ts'
import type { CheckedFile } from '../check/check.ts'
import type { FormField } from './form.ts'

export interface Effect {
  readonly text: string
  /** Whether the example would be refused by it. */
  readonly refuses: boolean
}

/** What each rule would do to an example file, in words. */
export function effectsOn(checked: CheckedFile, rules: JudgedRules): Partial<Record<FormField, Effect>> {
  const { lines, bytes, own } = checked
  const count = (...codes: string[]): number => lines.filter(({ code }) => codes.includes(code)).length
  const repeats = count('near-duplicate')
  const same = count('duplicate')
  const isLarge = bytes > rules.maxBytes
  const isMany = lines.length > rules.maxRows
  const judged = lines.length - repeats - same
  const share = judged === 0 ? 0 : own / judged
  const isJudged = !isLarge && !isMany
  return {
    maxRows: {
      text: isMany
        ? `Your example has more than ${manyText(rules.maxRows, 'row')}: it would be refused whole.`
        : `Your example has ${manyText(lines.length, 'row')}: it fits.`,
      refuses: isMany
    },
    maxMegabytes: {
      text: `Your example has ${bytesText(bytes)}: ${isLarge ? 'it would be refused whole.' : 'it fits.'}`,
      refuses: isLarge
    },
    uploadsPerContributor: {
      text:
        `One account could give ${countText(rules.uploadsPerContributor)} files like it: ` +
        `${manyText(own * rules.uploadsPerContributor, 'row')} at most.`,
      refuses: false
    },
    ...(isJudged
      ? {
          minOwnShare: {
            text:
              `${countText(own)} of its ${manyText(judged, 'row')} that repeat none are good, ${shareText(share)}: ` +
              `it would be ${checked.accept ? 'accepted' : 'refused whole'}.`,
            refuses: !checked.accept
          },
          nearDuplicate: {
            text: `Repeats of another row: ${countText(same)} to the letter, ${countText(repeats)} but for slips.`,
            refuses: false
          }
        }
      : {})
  }
}

/** How many rows of the example ask a held-out question. */
export function leaksIn({ lines }: CheckedFile): Effect {
  const leaks = lines.filter(({ code }) => code === 'held-out').length
  return {
    text:
      leaks === 0
        ? 'No row of your example asks one of them.'
        : `Of your example ${manyText(leaks, 'row')} would bring nothing for asking one of them.`,
    refuses: leaks > 0
  }
}
