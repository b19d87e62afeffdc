import { useState } from 'react'
import { Button, Dialog, LongField } from '../../parts/index.ts'
import { readLine } from './use-check.ts'

/** More than this is not written anew by hand. */
const mostMended = 20_000

interface MendLineProps {
  readonly line: number
  readonly bytes: Uint8Array
  /** What stands in the file, where that is no row. */
  readonly raw: string | undefined
  readonly onEdit: (line: number, text: string | null) => void
}

/** Writes a line anew, or leaves it out; the file on disk stays as it is. */
export function MendLine({ line, bytes, raw, onEdit }: MendLineProps) {
  const [text, setText] = useState<string>()
  const close = (): void => {
    setText(undefined)
  }
  const open = async (): Promise<void> => {
    setText(raw ?? (await readLine(bytes, line)))
  }
  const isLong = (text?.length ?? 0) > mostMended
  return (
    <span className="mend">
      <Button look="quiet" onPress={() => void open()}>
        Mend line {line}
      </Button>
      <Button
        look="quiet"
        onPress={() => {
          onEdit(line, null)
        }}
      >
        Leave it out
      </Button>
      <Dialog
        title={`Mend line ${line}`}
        isOpen={text !== undefined}
        close={close}
        actions={
          <>
            <Button onPress={close}>Keep it as it was</Button>
            <Button
              look="main"
              isDisabled={isLong}
              onPress={() => {
                onEdit(line, text ?? null)
                close()
              }}
            >
              Check it again
            </Button>
          </>
        }
      >
        {isLong ? (
          <p>This line has {text?.length} characters: mend it in the file, or leave it out.</p>
        ) : (
          <LongField
            label="The line"
            note={
              'One row: {"prompt": "…", "response": "…"} or {"messages": [{"role": "…", "content": "…"}, …]}. ' +
              'Only what is sent changes, not your file.'
            }
            rows={6}
            value={text ?? ''}
            onChange={setText}
          />
        )}
      </Dialog>
    </span>
  )
}
