import type { SettingState, Settings } from '../../config/index.ts'
import { settingView } from '../contract/index.ts'
import type { SettingView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** What the schema allows in the file is no more than the contract has: else the table of settings is wrong. */
const view = ({ smallest: _smallest, unit, live, ...state }: SettingState): SettingView =>
  settingView.parse({ ...state, unit: unit ?? null, live: live === true })

export const settingHandlers = (settings: Settings): Pick<Handlers, 'settings' | 'changeSetting'> => ({
  settings: async () => ({ file: settings.file, settings: (await settings.view()).map(view) }),
  changeSetting: async ({ body: { path, value } }) => view(await settings.change(path, value))
})
