import type { SettingView } from '../../daemon/api/contract/index.ts'
import { useCall } from '../api/index.ts'
import { manyText } from '../formats/index.ts'
import { Notice, Read, Section } from '../parts/index.ts'
import { SettingField } from './setting.tsx'
import './settings.css'

const groups: readonly { readonly id: SettingView['group']; readonly title: string; readonly note: string }[] = [
  {
    id: 'work',
    title: 'Work and prices',
    note: 'For a node that trains and answers: what it takes on, when, and for how much.'
  },
  { id: 'disk', title: 'Disk and bandwidth', note: 'What this node may use of the machine for others.' },
  {
    id: 'automation',
    title: 'What it does by itself',
    note: 'Each step can be left to you. What is switched off waits until somebody does it by hand.'
  },
  { id: 'network', title: 'Network', note: 'What this node is for others, and how they find it.' },
  { id: 'log', title: 'Log', note: 'What is written down.' }
]

/** The configuration file, as a form: each setting is written by itself, and refused in words where it cannot be. */
export function SettingsForm() {
  const settings = useCall('settings')
  return (
    <Read from={settings} what="the settings">
      {({ file, settings: all }) => {
        const pending = all.filter(one => one.pending).length
        return (
          <>
            <div className="settings-file">
              {pending === 0 ? (
                <p>
                  Kept in <code>{file}</code>. What is marked “from now on” holds at once, the rest from the next start.
                </p>
              ) : (
                <Notice title={`${manyText(pending, 'change')} will hold from the next start.`}>
                  <p>
                    Written to <code>{file}</code>. Start this daemon again when it suits you: what is under way is
                    taken up again.
                  </p>
                </Notice>
              )}
            </div>
            {groups.map(({ id, title, note }) => (
              <Section key={id} title={title} note={note}>
                <div className="settings">
                  {all
                    .filter(({ group }) => group === id)
                    .map(setting => (
                      <SettingField key={setting.path} setting={setting} />
                    ))}
                </div>
              </Section>
            ))}
          </>
        )
      }}
    </Read>
  )
}
