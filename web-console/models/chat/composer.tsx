import { useState } from 'react'
import type { ReactNode } from 'react'
import { TextArea, TextField } from 'react-aria-components'
import { Button } from '../../parts/index.ts'

const mostCharacters = 8_000

interface ComposerProps {
  readonly label: string
  readonly act: string
  readonly start?: string
  readonly isBusy?: boolean
  readonly onSay: (text: string) => void
  readonly onLeave?: () => void
  readonly children?: ReactNode
}

/** Where one writes: Enter sends, Shift and Enter begin a new line. */
export function Composer({ label, act, start = '', isBusy = false, onSay, onLeave, children }: ComposerProps) {
  const [text, setText] = useState(start)
  const isLong = text.length > mostCharacters
  const canSay = text.trim() !== '' && !isLong && !isBusy
  const say = (): void => {
    if (!canSay) return
    onSay(text.trim())
    setText('')
  }
  return (
    <form
      className="composer"
      onSubmit={event => {
        event.preventDefault()
        say()
      }}
    >
      <TextField aria-label={label} value={text} onChange={setText} isInvalid={isLong} autoFocus={start !== ''}>
        <TextArea
          className="composer-text"
          placeholder={label}
          rows={Math.min(8, Math.max(2, text.split('\n').length))}
          onKeyDown={event => {
            // A composition of characters is confirmed by Enter too.
            if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault()
              say()
            }
            if (event.key === 'Escape') onLeave?.()
          }}
        />
      </TextField>
      <div className="composer-row">
        {children}
        {isLong ? <span className="composer-fault">At most 8,000 characters in one message.</span> : null}
        {onLeave === undefined ? null : (
          <Button look="quiet" onPress={onLeave}>
            Leave it
          </Button>
        )}
        <Button look="main" type="submit" isDisabled={!canSay}>
          {act}
        </Button>
      </div>
    </form>
  )
}
