import { useState } from 'react'
import { FileTrigger } from 'react-aria-components'
import type { SettingsFile } from '../../../protocol/jobs/settings-file.ts'
import { Button, Notice } from '../../parts/index.ts'
import { readSettings, saveSettings } from '../settings-text.ts'

/** A settings file holds some hundred bytes; what is larger is another file. */
const mostBytes = 64_000

interface FilesProps {
  readonly settings: SettingsFile
  readonly onLoad: (settings: SettingsFile) => void
}

/** Settings to a file and from one: the same that `tilth tune --settings` takes. */
export function SettingsFiles({ settings, onLoad }: FilesProps) {
  const [said, setSaid] = useState<{ title: string; isWrong: boolean }>()
  const load = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return
    const read =
      file.size > mostBytes ? { fault: 'This file is too large for settings.' } : readSettings(await file.text())
    if ('fault' in read) return setSaid({ title: read.fault, isWrong: true })
    setSaid({ title: `The settings of ${file.name} are taken.`, isWrong: false })
    onLoad(read.settings)
  }
  return (
    <div className="choices">
      <p className="wizard-line">
        <Button onPress={() => saveSettings(settings)}>Save as a file</Button>
        <FileTrigger acceptedFileTypes={['application/json', '.json']} onSelect={files => void load(files?.[0])}>
          <Button>Load a file</Button>
        </FileTrigger>
        <span className="choice-note">
          The file is the one of <code>tilth tune --settings</code>.
        </span>
      </p>
      {said === undefined ? null : <Notice kind={said.isWrong ? 'wrong' : 'plain'} title={said.title} />}
    </div>
  )
}
