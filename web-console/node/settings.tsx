import { useState } from 'react'
import type { SettingView } from '../../daemon/api/contract/index.ts'
import { useAct, useCall } from '../api/index.ts'
import { manyText } from '../formats/index.ts'
import { Button, Confirm, Failure, Notice, Read, Section } from '../parts/index.ts'
import { SettingField } from './setting.tsx'
import './settings.css'

const groups: readonly { readonly id: SettingView['group']; readonly title: string; readonly note: string }[] = [
  {
    id: 'work',
    title: 'Work and prices',
    note: 'For a node that trains and answers: what it takes on, when, and for how much.'
  },
  { id: 'spending', title: 'Questions', note: 'What answers may cost, and whose models are asked by name.' },
  { id: 'disk', title: 'Disk and bandwidth', note: 'What this node may use of the machine for others.' },
  {
    id: 'automation',
    title: 'What it does by itself',
    note: 'Each step can be left to you. What is switched off waits until somebody does it by hand.'
  },
  { id: 'network', title: 'Network', note: 'What this node is for others, and how they find it.' },
  { id: 'log', title: 'Log', note: 'What is written down.' }
]

/** Starting anew: by a button where somebody starts the daemon again, else by hand, in words. */
function Restart({ isSupervised }: { readonly isSupervised: boolean }) {
  const restart = useAct('restart')
  const [isAsked, setAsked] = useState(false)
  if (!isSupervised)
    return (
      <p className="settings-restart">
        To start it again: end it with Ctrl-C, or with <code>tilth down</code> and its folder, and start it as before.
      </p>
    )
  return (
    <div className="settings-restart">
      <Button onPress={() => setAsked(true)}>Start this daemon again</Button>
      {restart.isSuccess ? <span role="status">It ends, and is started again in a moment.</span> : null}
      <Confirm
        title="Start this daemon again?"
        isOpen={isAsked}
        close={() => setAsked(false)}
        act="Start it again"
        isBusy={restart.isPending}
        onAct={() => restart.mutate({}, { onSuccess: () => setAsked(false) })}
      >
        <p>
          It is away for some seconds. Answers and trainings under way are taken up again, and this page goes on by
          itself.
        </p>
        {restart.error === null ? null : <Failure error={restart.error} />}
      </Confirm>
    </div>
  )
}

/** The configuration file, as a form: each setting is written by itself, and refused in words where it cannot be. */
export function SettingsForm() {
  const settings = useCall('settings')
  return (
    <Read from={settings} what="the settings">
      {({ file, settings: all, supervised }) => {
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
              <Restart isSupervised={supervised} />
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
