import { smallestOf } from '../../formats/index.ts'

/** How to ask. */
export interface AskSettings {
  readonly system: string
  readonly maxTokens: number
  readonly temperature: number
  readonly topP: number
  /** In the token's smallest unit; undefined: whatever it costs. */
  readonly maxPrice?: string | undefined
  readonly isPrivate: boolean
}

export const usualSettings: AskSettings = { system: '', maxTokens: 256, temperature: 0, topP: 1, isPrivate: false }

/** Settings as they are typed, so that what is wrong can be said beside it. */
export interface SettingsForm {
  readonly system: string
  readonly maxTokens: string
  readonly temperature: string
  readonly topP: string
  readonly maxPrice: string
  readonly isPrivate: boolean
}

export const usualForm: SettingsForm = {
  system: usualSettings.system,
  maxTokens: String(usualSettings.maxTokens),
  temperature: String(usualSettings.temperature),
  topP: String(usualSettings.topP),
  maxPrice: '',
  isPrivate: usualSettings.isPrivate
}

export type Faults = Partial<Record<keyof SettingsForm, string>>

/** What is wrong with each field, in a sentence. */
export function faultsOf({ system, maxTokens, temperature, topP, maxPrice }: SettingsForm): Faults {
  const within = (text: string, least: number, most: number): boolean =>
    text.trim() !== '' && Number(text) >= least && Number(text) <= most
  return {
    ...(system.length <= 8000 ? {} : { system: 'At most 8,000 characters.' }),
    ...(Number.isInteger(Number(maxTokens)) && within(maxTokens, 1, 4096)
      ? {}
      : { maxTokens: 'A whole number from 1 to 4096.' }),
    ...(within(temperature, 0, 5) ? {} : { temperature: 'A number from 0 to 5.' }),
    ...(within(topP, 0.0001, 1) ? {} : { topP: 'A number above 0, up to 1.' }),
    ...(maxPrice.trim() === '' || smallestOf(maxPrice) !== undefined
      ? {}
      : { maxPrice: 'A number of TILTH such as 0.01, or nothing.' })
  }
}

/** What is asked with; a field that is wrong counts as left alone. */
export function settingsOf(form: SettingsForm): AskSettings {
  const faults = faultsOf(form)
  const number = (field: 'maxTokens' | 'temperature' | 'topP'): number =>
    faults[field] === undefined ? Number(form[field]) : usualSettings[field]
  const price = form.maxPrice.trim() === '' ? undefined : smallestOf(form.maxPrice)
  return {
    system: faults.system === undefined ? form.system : '',
    maxTokens: number('maxTokens'),
    temperature: number('temperature'),
    topP: number('topP'),
    isPrivate: form.isPrivate,
    ...(price === undefined ? {} : { maxPrice: price.toString() })
  }
}
