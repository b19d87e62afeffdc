import { useEffect, useState } from 'react'
import { Button as AriaButton, DropZone, FileTrigger } from 'react-aria-components'
import { bytesText } from '../../formats/index.ts'
import { Notice } from '../../parts/index.ts'
import type { LocalReading } from './read-local.ts'
import { readFileHere } from './use-check.ts'
import './check.css'

const fileTypes = '.jsonl .ndjson .json .csv .tsv .parquet .txt .md .pdf .docx .gz .zst'.split(' ')

/** A file that was dropped or chosen, read: its rows as lines, whatever form it has. */
export interface LocalFile {
  readonly name: string
  readonly bytes: Uint8Array
  /** How it was read, and the file itself, to be read in another way; of rows that are taken up again neither. */
  readonly reading?: LocalReading
  readonly source?: File
}

/** Rows that are looked at: as many as any Datanet takes, and one. */
const mostRows = 100_001

interface DropFileProps {
  readonly label: string
  /** What kind of file, in a sentence. */
  readonly note: string
  /** Of its rows as they would be sent; what comes after so much is not looked at. */
  readonly mostBytes: number
  readonly file: LocalFile | undefined
  /** Which column is what: `prompt=question,response=answer`; by the usual names unless given. */
  readonly map?: string
  /** Another file is about to be read. */
  readonly onChoose?: () => void
  readonly onFile: (file: LocalFile) => void
}

/** A place to drop a file, or to choose one. Nothing of it leaves the browser. */
export function DropFile({ label, note, mostBytes, file, map = '', onChoose, onFile }: DropFileProps) {
  const [fault, setFault] = useState<string>()
  const [chosen, setChosen] = useState<File>()
  const [share, setShare] = useState<number>()
  const take = (next: File): void => {
    onChoose?.()
    setChosen(next)
  }
  useEffect(() => {
    if (chosen === undefined) return undefined
    setFault(undefined)
    setShare(0)
    return readFileHere(
      chosen,
      map,
      { mostRows, mostBytes },
      {
        share: setShare,
        read: ({ bytes, reading }) => {
          setShare(undefined)
          onFile({ name: chosen.name, bytes, reading, source: chosen })
        },
        failed: message => {
          setShare(undefined)
          setFault(`${chosen.name}: ${message}`)
        }
      }
    )
  }, [chosen, map, mostBytes])
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
        <p className="drop-note" aria-live="polite">
          {share !== undefined
            ? `Reading it: ${Math.round(share * 100)}%`
            : file === undefined
              ? note
              : `${bytesText(file.source?.size ?? file.bytes.length)}. Drop another to take its place.`}
        </p>
        <FileTrigger
          acceptedFileTypes={fileTypes}
          onSelect={files => {
            const [first] = files ?? []
            if (first !== undefined) take(first)
          }}
        >
          <AriaButton className="button button-plain">Choose a file</AriaButton>
        </FileTrigger>
      </DropZone>
      {fault === undefined ? null : <Notice kind="wrong" title={fault} />}
    </div>
  )
}
