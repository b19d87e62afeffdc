import { useState } from 'react'
import { Button } from '../parts/button.tsx'
import { knownKey } from './key.ts'

/** The key of this page, for whoever wants to have it elsewhere too: shown when it is asked for. */
export function OwnKey() {
  const [isShown, setShown] = useState(false)
  const [isCopied, setCopied] = useState(false)
  const key = knownKey() ?? ''
  return (
    <div className="alone-form">
      {isShown ? <code className="alone-key">{key}</code> : null}
      <div>
        <Button look="quiet" onPress={() => setShown(!isShown)}>
          {isShown ? 'Hide the key' : 'Show the key'}
        </Button>
        {isShown ? (
          <Button
            look="quiet"
            onPress={() =>
              void navigator.clipboard.writeText(key).then(
                () => setCopied(true),
                () => undefined
              )
            }
          >
            {isCopied ? 'Copied' : 'Copy the key'}
          </Button>
        ) : null}
      </div>
    </div>
  )
}
