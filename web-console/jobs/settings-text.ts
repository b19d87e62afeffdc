import { settingsFile } from '../../protocol/jobs/settings-file.ts'
import type { SettingsFile } from '../../protocol/jobs/settings-file.ts'
import { TilthError } from '../../protocol/primitives/errors.ts'
import { readAs } from '../../protocol/primitives/index.ts'

/** Settings as the file that `tilth tune --settings` takes. */
export const settingsText = (settings: SettingsFile): string => `${JSON.stringify(settings, null, 2)}\n`

/** What a file says, or what is wrong with it, in words. */
export function readSettings(text: string): { readonly settings: SettingsFile } | { readonly fault: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { fault: 'This file is not JSON. Take one that was saved here, or that the command line reads.' }
  }
  try {
    return { settings: readAs(settingsFile, value, 'request.invalid') }
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return { fault: `This file does not hold training settings: ${error.message}.` }
  }
}

/** Hands the file to the browser's downloads. */
export function saveSettings(settings: SettingsFile): void {
  const url = URL.createObjectURL(new Blob([settingsText(settings)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'settings.json'
  link.click()
  URL.revokeObjectURL(url)
}
