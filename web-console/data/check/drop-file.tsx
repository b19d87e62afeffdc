import { useState } from 'react'
import { Button as AriaButton, DropZone, FileTrigger } from 'react-aria-components'
import { bytesText } from '../../formats/index.ts'
import { Notice } from '../../parts/index.ts'
import './check.css'

/** A file that was dropped or chosen, read. */
export interface LocalFile {
  readonly name: string
  readonly bytes: Uint8Array
}

interface DropFileProps {
  readonly label: string
  /** What kind of file, in a sentence. */
  readonly note: string
  readonly mostBytes: number
  readonly file: LocalFile | undefined
  readonly onFile: (file: LocalFile) => void
}

/** A place to drop a file, or to choose one. Nothing of it leaves the browser. */
export function DropFile({ label, note, mostBytes, file, onFile }: DropFileProps) {
  const [fault, setFault] = useState<string>()
  const take = async (chosen: File): Promise<void> => {
    if (chosen.size > mostBytes) {
      setFault(
        `${chosen.name} has ${bytesText(chosen.size)}; at most ${bytesText(mostBytes)} are taken at once. ` +
          'Split it into several files.'
      )
      return
    }
    setFault(undefined)
    onFile({ name: chosen.name, bytes: new Uint8Array(await chosen.arrayBuffer()) })
  }
  return (
    <div>
      <DropZone
        className="drop"
        onDrop={event => {
          const [first] = event.items.filter(item => item.kind === 'file')
          if (first !== undefined) void first.getFile().then(take)
        }}
      >
        <p className="drop-label">{file === undefined ? label : file.name}</p>
        <p className="drop-note">
          {file === undefined ? note : `${bytesText(file.bytes.length)}. Drop another to take its place.`}
        </p>
        <FileTrigger
          acceptedFileTypes={['.jsonl', '.ndjson', '.json', '.txt']}
          onSelect={files => {
            const [first] = files ?? []
            if (first !== undefined) void take(first)
          }}
        >
          <AriaButton className="button button-plain">Choose a file</AriaButton>
        </FileTrigger>
      </DropZone>
      {fault === undefined ? null : <Notice kind="wrong" title={fault} />}
    </div>
  )
}
