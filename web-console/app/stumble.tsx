import type { ErrorComponentProps } from '@tanstack/react-router'
import { Button, Failure, Page } from '../parts/index.ts'

/** When a page itself fails: what was stored stays as it is, and the rest of the console goes on. */
export function Stumble({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page stumbled" lead="Nothing of yours is lost: what you sent is with the daemon.">
      <Failure error={error instanceof Error ? error : new TypeError(String(error))} />
      <p>
        <Button onPress={reset}>Show it again</Button>
      </p>
    </Page>
  )
}
