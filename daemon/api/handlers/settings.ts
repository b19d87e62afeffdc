import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { SettingState, Settings } from '../../config/index.ts'
import { settingView } from '../contract/index.ts'
import type { SettingView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** What the schema allows in the file is no more than the contract has: else the table of settings is wrong. */
const view = ({ smallest: _smallest, unit, live, ...state }: SettingState): SettingView =>
  settingView.parse({ ...state, unit: unit ?? null, live: live === true })

/** @param restart ends the daemon once the answer is out; undefined where nobody would start it again */
export const settingHandlers = (
  settings: Settings,
  restart: (() => void) | undefined
): Pick<Handlers, 'settings' | 'changeSetting' | 'restart'> => ({
  settings: async () => ({
    file: settings.file,
    settings: (await settings.view()).map(view),
    supervised: restart !== undefined
  }),
  changeSetting: async ({ body: { path, value } }) => view(await settings.change(path, value)),
  async restart() {
    if (restart === undefined)
      throw new InvalidError('daemon.unsupervised', 'nobody would start this daemon again', {
        help: 'End it with Ctrl-C or `tilth down --data DIR`, and start it as before: what is under way is taken up.'
      })
    restart()
    return {}
  }
})
